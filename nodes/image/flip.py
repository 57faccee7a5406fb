from __future__ import annotations

from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import Image


@node("Flip", aliases=("mirror", "reflect"))
def flip(image: Image, horizontal: bool = True, vertical: bool = False) -> Image:
    """Mirror the picture.

    horizontal: left becomes right
    vertical: top becomes bottom
    """
    pixels = image.pixels[:: -1 if vertical else 1, :: -1 if horizontal else 1]
    return Image(pixels, image.name, image.focal_px)
