from __future__ import annotations

import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from meshloom.graph_runtime.errors import NodeError
from meshloom.nodes.depth.load import load


def test_float_tiff_is_taken_as_it_is_and_nonsense_is_unknown(tmp_path, run):
    tifffile.imwrite(tmp_path / "a.tif", np.float32([[1.5, np.nan], [-2, np.inf]]))
    depth = load(tmp_path / "a.tif", units=5, run=run)
    assert depth.depth.tolist() == [[1.5, 0], [0, 0]] and depth.name == "a.tif"


def test_whole_numbers_are_divided_by_units(tmp_path, run):
    Pillow.fromarray(np.uint16([[0, 5000, 65535]])).save(tmp_path / "a.png")
    np.testing.assert_allclose(load(tmp_path / "a.png", units=5000, run=run).depth, [[0, 1, 13.107]])


def test_a_coloured_picture_holds_no_distances(tmp_path, run):
    Pillow.new("RGB", (4, 4)).save(tmp_path / "a.png")
    with pytest.raises(NodeError, match="3 channels"):
        load(tmp_path / "a.png", run=run)
