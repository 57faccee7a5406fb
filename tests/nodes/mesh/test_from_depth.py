"""Fusion of depth maps of a ball, whose surface is known."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.types import Cameras, DepthMap, Image, Mesh
from meshloom.nodes.mesh.from_depth import from_depth

WIDTH, HEIGHT, FOCAL = 160, 120, 150.0


def look_at_origin(centre: np.ndarray) -> np.ndarray:
    """(3, 4) world-to-camera for a camera at ``centre`` looking at the origin."""
    forward = -centre / np.linalg.norm(centre)
    right = np.cross([0.0, 1.0, 0.0], forward)
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    return np.hstack([rotation, (-rotation @ centre)[:, None]])


def ball_depth(extrinsics: np.ndarray, radius: float) -> np.ndarray:
    """Exact depth (H, W) of a ball about the origin, 0 beside it."""
    column, row = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
    ray = np.stack([(column - WIDTH / 2) / FOCAL, (row - HEIGHT / 2) / FOCAL, np.ones_like(row)], axis=-1)
    centre = extrinsics[:, 3]
    a, b, c = (ray**2).sum(-1), ray @ centre, centre @ centre - radius**2
    inside = b * b - a * c
    return np.where(inside > 0, (b - np.sqrt(np.maximum(inside, 0))) / a, 0).astype(np.float32)


def scene(radius: float = 1.0, count: int = 10) -> tuple[list[DepthMap], Cameras]:
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    centres = 3 * radius * np.stack([np.cos(turn), 0.6 * np.sin(3 * turn), np.sin(turn)], axis=1)
    poses = np.stack([look_at_origin(centre) for centre in centres])
    matrix = np.array([[FOCAL, 0, WIDTH / 2], [0, FOCAL, HEIGHT / 2], [0, 0, 1.0]])
    names = tuple(f"{index}.jpg" for index in range(count))
    cameras = Cameras(
        np.tile(matrix, (count, 1, 1)), poses, np.tile(np.int32([WIDTH, HEIGHT]), (count, 1)), names
    )
    depths = [DepthMap(ball_depth(pose, radius), name=name) for pose, name in zip(poses, names, strict=True)]
    return depths, cameras


def radii(mesh: Mesh) -> np.ndarray:
    return np.linalg.norm(mesh.vertices.astype(np.float64), axis=1)


def test_depths_of_a_ball_become_the_ball(run) -> None:
    depths, cameras = scene()
    # Cameras that speak of photos four times as large; colours from photos of that size.
    cameras = cameras.scaled(cameras.sizes * 4)
    red = np.zeros((HEIGHT * 4, WIDTH * 4, 3), np.uint8)
    red[:] = (200, 40, 10)
    photos = [Image(red, name) for name in cameras.names]
    mesh = from_depth(depths[::-1], cameras, photos, voxel=0.03, run=run)
    assert abs(radii(mesh).mean() - 1.0) < 0.004
    assert np.abs(radii(mesh) - 1.0).max() < 0.03
    corner = mesh.vertices[mesh.faces].astype(np.float64)
    outward = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    assert (np.einsum("ij,ij->i", outward, corner.mean(axis=1)) >= 0).mean() > 0.99
    area = 0.5 * np.linalg.norm(outward, axis=1).sum()
    assert area == pytest.approx(4 * np.pi, rel=0.12)
    assert mesh.colours is not None
    assert np.abs(np.median(mesh.colours, axis=0) - (200, 40, 10)).max() <= 1
    assert run.progressed[-1][0] == 1.0


def test_the_same_twice_at_any_scale_without_photos(run) -> None:
    depths, cameras = scene(radius=1e5, count=6)
    first = from_depth(depths, cameras, min_views=1, run=run)
    second = from_depth(depths, cameras, min_views=1, run=run)
    assert first.vertices.tobytes() == second.vertices.tobytes()
    assert first.faces.tobytes() == second.faces.tobytes()
    assert abs(radii(first).mean() / 1e5 - 1.0) < 0.01
    assert first.colours is None


def test_doubtful_depths_are_left_out_and_distortion_is_undone(run) -> None:
    depths, cameras = scene(count=6)
    doubtful = np.zeros((HEIGHT, WIDTH), np.float32)
    wild = [
        DepthMap(
            np.where(depth.depth > 0, depth.depth, np.float32(9)), (depth.depth > 0) + doubtful, depth.name
        )
        for depth in depths
    ]
    lens = Cameras(
        cameras.intrinsics, cameras.extrinsics, cameras.sizes, cameras.names, np.full((6, 4), [1e-9, 0, 0, 0])
    )
    mesh = from_depth(wild, lens, voxel=0.05, min_views=1, run=run)
    assert np.abs(radii(mesh) - 1.0).max() < 0.08


def test_unusable_input_is_named(run) -> None:
    depths, cameras = scene(count=3)
    with pytest.raises(NodeError, match="no depth maps"):
        from_depth([], cameras, run=run)
    with pytest.raises(NodeError, match="3 depth maps, but 2 cameras"):
        from_depth(depths, cameras.select([0, 1]), run=run)
    with pytest.raises(NodeError, match="hold no depths"):
        from_depth(
            [DepthMap(np.zeros_like(depth.depth), name=depth.name) for depth in depths], cameras, run=run
        )
    with pytest.raises(NodeError, match="GiB") as caught:
        from_depth(depths, cameras, voxel=1e-4, run=run)
    assert "set voxel to" in caught.value.hint
    with pytest.raises(NodeError, match="GiB"):
        from_depth(depths, cameras, voxel=1e-12, run=run)
    with pytest.raises(NodeError, match="no place was seen by 9"):
        from_depth(depths, cameras, voxel=0.1, min_views=9, run=run)
