"""Points from a disparity."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import DepthMap, Image
from meshloom.nodes.dense.disparity_to_cloud import disparity_to_cloud


def test_points_are_where_the_scene_is(scene, pair):
    """The pair is 0.5 apart; its left camera is the first of the scene, whose depth is known."""
    cloud = disparity_to_cloud(DepthMap(pair.truth), pair.left, baseline=0.5)
    expected = scene.truth[0]
    assert len(cloud) == expected.size
    assert np.allclose(cloud.positions[:, 2].reshape(expected.shape), expected, rtol=1e-5)
    pixels = cloud.positions.astype(np.float64) @ scene.cameras.intrinsics[0].T
    rows, columns = np.divmod(np.arange(len(cloud)), 128)
    assert np.allclose(pixels[:, 0] / pixels[:, 2], columns + 0.5, atol=1e-3)
    assert np.allclose(pixels[:, 1] / pixels[:, 2], rows + 0.5, atol=1e-3)
    assert np.array_equal(cloud.colours[:, 1], pair.left.pixels.reshape(-1))


def test_calibration_moves_the_points():
    shift = DepthMap(np.full((4, 4), 10.0, np.float32))
    cloud = disparity_to_cloud(shift, focal_px=100.0, baseline=0.2, offset=10.0, centre_x=0.5, centre_y=1.5)
    assert cloud.positions[0] == pytest.approx([0.0, -0.01, 1.0])
    assert cloud.colours is None


def test_unknown_far_and_uncertain_pixels_are_left_out():
    shift = np.array([[0.0, np.nan, 1.0, 10.0, 10.0]], np.float32)
    confidence = np.array([[1.0, 1.0, 1.0, 0.0, 0.5]], np.float32)
    depth = DepthMap(shift, confidence)
    assert len(disparity_to_cloud(depth, focal_px=10.0)) == 3
    assert len(disparity_to_cloud(depth, focal_px=10.0, max_depth=5.0)) == 2
    assert len(disparity_to_cloud(depth, focal_px=10.0, max_depth=5.0, min_confidence=0.1)) == 1
    assert len(disparity_to_cloud(DepthMap(np.zeros((2, 2), np.float32)), focal_px=10.0)) == 0


def test_what_cannot_work_is_said(pair):
    with pytest.raises(NodeError, match="focal length is not known"):
        disparity_to_cloud(DepthMap(pair.truth))
    with pytest.raises(NodeError, match="baseline is not known"):
        disparity_to_cloud(DepthMap(pair.truth), focal_px=10.0, baseline=0.0)
    with pytest.raises(NodeError, match="one size"):
        disparity_to_cloud(DepthMap(pair.truth[:5]), Image(pair.left.pixels), focal_px=10.0)
