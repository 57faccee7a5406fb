from __future__ import annotations

import numpy as np

from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import Mask
from meshloom.nodes.mask._masks import clean


@node("Invert", aliases=("complement", "not"))
def invert(mask: Mask) -> Mask:
    """Select what was not selected."""
    return Mask(np.float32(1) - clean(mask), mask.name)
