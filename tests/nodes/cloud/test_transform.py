"""Clouds move as meshes do."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.types import PointCloud
from meshloom.nodes.cloud.transform import transform


def test_positions_and_normals() -> None:
    points = PointCloud(
        np.float32([[1, 2, 3], [0, 0, 0]]),
        normals=np.float32([[1, 0, 0], [0.6, 0.8, 0]]),
        confidence=np.float32([1, 0]),
    )
    moved = transform(points, (10, 0, 0), (0, 0, 90), (2, 1, 1))
    assert moved.positions == pytest.approx(np.float32([[8, 2, 3], [10, 0, 0]]), abs=1e-5)
    # Normals are not stretched as positions are: (0.6, 0.8) becomes (0.3, 0.8) before turning.
    assert moved.normals is not None
    assert moved.normals == pytest.approx(
        np.array([[0, 1, 0], [-0.8, 0.3, 0]]) / [[1], [0.73**0.5]], abs=1e-6
    )
    assert moved.confidence is points.confidence or (moved.confidence == points.confidence).all()


def test_strays_that_are_not_finite_do_not_move_the_pivot() -> None:
    points = PointCloud(np.float32([[1, 1, 1], [3, 3, 3], [np.nan, 0, 0]]))
    grown = transform(points, scale=(2, 2, 2), pivot="centre")
    assert grown.positions[:2].tolist() == [[0, 0, 0], [4, 4, 4]]
