from __future__ import annotations

from typing import Literal

import numpy as np

from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import Mask
from meshloom.nodes.mask._masks import check_same_size, clean


@node("Combine", aliases=("union", "intersect", "subtract", "xor", "and", "or", "add", "boolean"))
def combine(
    first: Mask, second: Mask, how: Literal["union", "intersection", "difference", "exclusive"] = "union"
) -> Mask:
    """Make one selection of two of the same size; soft edges stay soft.

    how: "union" what either selects, "intersection" what both do, "difference" what first selects and
      second does not, "exclusive" what exactly one selects
    """
    check_same_size(first, second, "the first mask", "the second")
    a, b = clean(first), clean(second)
    if how == "union":
        both = np.maximum(a, b)
    elif how == "intersection":
        both = np.minimum(a, b)
    elif how == "difference":
        both = np.minimum(a, 1 - b)
    else:
        both = np.abs(a - b)
    return Mask(both.astype(np.float32), first.name)
