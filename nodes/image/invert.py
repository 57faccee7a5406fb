from __future__ import annotations

import numpy as np

from meshloom.graph_runtime.spec import Run, node
from meshloom.graph_runtime.types import Image
from meshloom.nodes.image._pixels import pointwise


@node("Invert", aliases=("negative", "complement"))
def invert(image: Image, *, run: Run) -> Image:
    """Make a negative: 1 - value of the stored colours.

    Alpha is kept. HDR values above white become negative, so that inverting twice gives the picture again.
    """
    return pointwise(image, lambda colours: np.float32(1) - colours, run, "inverting")
