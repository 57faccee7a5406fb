from __future__ import annotations

from typing import Annotated

from meshloom.graph_runtime.spec import NodeError, Range, node
from meshloom.graph_runtime.types import Image


@node("Crop", aliases=("cut", "trim", "region"))
def crop(
    image: Image,
    left: Annotated[int, Range(0, unit="px")] = 0,
    top: Annotated[int, Range(0, unit="px")] = 0,
    width: Annotated[int, Range(0, unit="px")] = 0,
    height: Annotated[int, Range(0, unit="px")] = 0,
) -> Image:
    """Keep a rectangle of the picture.

    The focal length stays; note that a crop off the middle moves the optical axis off the middle too.

    left: first column kept, counted from 0
    top: first row kept, counted from 0
    width: columns kept; 0 = up to the right edge
    height: rows kept; 0 = down to the bottom edge
    """
    right = left + width if width else image.width
    bottom = top + height if height else image.height
    if left >= image.width or top >= image.height or right > image.width or bottom > image.height:
        raise NodeError(
            f"columns {left} to {right} and rows {top} to {bottom} do not lie inside the picture of "
            f"{image.width} x {image.height} pixels",
            hint="choose a smaller rectangle, or make room with image.pad first",
        )
    return Image(image.pixels[top:bottom, left:right], image.name, image.focal_px)
