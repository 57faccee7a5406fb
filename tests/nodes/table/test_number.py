from __future__ import annotations

import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.nodes.table.number import number


def test_by_column_and_row(table):
    assert number(table, "psnr") == 30
    assert number(table, "psnr", -1) == 40
    assert number(table, row=1) == 25 and isinstance(number(table, row=1), float)


@pytest.mark.parametrize(("column", "row"), [("name", 0), ("psnr", 2), ("psnr", 5), ("", 2), ("ssim", 0)])
def test_no_number_there(table, column, row):
    with pytest.raises(NodeError):
        number(table, column, row)
