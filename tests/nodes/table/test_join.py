from __future__ import annotations

import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Table
from meshloom.nodes.table.join import join

LEFT = Table(("name", "psnr"), (("a", 1), ("b", 2), ("c", 3)))
RIGHT = Table(("psnr", "name", "time"), ((9, "b", 0.5), (8, "b", 0.6), (7, "z", 0.7)))


def test_rows_that_agree():
    result = join(LEFT, RIGHT)
    assert result.columns == ("name", "psnr", "psnr (2)", "time")
    assert result.rows == (("b", 2, 9, 0.5), ("b", 2, 8, 0.6))


def test_rows_that_stay_without_a_partner():
    assert join(LEFT, RIGHT, rows="all of first").rows == (
        ("a", 1, None, None),
        ("b", 2, 9, 0.5),
        ("b", 2, 8, 0.6),
        ("c", 3, None, None),
    )
    assert join(LEFT, RIGHT, rows="all").rows[-1] == ("z", None, 7, 0.7)


def test_a_column_that_is_not_there():
    with pytest.raises(NodeError, match="no column 'time'"):
        join(LEFT, RIGHT, on="time")
