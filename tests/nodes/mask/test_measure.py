from __future__ import annotations

import numpy as np

from meshloom.graph_runtime.types import Mask
from meshloom.nodes.mask.measure import measure


def test_area_parts_and_box(boxed):
    result = measure(boxed((5, 10, 15, 20), (30, 30, 32, 31)))
    assert result.area == 102
    assert result.share == 102 / (40 * 48)
    row = dict(zip(result.table.columns, result.table.rows[0], strict=True))
    assert (row["name"], row["parts"]) == ("photo.png", 2)
    assert (row["left"], row["top"], row["width"], row["height"]) == (5, 10, 27, 21)


def test_nothing_and_soft():
    assert measure(Mask(np.zeros((4, 4), np.float32))).table.rows[0][3:] == (0, None, None, None, None)
    assert measure(Mask(np.full((4, 4), 0.25, np.float32))).area == 4
