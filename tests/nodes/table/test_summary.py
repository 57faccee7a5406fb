from __future__ import annotations

import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Table
from meshloom.nodes.table.summary import summary


def test_of_all_rows(table):
    result = summary(table)
    assert result.columns == ("column", "count", "mean", "std", "min", "median", "max")
    ((name, count, *rest),) = result.rows
    assert (name, count) == ("psnr", 3)
    assert rest == pytest.approx([95 / 3, 7.637626, 25, 30, 40])


def test_by_group(table):
    result = summary(table, "group")
    assert [(row[0], row[1], row[2], row[3], row[4]) for row in result.rows] == [
        ("a", "psnr", 1, 30, None),
        ("b", "psnr", 1, 25, None),
        (None, "psnr", 1, 40, None),
    ]


def test_no_numbers():
    with pytest.raises(NodeError, match="no column holds numbers"):
        summary(Table(("name",), (("a",),)))
