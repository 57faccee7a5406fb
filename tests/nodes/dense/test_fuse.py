"""Fusing depth maps into one cloud."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import Cancelled, NodeError
from meshloom.graph_runtime.types import Cameras, DepthMap
from meshloom.nodes.dense.fuse import fuse

WALL, BALL, RADIUS = 6.0, np.array([0.3, 0.1, 4.5]), 0.9


@pytest.fixture
def exact(scene):
    """True depth as maps, with a little noise."""
    random = np.random.default_rng(1)
    return [
        DepthMap((depth * random.normal(1.0, 0.001, depth.shape)).astype(np.float32), None, name)
        for depth, name in zip(scene.truth, scene.cameras.names, strict=True)
    ]


def distance(points: np.ndarray) -> np.ndarray:
    """How far points are from the scene's surfaces."""
    return np.minimum(np.abs(points[:, 2] - WALL), np.abs(np.linalg.norm(points - BALL, axis=1) - RADIUS))


def test_points_lie_on_the_surface_with_colour_and_normals(scene, exact, run):
    cloud = fuse(exact, scene.cameras, scene.images, run=run)
    assert len(cloud) > 4000
    assert cloud.colours.shape == (len(cloud), 3) and cloud.confidence.max() <= 1.0
    away = distance(cloud.positions)
    assert np.median(away) < 0.005 and np.quantile(away, 0.99) < 0.05
    assert np.allclose(np.linalg.norm(cloud.normals, axis=1), 1.0, atol=1e-4)
    wall = np.abs(cloud.positions[:, 2] - WALL) < 0.02
    assert np.median(cloud.normals[wall, 2]) < -0.9, "normals look at the cameras"
    assert wall.sum() > 3000 and (~wall).sum() > 300
    assert run.progressed[-1][0] <= run.progressed[-1][1]


def test_colours_are_those_of_the_photo_at_that_place(scene, exact, run):
    cloud = fuse(exact, scene.cameras, scene.images, run=run)
    pixels = cloud.positions.astype(np.float64) @ scene.cameras.intrinsics[0].T
    column, row = np.floor(pixels[:, :2] / pixels[:, 2:]).astype(int).T
    inside = (
        (column >= 0)
        & (column < 128)
        & (row >= 0)
        & (row < 96)
        & (np.abs(cloud.positions[:, 2] - WALL) < 0.05)
    )
    photo = scene.images[0].pixels[row[inside], column[inside], 0].astype(float)
    visible = np.abs(scene.truth[0][row[inside], column[inside]] - WALL) < 0.05
    assert np.median(np.abs(cloud.colours[inside, 0] - photo)[visible]) < 12


def test_what_only_one_view_claims_is_dropped(scene, exact, run):
    ghost = exact[2].depth.copy()
    ghost[20:60, 10:50] = 3.0
    maps = [*exact[:2], DepthMap(ghost, None, "2.png"), *exact[3:]]
    positions = fuse(maps, scene.cameras, run=run).positions
    assert not (np.abs(positions[:, 2] - 3.0) < 0.2).any()
    all_of_it = fuse(maps, scene.cameras, min_views=1, outliers=0.0, run=run).positions
    assert (np.abs(all_of_it[:, 2] - 3.0) < 0.2).any()


def test_voxel_sets_the_spacing(scene, exact, run):
    fine = fuse(exact, scene.cameras, run=run)
    coarse = fuse(exact, scene.cameras, voxel=0.25, run=run)
    assert len(coarse) < len(fine) / 5
    assert coarse.colours is None
    assert np.median(distance(coarse.positions)) < 0.05


def test_uncertain_pixels_are_ignored_and_maps_are_left_alone(scene, exact, run):
    doubtful = [
        DepthMap(depth.depth, np.full(depth.depth.shape, 0.9, np.float32) * (np.arange(128) < 64), depth.name)
        for depth in exact
    ]
    doubtful = [DepthMap(d.depth, d.confidence.astype(np.float32), d.name) for d in doubtful]
    before = doubtful[0].depth.copy()
    cloud = fuse(doubtful, scene.cameras, min_views=2, run=run)
    assert cloud.positions[:, 0].max() < 1.0
    assert cloud.confidence == pytest.approx(0.9, abs=1e-3)
    assert np.array_equal(before, doubtful[0].depth)


def test_threads_do_not_change_a_byte(scene, exact, run):
    one = fuse(exact, scene.cameras, scene.images, run=run)
    run.threads = 1
    two = fuse(exact, scene.cameras, scene.images, run=run)
    for name in ("positions", "colours", "normals", "confidence"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes(), name


def test_one_map_alone_and_gaps_of_nan(scene, exact, run):
    depth = exact[0].depth.copy()
    depth[:, ::2] = np.nan
    cloud = fuse([DepthMap(depth, None, "0.png")], scene.cameras.select([0]), run=run)
    assert 3000 < len(cloud) <= 96 * 64
    assert np.isfinite(cloud.positions).all()


def test_many_views_are_compared_with_those_that_overlap(scene, exact, run):
    names = tuple(f"{n}.png" for n in range(20))
    order = [n % 5 for n in range(20)]
    picked = scene.cameras.select(order)
    cameras = Cameras(picked.intrinsics, picked.extrinsics, picked.sizes, names)
    maps = [DepthMap(exact[n].depth, None, name) for n, name in zip(order, names, strict=True)]
    assert len(fuse(maps, cameras, run=run)) > 4000


def test_what_cannot_work_is_said(scene, exact, run):
    with pytest.raises(NodeError, match="no depth map"):
        fuse([], scene.cameras.select([]), run=run)
    with pytest.raises(NodeError, match="4 depth maps and 5 cameras"):
        fuse(exact[:4], scene.cameras, run=run)
    with pytest.raises(NodeError, match="differ in order"):
        fuse(exact, scene.cameras, scene.images[::-1], run=run)
    with pytest.raises(NodeError, match="too small"):
        fuse(exact, scene.cameras, voxel=1e-9, run=run)
    empty = [DepthMap(np.zeros((96, 128), np.float32), None, depth.name) for depth in exact]
    with pytest.raises(NodeError, match="seen alike by 3 views"):
        fuse(empty, scene.cameras, run=run)


def test_cancel_stops_the_work(scene, exact, run):
    def progress(done, total=1.0, message=""):
        if done / total > 0.5:
            raise Cancelled()

    run.progress = progress
    with pytest.raises(Cancelled):
        fuse(exact, scene.cameras, run=run)
