from __future__ import annotations

import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.nodes.table.filter import filter


@pytest.mark.parametrize(
    ("column", "relation", "value", "names"),
    [
        ("psnr", "more than", "25", ["img10", "other"]),
        ("psnr", "at least", "25.0", ["img10", "img2", "other"]),
        ("psnr", "less than", "30", ["img2"]),
        ("psnr", "at most", "30", ["img10", "img2"]),
        ("psnr", "equal to", "25.0", ["img2"]),
        ("psnr", "not equal to", "25", ["img10", "Img1", "img3", "other"]),
        ("psnr", "is empty", "", ["Img1", "img3"]),
        ("group", "is not empty", "", ["img10", "img2", "Img1", "img3"]),
        ("group", "equal to", "b", ["img2", "img3"]),
        ("name", "contains", "IMG", ["img10", "img2", "Img1", "img3"]),
        ("name", "matches", "^img[0-9]$", ["img2", "img3"]),
        ("name", "less than", "img3", ["img2", "Img1"]),
    ],
)
def test_relations(table, column, relation, value, names):
    assert [row[0] for row in filter(table, column, relation, value).rows] == names


def test_refusals(table):
    with pytest.raises(NodeError, match="no column"):
        filter(table, "ssim")
    with pytest.raises(NodeError, match="no number"):
        filter(table, "psnr", "more than", "high")
    with pytest.raises(NodeError, match="regular expression"):
        filter(table, "name", "matches", "(")
