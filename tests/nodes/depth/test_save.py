from __future__ import annotations

import cv2
import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.types import DepthMap
from meshloom.nodes.depth.load import load
from meshloom.nodes.depth.save import save

DEPTH = DepthMap(np.float32([[0, 0.5], [1.2345678, 60]]), np.float32([[0, 0.25], [1, 0.5]]), "IMG_1.jpg")


def test_exr_keeps_depth_and_confidence_exactly(tmp_path, run):
    file = save(DEPTH, run=run)
    assert file.name == "IMG_1.exr"
    (tmp_path / file.name).write_bytes(file.data.tobytes())
    back = load(tmp_path / file.name, run=run)
    np.testing.assert_array_equal(back.depth, DEPTH.depth)
    np.testing.assert_array_equal(back.confidence, DEPTH.confidence)


def test_png_holds_millimetres(tmp_path, run):
    file = save(DEPTH, format="png", run=run)
    stored = cv2.imdecode(file.data, cv2.IMREAD_UNCHANGED)
    assert stored.dtype == np.uint16 and stored.tolist() == [[0, 500], [1235, 60000]]
    (tmp_path / file.name).write_bytes(file.data.tobytes())
    np.testing.assert_allclose(load(tmp_path / file.name, run=run).depth, DEPTH.depth, atol=5e-4)


def test_distances_that_do_not_fit_16_bits_are_told_of(run):
    file = save(DEPTH, format="png", units=2000, run=run)
    assert cv2.imdecode(file.data, cv2.IMREAD_UNCHANGED)[1, 1] == 0 and "1 pixels" in run.warnings[0]
    with pytest.raises(NodeError, match="would be empty"):
        save(DEPTH, format="png", units=1e-3, run=run)
    with pytest.raises(NodeError, match="the most that"):
        save(DEPTH, format="png", units=1e6, run=run)


def test_nan_and_infinity_are_unknown_in_png(run):
    file = save(DepthMap(np.float32([[np.nan, np.inf, -1, 2]])), format="png", run=run)
    assert cv2.imdecode(file.data, cv2.IMREAD_UNCHANGED).tolist() == [[0, 0, 0, 2000]]
