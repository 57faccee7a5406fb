from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.nodes.image.contact_sheet import contact_sheet


def test_grid_of_whole_pictures(plain, run):
    images = [plain([v, v, v], 30, 60, "uint8") for v in (50, 100, 150, 200, 250)]
    sheet = contact_sheet(images, columns=3, cell_width=60, gap=4, labels=False, run=run).pixels
    assert sheet.shape == (2 * 34 + 4, 3 * 64 + 4, 3)
    for index, value in enumerate((50, 100, 150, 200, 250)):
        top, left = 4 + index // 3 * 34, 4 + index % 3 * 64
        np.testing.assert_allclose(sheet[top : top + 30, left : left + 60].astype(int), value, atol=1)
    assert (sheet[38:68, 132:192] == sheet[0, 0]).all()


def test_pictures_of_any_kind_keep_their_shape(plain, run):
    images = [plain([1.0], 100, 50), plain([4.0, 4.0, 4.0], 50, 100), plain([1.0, 1.0, 1.0, 0.0], 50, 50)]
    sheet = contact_sheet(
        images, columns=3, cell_width=50, cell_height=50, gap=0, labels=False, run=run
    ).pixels
    bright = (sheet > 200).all(axis=2)
    assert bright[:, :50].sum() == 25 * 50
    assert bright[:, 50:100].sum() == 50 * 25
    assert not bright[:, 100:].any()


def test_labels_are_written_below(plain, run):
    image = plain([0, 0, 0], 40, 80, "uint8", "left.png")
    with_name = contact_sheet([image], cell_width=120, gap=0, run=run).pixels
    other = contact_sheet(
        [image], cell_width=120, gap=0, names=("a much longer label than fits",), run=run
    ).pixels
    assert with_name.shape == other.shape
    below = with_name.shape[0] - round(10 * 1.7)
    assert (with_name[below:] > 200).sum() > 20
    assert (with_name[below:] != other[below:]).any()
    np.testing.assert_array_equal(with_name[:below], other[:below])


def test_about_square_when_left_alone(plain, run):
    sheet = contact_sheet([plain([0.5])] * 16, cell_width=40, cell_height=40, labels=False, run=run)
    assert sheet.width == sheet.height


def test_empty_and_far_too_large(plain, run):
    with pytest.raises(NodeError, match="no pictures"):
        contact_sheet([], run=run)
    with pytest.raises(NodeError, match="megapixels"):
        contact_sheet([plain([0.5])] * 100, cell_width=8192, cell_height=8192, run=run)
