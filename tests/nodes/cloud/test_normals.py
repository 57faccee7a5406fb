"""Directions and signs of normals on shapes that have formulas."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.types import Cameras, PointCloud
from meshloom.nodes.cloud.normals import normals
from meshloom.nodes.mesh.primitive import primitive
from meshloom.nodes.mesh.sample_points import sample_points


def cameras(*centres: tuple[float, float, float]) -> Cameras:
    """Cameras at ``centres``, looking along z."""
    count = len(centres)
    pose = np.concatenate([np.tile(np.eye(3), (count, 1, 1)), -np.array(centres, float)[:, :, None]], axis=2)
    return Cameras(
        np.tile(np.eye(3), (count, 1, 1)), pose, np.ones((count, 2), np.int32), tuple(map(str, range(count)))
    )


def agreement(found: PointCloud, true: np.ndarray) -> np.ndarray:
    assert found.normals is not None and found.normals.dtype == np.float32
    assert np.linalg.norm(found.normals, axis=1) == pytest.approx(1.0, abs=1e-5)
    return np.einsum("ij,ij->i", found.normals, true)


@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e9])
def test_a_ring_is_oriented_all_the_way_round(run, scale: float) -> None:
    ring = sample_points(primitive("torus", (2.8 * scale, 0.8 * scale, 2.8 * scale), 64), 8000, run=run)
    assert ring.normals is not None
    same = agreement(normals(PointCloud(ring.positions), orient="consistently", run=run), ring.normals)
    assert (same > 0).all() and np.median(same) > 0.99


def test_separate_parts_each_face_outwards(run) -> None:
    ball = sample_points(primitive("sphere", detail=64), 3000, run=run)
    assert ball.normals is not None
    two = PointCloud(np.concatenate([ball.positions, ball.positions * 2 + np.float32([9, 0, 0])]))
    same = agreement(normals(two, run=run), np.concatenate([ball.normals, ball.normals]))
    assert (same > 0).all()


def test_normals_face_the_camera_that_saw_the_point(run) -> None:
    sheet = sample_points(primitive("plane"), 500, run=run)
    eyes = cameras((0, -5, 0), (0, 4, 0))
    nearest = normals(PointCloud(sheet.positions), eyes, run=run)
    assert (agreement(nearest, np.tile([0.0, 1.0, 0.0], (500, 1))) > 0.99).all()
    seen = np.stack([np.arange(500), np.arange(500) % 2], axis=1).astype(np.int32)
    own = normals(PointCloud(sheet.positions, observations=seen), eyes, run=run)
    towards = np.where((np.arange(500) % 2 == 0)[:, None], [0.0, -1.0, 0.0], [0.0, 1.0, 0.0])
    assert (agreement(own, towards) > 0.99).all()
    assert own.observations is not None and (own.observations == seen).all()


def test_other_ways_to_orient(run) -> None:
    ball = sample_points(primitive("sphere", detail=64), 1000, run=run)
    assert ball.normals is not None
    inwards = PointCloud(ball.positions, normals=-ball.normals)
    assert (agreement(normals(inwards, orient="as before", run=run), ball.normals) < 0).all()
    assert (agreement(normals(inwards, orient="away from the middle", run=run), ball.normals) > 0).all()


def test_few_points_and_none(run) -> None:
    three = PointCloud(np.float32([[0, 0, 0], [1, 0, 0], [0, 0, 1]]))
    found = normals(three, run=run)
    assert found.normals is not None and np.abs(found.normals[:, 1]) == pytest.approx(1.0)
    with pytest.raises(NodeError, match="2 points; 3 points or more"):
        normals(PointCloud(three.positions[:2]), run=run)
    with pytest.raises(NodeError, match="one place"):
        normals(PointCloud(np.ones((20, 3), np.float32)), run=run)
    with pytest.raises(NodeError, match="1 of 3 points are not finite"):
        normals(PointCloud(np.float32([[0, 0, 0], [1, 0, 0], [np.nan, 0, 1]])), run=run)
    with pytest.raises(NodeError, match="no normals to be like"):
        normals(three, orient="as before", run=run)
