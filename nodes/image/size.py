from __future__ import annotations

from typing import NamedTuple

from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import Image


class Size(NamedTuple):
    """
    width: columns of pixels
    height: rows of pixels
    channels: 1 grey, 3 RGB, 4 RGB and alpha
    name: of the file it came from
    """

    width: int
    height: int
    channels: int
    name: str


@node("Size", aliases=("width", "height", "info", "resolution", "dimensions"))
def size(image: Image) -> Size:
    """Tell the picture's width, height, number of channels and name."""
    return Size(image.width, image.height, int(image.pixels.shape[2]), image.name)
