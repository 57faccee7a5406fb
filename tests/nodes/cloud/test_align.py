"""ICP on clouds finds motions that are known."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.types import PointCloud
from meshloom.nodes.cloud.align import align
from meshloom.nodes.cloud.apply_matrix import apply_matrix
from meshloom.nodes.cloud.transform import transform
from meshloom.nodes.mesh.merge import merge
from meshloom.nodes.mesh.primitive import primitive
from meshloom.nodes.mesh.sample_points import sample_points
from meshloom.nodes.mesh.transform import transform as place


@pytest.fixture
def shape(run) -> PointCloud:
    knob = place(primitive("cone", (0.4, 0.5, 0.4)), (0.3, -0.9, 0.1), (20, 0, 10))
    return sample_points(merge([primitive("cube", (1.0, 1.4, 0.6)), knob], run=run), 6000, run=run)


@pytest.mark.parametrize("oriented", [True, False])
def test_a_known_motion_is_undone_without_equal_points(run, shape: PointCloud, oriented: bool) -> None:
    fixed = PointCloud(
        shape.positions[::2], normals=shape.normals[::2] if oriented and shape.normals is not None else None
    )
    moving = transform(PointCloud(shape.positions[1::2]), (2, 0, -1), (10, -15, 8), (3, 3, 3))
    found = align(moving, fixed, scaling=True, run=run)
    assert np.abs(found.aligned.positions - shape.positions[1::2]).max() < (0.01 if oriented else 0.03)
    assert apply_matrix(moving, found.matrix).positions == pytest.approx(found.aligned.positions)
    assert apply_matrix(found.aligned, found.matrix, inverse=True).positions == pytest.approx(
        moving.positions, abs=1e-4
    )


def test_strays_are_trimmed(run, shape: PointCloud) -> None:
    strays = np.random.default_rng(0).uniform(-3, 3, (600, 3)).astype(np.float32)
    moving = transform(
        PointCloud(np.concatenate([shape.positions[1::2], strays])), (0.05, 0, -0.05), (3, 2, -3)
    )
    found = align(
        moving,
        PointCloud(shape.positions[::2], normals=shape.normals[::2]),
        "as placed",
        overlap=0.8,
        run=run,
    )
    assert np.abs(found.aligned.positions[:3000] - shape.positions[1::2]).max() < 0.02


def test_odd_clouds_are_named(run, shape: PointCloud) -> None:
    with pytest.raises(NodeError, match="2 points; 3 points or more"):
        align(PointCloud(shape.positions[:2]), shape, run=run)
    with pytest.raises(NodeError, match="without extent"):
        align(PointCloud(np.ones((9, 3), np.float32)), shape, run=run)
    line = PointCloud(np.linspace(0, 1, 30, dtype=np.float32)[:, None] * np.float32([1, 1, 0]))
    assert np.isfinite(align(line, line, "any pose", scaling=True, run=run).aligned.positions).all()
