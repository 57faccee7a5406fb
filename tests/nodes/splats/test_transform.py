from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Cameras, Table
from meshloom.kernels.geometry.placing import euler
from meshloom.nodes.splats.transform import transform

from ._scenes import balls, photographed, ring


def test_scene_and_cameras_moved_together_look_the_same():
    splats, cameras = balls(degree=3), ring(3)
    turn, move, scale = (20.0, -50.0, 100.0), (1.0, 2.0, -3.0), 2.5
    moved = transform(splats, move=move, turn=turn, scale=scale)
    rotation = euler(turn)
    extrinsics = cameras.extrinsics.copy()
    for index, (matrix, centre) in enumerate(
        zip(cameras.extrinsics[:, :, :3], cameras.centres(), strict=True)
    ):
        placed = matrix @ rotation.T
        extrinsics[index] = np.column_stack([placed, -placed @ (scale * rotation @ centre + move)])
    there = Cameras(cameras.intrinsics, extrinsics, cameras.sizes, cameras.names)
    for one, other in zip(photographed(splats, cameras), photographed(moved, there), strict=True):
        # The blur of 0.3 pixels is no part of the scene and stays.
        assert np.abs(one.pixels.astype(int) - other.pixels).max() <= 2


def test_a_matrix_comes_first():
    matrix = Table(("a", "b", "c", "d"), ((0, -2, 0, 1), (2, 0, 0, 0), (0, 0, 2, 0), (0, 0, 0, 1)))
    splats = balls(5)
    found = transform(splats, matrix, move=(0, 0, 7))
    x, y, z = splats.means.T
    np.testing.assert_allclose(found.means, np.column_stack([1 - 2 * y, 2 * x, 2 * z + 7]), atol=1e-5)
    np.testing.assert_allclose(found.scales, 2 * splats.scales, rtol=1e-5)


@pytest.mark.parametrize("diagonal", [(1, 1, -1), (1, 2, 1)])
def test_what_splats_cannot_follow_is_told(diagonal):
    rows = tuple(tuple(float(diagonal[i]) * (i == j) for j in range(3)) + (0.0,) for i in range(3))
    with pytest.raises(NodeError, match="cannot follow"):
        transform(balls(), Table(("a", "b", "c", "d"), rows))
