from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Cameras, DepthMap, Image
from meshloom.nodes.render.blend_photos import blend_photos

WIDTH, HEIGHT, FOCAL = 96, 72, 90.0


def cameras_at(places) -> Cameras:
    count = len(places)
    lens = np.array([[FOCAL, 0, WIDTH / 2], [0, FOCAL, HEIGHT / 2], [0, 0, 1.0]])
    pose = np.zeros((count, 3, 4))
    pose[:, :, :3] = np.eye(3)
    pose[:, 0, 3] = -np.asarray(places)
    names = tuple(f"at {place:g}" for place in places)
    return Cameras(
        np.tile(lens, (count, 1, 1)), pose, np.tile(np.array([[WIDTH, HEIGHT]], np.int32), (count, 1)), names
    )


def seen(place: float, flat: float = 1.0) -> tuple[Image, DepthMap]:
    """A striped wall 8 away with a painted board 4 away before it, by intersecting rays with both."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    a, b = (x - WIDTH / 2) / FOCAL, (y - HEIGHT / 2) / FOCAL
    board_x, board_y = place + a * 4, b * 4
    wall_x, wall_y = place + a * 8, b * 8
    front = (np.abs(board_x) < 0.8) & (np.abs(board_y) < 1.0)
    wall = np.stack([0.5 + 0.4 * np.sin(2 * wall_x), 0.5 + 0.4 * np.cos(3 * wall_y), 0.5 + 0 * wall_x], 2)
    board = np.stack([0.5 + 0.4 * np.cos(5 * board_x), 0.3 + 0 * board_x, 0.5 + 0.4 * np.sin(4 * board_y)], 2)
    pixels = np.where(front[..., None], board, wall)
    name = f"at {place:g}"
    return (
        Image((pixels * 255).astype(np.uint8), name),
        DepthMap(np.where(front, 4, 8).astype(np.float32) * np.float32(flat), None, name),
    )


PLACES = [-1.0, -0.5, 0.5, 1.0]


def world():
    pairs = [seen(place) for place in PLACES]
    return [image for image, _ in pairs], cameras_at(PLACES), [depth for _, depth in pairs]


def decibels(one: np.ndarray, other: np.ndarray) -> float:
    return float(-10 * np.log10(np.mean((one / 255.0 - other / 255.0) ** 2)))


def test_a_view_from_between_is_what_would_be_seen_there(run):
    images, cameras, depths = world()
    found = blend_photos(images, cameras, depths, cameras_at([0.0, 0.25]), run=run)
    for image, depth, known, place in zip(found.images, found.depths, found.known, (0.0, 0.25), strict=True):
        true, true_depth = seen(place)
        assert decibels(image.pixels, true.pixels) > 24
        inner = known.coverage > 0
        assert inner.mean() > 0.9
        right = np.isclose(depth.depth, true_depth.depth, rtol=1e-3)
        assert right[inner].mean() > 0.97
        # Away from outlines it is all but exact.
        sure = right & inner & (np.abs(np.gradient(true_depth.depth)[1]) == 0)
        assert decibels(image.pixels[sure], true.pixels[sure]) > 28
    assert run.progressed


def test_what_lies_behind_is_not_taken_from_a_photo_that_cannot_see_it(run):
    images, cameras, depths = world()
    right = blend_photos(images, cameras, depths, cameras_at([0.0]), run=run).images[0]
    wrong = blend_photos(
        images, cameras, depths, cameras_at([0.0]), tolerance=0.2, neighbours=1, run=run
    ).images[0]
    true = seen(0.0)[0]
    assert decibels(right.pixels, true.pixels) > decibels(wrong.pixels, true.pixels)


def test_what_has_no_depth_is_far_away_or_filled(run):
    images, cameras, depths = world()
    bare = [DepthMap(np.where(d.depth > 5, 0, d.depth).astype(np.float32), None, d.name) for d in depths]
    far = blend_photos(images, cameras, bare, cameras_at([0.0]), unknown="far", run=run)
    filled = blend_photos(images, cameras, bare, cameras_at([0.0]), unknown="fill", run=run)
    # Holes in the middle of a wall are carried on over.
    torn = [DepthMap(d.depth.copy(), None, d.name) for d in depths]
    for depth in torn:
        depth.depth.flags.writeable = True
        depth.depth[5:12, 5:25] = 0
    whole = blend_photos(images, cameras, torn, cameras_at([0.0]), run=run)
    assert decibels(whole.images[0].pixels[:16, :30], seen(0.0)[0].pixels[:16, :30]) > 25
    assert 0.02 < far.known[0].coverage.mean() < 0.5
    assert np.ptp(far.images[0].pixels[:, :8].astype(int)) > 50
    assert (far.images[0].pixels != filled.images[0].pixels).any()
    assert filled.images[0].pixels.max() > 0


def test_what_cannot_work_is_told(run):
    images, cameras, depths = world()
    with pytest.raises(NodeError, match="no views"):
        blend_photos(images, cameras, depths, cameras_at([0.0]).select([]), run=run)
    with pytest.raises(NodeError, match="3 photos and 4 cameras"):
        blend_photos(images[:3], cameras, depths, cameras, run=run)
    with pytest.raises(NodeError, match="hold no depths"):
        blend_photos(images, cameras, [DepthMap(np.zeros((4, 4), np.float32))] * 4, cameras, run=run)
    bent = Cameras(cameras.intrinsics, cameras.extrinsics, cameras.sizes, cameras.names, np.full((4, 4), 0.1))
    with pytest.raises(NodeError, match="distortion"):
        blend_photos(images, bent, depths, cameras, run=run)
