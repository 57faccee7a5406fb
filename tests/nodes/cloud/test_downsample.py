"""Means of cells."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.types import PointCloud
from meshloom.nodes.cloud.downsample import downsample


def test_a_cell_becomes_its_mean_in_everything(run) -> None:
    points = PointCloud(
        np.float32([[0, 0, 0], [0.2, 0.4, 0], [5, 5, 5]]),
        np.uint8([[0, 0, 0], [100, 50, 200], [7, 8, 9]]),
        np.float32([[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        np.float32([0.2, 0.4, 1.0]),
        np.int32([[0, 3], [1, 3], [1, 4], [2, 0]]),
    )
    less = downsample(points, voxel=1.0, run=run)
    assert less.positions == pytest.approx(np.float32([[0.1, 0.2, 0], [5, 5, 5]]))
    assert less.colours is not None and less.colours.tolist() == [[50, 25, 100], [7, 8, 9]]
    assert less.normals is not None and less.normals[0] == pytest.approx([0.5**0.5, 0.5**0.5, 0])
    assert less.confidence == pytest.approx([0.3, 1.0])
    assert less.observations is not None and less.observations.tolist() == [[0, 3], [0, 4], [1, 0]]


def test_resolution_does_not_mind_strays(run) -> None:
    random = np.random.default_rng(0)
    sheet = np.column_stack([random.uniform(0, 1, (20000, 2)), np.zeros(20000)])
    sheet[0] = 1e6
    less = downsample(PointCloud(sheet.astype(np.float32)), resolution=20, run=run)
    assert 380 <= len(less) <= 500


def test_opposite_normals_leave_one_and_one_place_one_point(run) -> None:
    there = PointCloud(np.ones((2, 3), np.float32), normals=np.float32([[0, 0, 1], [0, 0, -1]]))
    one = downsample(there, run=run)
    assert len(one) == 1 and one.normals is not None and one.normals[0].tolist() == [0, 0, 1]


def test_impossible_cells_are_named(run) -> None:
    pair = PointCloud(np.float32([[0, 0, 0], [1e30, 0, 0]]))
    with pytest.raises(NodeError, match="too small"):
        downsample(pair, voxel=1e-3, run=run)
    with pytest.raises(NodeError, match="0 points"):
        downsample(PointCloud(np.zeros((0, 3), np.float32)), run=run)
