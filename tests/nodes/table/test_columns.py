from __future__ import annotations

import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.nodes.table.columns import columns


def test_choose_order_and_rename(table):
    result = columns(table, ("psnr", "name"), ("PSNR (dB)",))
    assert result.columns == ("PSNR (dB)", "name")
    assert result.rows[0] == (30.0, "img10")
    assert columns(table).rows == table.rows


def test_refusals(table):
    with pytest.raises(NodeError, match="no column"):
        columns(table, ("ssim",))
    with pytest.raises(NodeError, match="same name"):
        columns(table, ("psnr", "name"), ("name",))
    with pytest.raises(NodeError, match="2 names for 1"):
        columns(table, ("psnr",), ("a", "b"))
