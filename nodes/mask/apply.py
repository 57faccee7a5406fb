from __future__ import annotations

from typing import Literal

import numpy as np

from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import Image, Mask
from meshloom.nodes.mask._masks import check_same_size, clean


@node("Apply", aliases=("alpha", "cut out", "set alpha", "transparency", "stencil"))
def apply(image: Image, mask: Mask, how: Literal["multiply", "replace"] = "multiply") -> Image:
    """Make what the mask does not select transparent. Colours are kept, also under full transparency.

    how: "multiply" with the alpha that the picture has, or "replace" it
    """
    check_same_size(image, mask, "the picture", "the mask")
    alpha = clean(mask)
    pixels = image.pixels
    if how == "multiply" and pixels.shape[2] == 4:
        alpha = alpha * image.as_float()[:, :, 3]
    if pixels.dtype == np.uint8:
        stored = (np.clip(alpha, 0, 1) * 255 + 0.5).astype(np.uint8)
    else:
        stored = alpha.astype(np.float32)
    return Image(np.dstack([image.rgb(), stored]), image.name, image.focal_px)
