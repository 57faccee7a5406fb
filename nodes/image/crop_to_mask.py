from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Range, Slider, node
from meshloom.graph_runtime.types import Image, Mask
from meshloom.nodes.image._pixels import check_same_size


class Cropped(NamedTuple):
    """
    image: the part of the picture around what is selected
    mask: the same part of the mask
    left: first column kept, to put the part back with image.composite
    top: first row kept
    """

    image: Image
    mask: Mask
    left: int
    top: int


@node("Crop to mask", aliases=("bounding box", "trim", "auto crop"))
def crop_to_mask(
    image: Image,
    mask: Mask,
    margin: Annotated[int, Range(0, unit="px")] = 0,
    threshold: Annotated[float, Slider(0, 1)] = 0.01,
) -> Cropped:
    """Keep the smallest rectangle that holds all that the mask selects.

    margin: extra pixels on every side, as far as the picture goes
    threshold: coverage above which a pixel counts as selected
    """
    check_same_size(image, mask, "the picture", "the mask")
    selected = mask.coverage > threshold
    if not selected.any():
        raise NodeError(
            f"the mask selects nothing above {threshold:g}, so there is nothing to crop to",
            hint="look at the mask, or lower the threshold",
        )
    rows, columns = np.flatnonzero(selected.any(axis=1)), np.flatnonzero(selected.any(axis=0))
    top, left = max(0, int(rows[0]) - margin), max(0, int(columns[0]) - margin)
    window = slice(top, int(rows[-1]) + 1 + margin), slice(left, int(columns[-1]) + 1 + margin)
    return Cropped(
        Image(image.pixels[window], image.name, image.focal_px),
        Mask(mask.coverage[window], mask.name),
        left,
        top,
    )
