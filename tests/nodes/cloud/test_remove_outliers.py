"""Strays go, the surface stays."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.types import PointCloud
from meshloom.nodes.cloud.remove_outliers import remove_outliers
from meshloom.nodes.mesh.primitive import primitive
from meshloom.nodes.mesh.sample_points import sample_points


def test_strays_go_however_far_and_observations_follow(run) -> None:
    ball = sample_points(primitive("sphere", (2.0, 2.0, 2.0), 64), 4000, run=run)
    strays = np.random.default_rng(0).uniform(-0.5, 0.5, (40, 3)).astype(np.float32)
    broken = np.float32([[1e7, 0, 0], [np.nan, 0, 0], [0, np.inf, 0]])
    positions = np.concatenate([strays, broken, ball.positions])
    seen = np.stack([np.arange(4043), np.arange(4043) % 7], axis=1).astype(np.int32)
    kept = remove_outliers(PointCloud(positions, observations=seen), run=run)
    radius = np.linalg.norm(kept.positions, axis=1)
    assert radius.min() > 0.98 and radius.max() < 1.02
    assert len(kept) > 3950
    assert kept.observations is not None
    third = kept.observations[:, 1] == 3
    mine = {tuple(row) for row in kept.positions[kept.observations[third, 0]].tolist()}
    assert mine and mine <= {tuple(row) for row in positions[seen[:, 1] == 3].tolist()}
    assert len(kept.observations) == len(kept)


def test_a_clean_grid_loses_nothing(run) -> None:
    grid = np.stack(np.meshgrid(*[np.arange(30)] * 2, [0]), axis=-1).reshape(-1, 3).astype(np.float32)
    kept = remove_outliers(PointCloud(grid), neighbours=4, run=run)
    assert len(kept) >= 896


def test_confidence_and_nothing_left(run) -> None:
    points = sample_points(primitive("sphere"), 100, run=run).positions
    sure = np.linspace(0, 1, 100).astype(np.float32)
    kept = remove_outliers(PointCloud(points, confidence=sure), deviation=20.0, min_confidence=0.5, run=run)
    assert kept.confidence is not None and kept.confidence.min() >= 0.5 and len(kept) == 50
    with pytest.raises(NodeError, match="none of the 100 points"):
        remove_outliers(PointCloud(points, confidence=sure * 0), min_confidence=0.5, run=run)
    with pytest.raises(NodeError, match="none of the 0 points"):
        remove_outliers(PointCloud(points[:0]), run=run)
    assert len(remove_outliers(PointCloud(points[:2]), run=run)) == 2
    assert len(remove_outliers(PointCloud(np.ones((50, 3), np.float32)), run=run)) == 50
