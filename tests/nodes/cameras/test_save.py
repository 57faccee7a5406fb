from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.formats.cameras import read_cameras
from meshloom.graph_runtime.types import Cameras, PointCloud
from meshloom.nodes.cameras.save import save

CAMERAS = Cameras(
    np.float64([[[100, 0, 32], [0, 110, 24], [0, 0, 1]]]),
    np.float64([[[1, 0, 0, 0], [0, 1, 0, 2], [0, 0, 1, 5]]]),
    np.int32([[64, 48]]),
    ("a.png",),
)
POINTS = PointCloud(np.float32([[1, 2, 3]]), np.uint8([[1, 2, 3]]))


@pytest.mark.parametrize(
    ("format", "names"),
    [
        ("transforms", ["transforms.json", "sparse_pc.ply"]),
        ("colmap", ["cameras.bin", "images.bin", "points3D.bin"]),
        ("colmap_text", ["cameras.txt", "images.txt", "points3D.txt"]),
    ],
)
def test_cameras_and_points_come_back(tmp_path, run, format, names):
    files = save(CAMERAS, POINTS, format=format, run=run)
    assert [file.name for file in files] == names
    for file in files:
        (tmp_path / file.name).write_bytes(file.data.tobytes())
    cameras, points = read_cameras(tmp_path)
    np.testing.assert_allclose(cameras.extrinsics, CAMERAS.extrinsics, atol=1e-12)
    np.testing.assert_allclose(cameras.intrinsics, CAMERAS.intrinsics)
    np.testing.assert_array_equal(points.positions, POINTS.positions)


def test_points_are_missed_with_a_warning_in_plain_json(run):
    assert [file.name for file in save(CAMERAS, POINTS, format="json", run=run)] == ["cameras.json"]
    assert "left out" in run.warnings[0]
