from __future__ import annotations

from typing import NamedTuple

import numpy as np

from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import Mask, Table
from meshloom.nodes.mask._masks import clean


class Measures(NamedTuple):
    """
    table: one row: name, share, area, parts, and the box around what is selected
    share: of the picture that is selected, 0..1
    area: selected, in pixels
    """

    table: Table
    share: float
    area: float


@node("Measure", aliases=("area", "coverage", "bounding box", "count", "statistics"))
def measure(mask: Mask) -> Measures:
    """Tell how much is selected, in how many parts, and where. Soft pixels count by their coverage.

    Parts and box are of coverage above one half; the box is left, top, width, height in pixels, empty
    without any.
    """
    from scipy.ndimage import label

    coverage = clean(mask)
    area = float(coverage.sum(dtype=np.float64))
    share = area / coverage.size
    selected = coverage > 0.5
    parts = label(selected, np.ones((3, 3)))[1]
    box: tuple[int | None, ...] = (None, None, None, None)
    if selected.any():
        rows, columns = np.flatnonzero(selected.any(axis=1)), np.flatnonzero(selected.any(axis=0))
        box = (
            int(columns[0]),
            int(rows[0]),
            int(columns[-1] - columns[0] + 1),
            int(rows[-1] - rows[0] + 1),
        )
    names = ("name", "share", "area", "parts", "left", "top", "width", "height")
    return Measures(Table(names, ((mask.name, share, area, parts, *box),)), share, area)
