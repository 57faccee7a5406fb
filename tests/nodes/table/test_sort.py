from __future__ import annotations

import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.nodes.table.sort import sort


def names(table) -> list[str]:
    return [row[0] for row in table.rows]


def test_numbers_with_empty_cells_last(table):
    assert names(sort(table, "psnr")) == ["img2", "img10", "other", "Img1", "img3"]
    assert names(sort(table, "psnr", descending=True)) == ["other", "img10", "img2", "Img1", "img3"]
    assert names(sort(table, "psnr", descending=True, count=1)) == ["other"]


def test_names_as_people_count(table):
    assert names(sort(table, "name")) == ["Img1", "img2", "img3", "img10", "other"]


def test_equal_rows_keep_their_order(table):
    assert names(sort(table, "group")) == ["img10", "Img1", "img2", "img3", "other"]


def test_no_such_column(table):
    with pytest.raises(NodeError, match="no column"):
        sort(table, "ssim")
