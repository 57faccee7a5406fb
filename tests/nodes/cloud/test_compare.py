"""Scores of clouds at known distances."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.types import PointCloud
from meshloom.nodes.cloud.compare import compare


def sheet(height: float = 0.0, side: int = 101) -> PointCloud:
    axis = np.linspace(0, 1, side)
    x, z = np.meshgrid(axis, axis)
    return PointCloud(np.stack([x, np.full_like(x, height), z], axis=-1).reshape(-1, 3).astype(np.float32))


def test_known_distances(run) -> None:
    same = dict(compare(sheet(), sheet(), run=run).scores.rows)
    assert same["F-score"] == 1.0 and same["Chamfer distance"] == 0.0
    apart = compare(sheet(0.1), sheet(), run=run)
    found = dict(apart.scores.rows)
    assert found["F-score"] == 0.0 and found["Chamfer distance"] == pytest.approx(0.1, rel=1e-5)
    assert apart.coloured.colours is not None and (apart.coloured.colours == (165, 0, 38)).all()
    half = PointCloud(sheet().positions[sheet().positions[:, 0] <= 0.5])
    found = dict(compare(half, sheet(), threshold=0.001, run=run).scores.rows)
    assert found["accuracy"] == 1.0 and found["completeness"] == pytest.approx(51 / 101)


def test_odd_clouds_are_named(run) -> None:
    with pytest.raises(NodeError, match="0 points"):
        compare(PointCloud(np.zeros((0, 3), np.float32)), sheet(), run=run)
    with pytest.raises(NodeError, match="diagonal of 0"):
        compare(sheet(), PointCloud(np.ones((5, 3), np.float32)), run=run)
