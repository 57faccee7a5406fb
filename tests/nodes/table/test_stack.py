from __future__ import annotations

import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Table
from meshloom.nodes.table.stack import stack

A = Table(("x", "y"), ((1, 2), (3, 4)))
B = Table(("y", "z"), ((5, 6),))


def test_columns_are_matched_by_name():
    assert stack([A, B]).columns == ("x", "y", "z")
    assert stack([A, B]).rows == ((1, 2, None), (3, 4, None), (None, 5, 6))
    assert stack([A]).rows == A.rows


def test_counted():
    result = stack([A, B], "table")
    assert result.columns[0] == "table"
    assert [row[0] for row in result.rows] == [0, 0, 1]
    with pytest.raises(NodeError, match="already"):
        stack([A], "x")


def test_no_tables():
    with pytest.raises(NodeError, match="no tables"):
        stack([])
