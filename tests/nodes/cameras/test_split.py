from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Cameras, PointCloud
from meshloom.nodes.cameras.split import split


def cameras(count: int) -> Cameras:
    extrinsics = np.tile(np.eye(3, 4), (count, 1, 1))
    extrinsics[:, 0, 3] = np.arange(count)
    lens = np.tile(np.eye(3), (count, 1, 1))
    size = np.tile(np.array([[8, 6]], np.int32), (count, 1))
    return Cameras(lens, extrinsics, size, tuple(f"{index}.jpg" for index in range(count)))


POINTS = PointCloud(
    np.arange(9, dtype=np.float32).reshape(3, 3),
    colours=np.arange(9, dtype=np.uint8).reshape(3, 3),
    observations=np.array([[0, 0], [0, 1], [1, 0], [1, 2], [1, 3], [2, 1], [2, 3]], np.int32),
)


def test_the_middle_of_every_three_is_held_out_and_points_follow():
    kept, points, held = split(cameras(4), POINTS, 3)
    assert held.names == ("1.jpg",)
    assert kept.names == ("0.jpg", "2.jpg", "3.jpg")
    np.testing.assert_array_equal(kept.extrinsics[:, 0, 3], [0, 2, 3])
    # Only the second point was seen by two of those that stay.
    np.testing.assert_array_equal(points.positions, POINTS.positions[1:2])
    np.testing.assert_array_equal(points.colours, POINTS.colours[1:2])
    np.testing.assert_array_equal(points.observations, [[0, 0], [0, 1], [0, 2]])


def test_points_that_nobody_is_known_to_have_seen_all_stay():
    cloud = PointCloud(POINTS.positions)
    assert len(split(cameras(4), cloud, 3).points) == 3


@pytest.mark.parametrize(("count", "every"), [(3, 8), (2, 2), (1, 2)])
def test_too_few_cameras_are_named(count, every):
    with pytest.raises(NodeError, match=f"of {count} cameras"):
        split(cameras(count), PointCloud(POINTS.positions), every)
