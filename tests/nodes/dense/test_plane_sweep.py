"""Depth maps of a scene whose depth is known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from meshloom.graph_runtime.spec import Cancelled, NodeError
from meshloom.graph_runtime.types import Cameras, Image, PointCloud
from meshloom.nodes.dense.plane_sweep import plane_sweep


@pytest.fixture(scope="module")
def found(scene, tmp_path_factory):
    """The scene's depth maps, made once with two threads."""
    return plane_sweep(scene.images, scene.cameras, scene.points, run=Quiet())


class Quiet:
    """The least a node may be given."""

    device, threads = "cpu", 2

    def progress(self, *_):
        """Nobody listens."""

    warn = progress

    def remember(self, kind, parts, make, returns):
        return make()


def test_depth_is_right_on_most_pixels(scene, found):
    assert [depth.name for depth in found] == list(scene.cameras.names)
    for depth, truth in zip(found, scene.truth, strict=True):
        assert depth.depth.shape == truth.shape
        known = depth.depth > 0
        error = np.abs(depth.depth - truth)[known] / truth[known]
        assert known.mean() > 0.6
        assert np.median(error) < 0.003
        assert (error < 0.01).mean() > 0.93


def test_confidence_tells_right_from_wrong(scene, found):
    for depth, truth in zip(found, scene.truth, strict=True):
        confidence = depth.confidence
        assert confidence is not None and confidence.min() >= 0.0 and confidence.max() <= 1.0
        assert not confidence[depth.depth == 0].any()
        known = depth.depth > 0
        right = np.abs(depth.depth - truth) < 0.01 * truth
        assert confidence[known & right].mean() > 1.3 * confidence[known & ~right].mean()


def test_threads_do_not_change_a_byte(scene, found, run):
    run.threads = 1
    again = plane_sweep(scene.images, scene.cameras, scene.points, run=run)
    for one, two in zip(found, again, strict=True):
        assert one.depth.tobytes() == two.depth.tobytes()
        assert one.confidence.tobytes() == two.confidence.tobytes()
    assert [done for done, _, _ in run.progressed] == sorted(done for done, _, _ in run.progressed)
    assert run.progressed[-1][0] == pytest.approx(run.progressed[-1][1])


def test_views_that_disagree_lose_their_depth(scene, found, run):
    """One photo shows another place: its own depth goes, the others' stays."""
    images = list(scene.images)
    wrong = np.ascontiguousarray(images[4].pixels[::-1, ::-1])
    images[4] = Image(wrong, images[4].name)
    depths = plane_sweep(images, scene.cameras, scene.points, run=run)
    assert (depths[4].depth > 0).mean() < 0.1 * (found[4].depth > 0).mean()
    assert (depths[0].depth > 0).mean() > 0.5
    good = depths[0].depth > 0
    error = np.abs(depths[0].depth - scene.truth[0])[good] / scene.truth[0][good]
    assert (error < 0.01).mean() > 0.9


def test_points_without_observations_and_smaller_maps(scene, run):
    bare = PointCloud(scene.points.positions)
    depths = plane_sweep(scene.images, scene.cameras, bare, max_side=64, run=run)
    assert {depth.depth.shape for depth in depths} == {(48, 64)}
    truth = scene.truth[0].reshape(48, 2, 64, 2).mean(axis=(1, 3))
    known = depths[0].depth > 0
    assert known.mean() > 0.5
    assert np.median(np.abs(depths[0].depth - truth)[known] / truth[known]) < 0.01


def test_surfaces_without_texture_get_no_depth_and_a_warning(blank_scene, run):
    depths = plane_sweep(blank_scene.images, blank_scene.cameras, blank_scene.points, run=run)
    assert all((depth.depth > 0).mean() < 0.02 for depth in depths)
    assert any("texture" in warning for warning in run.warnings)


def test_transparent_pixels_get_no_depth(scene, run):
    alpha = np.zeros(scene.images[0].pixels.shape, np.uint8)
    alpha[:, :64] = 255
    images = [
        Image(np.concatenate([image.pixels] * 3 + [alpha], axis=2), image.name) for image in scene.images
    ]
    depths = plane_sweep(images, scene.cameras, scene.points, run=run)
    assert not (depths[0].depth[:, 64:] > 0).any()
    assert (depths[0].depth[:, :64] > 0).mean() > 0.5


def test_only_views_near_a_changed_photo_are_swept_anew(scene, run):
    plane_sweep(scene.images, scene.cameras, scene.points, neighbours=1, max_side=64, refinements=0, run=run)
    parts = [parts for kind, parts in run.remembered if kind == "depth"]
    assert len(parts) == len(scene.images)
    assert all(sum(isinstance(part, Image) for part in held) == 2 for held in parts)
    assert all(held[0] is image for held, image in zip(parts, scene.images, strict=True))


def test_cancel_stops_the_work(scene, run):
    def progress(done, total=1.0, message=""):
        if done > 0.5:
            raise Cancelled()

    run.progress = progress
    with pytest.raises(Cancelled):
        plane_sweep(scene.images, scene.cameras, scene.points, run=run)


def test_what_cannot_work_is_said(scene, run):
    images, cameras, points = scene.images, scene.cameras, scene.points
    with pytest.raises(NodeError, match="4 photos and 5 cameras"):
        plane_sweep(images[:4], cameras, points, run=run)
    with pytest.raises(NodeError, match="differ in order"):
        plane_sweep(images[::-1], cameras, points, run=run)
    with pytest.raises(NodeError, match="at least 2"):
        plane_sweep(images[:1], cameras.select([0]), PointCloud(points.positions), run=run)
    with pytest.raises(NodeError, match="no sparse points"):
        plane_sweep(images, cameras, PointCloud(np.zeros((0, 3), np.float32)), run=run)
    with pytest.raises(NodeError, match="not among these"):
        plane_sweep(images[:2], cameras.select([0, 1]), points, run=run)
    cropped = [Image(image.pixels[:, :90], image.name) for image in images]
    with pytest.raises(NodeError, match="128 x 96, but photos have 90 x 96"):
        plane_sweep(cropped, cameras, points, run=run)
    bent = dataclasses.replace(cameras, distortion=np.full((5, 4), 0.1))
    with pytest.raises(NodeError, match="distortion"):
        plane_sweep(images, bent, points, run=run)


def test_a_camera_that_looks_away_gets_an_empty_map(scene, run):
    extrinsics = scene.cameras.extrinsics.copy()
    extrinsics[4, :, :3] = np.diag([-1.0, 1.0, -1.0])
    cameras = Cameras(scene.cameras.intrinsics, extrinsics, scene.cameras.sizes, scene.cameras.names)
    depths = plane_sweep(scene.images, cameras, PointCloud(scene.points.positions), run=run)
    assert not depths[4].depth.any()
    assert depths[4].depth.shape == (96, 128)
    assert (depths[0].depth > 0).mean() > 0.5
    assert any("4.png" in warning for warning in run.warnings)
