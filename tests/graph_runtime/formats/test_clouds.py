"""Point clouds come back from files, and other programs can open them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats.clouds import read_cloud, write_cloud
from meshloom.graph_runtime.formats.ply import write_ply
from meshloom.graph_runtime.types import PointCloud

RNG = np.random.default_rng(11)
COUNT = 40


def cloud(*fields: str) -> PointCloud:
    normals = RNG.normal(size=(COUNT, 3))
    everything = {
        "colours": RNG.integers(0, 256, (COUNT, 3), np.uint8),
        "normals": (normals / np.linalg.norm(normals, axis=1, keepdims=True)).astype(np.float32),
        "confidence": RNG.random(COUNT, np.float32),
        "observations": RNG.integers(0, COUNT, (60, 2)).astype(np.int32),
    }
    positions = RNG.normal(size=(COUNT, 3)).astype(np.float32)
    return PointCloud(positions, **{name: everything[name] for name in fields})


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def same(one: PointCloud, other: PointCloud) -> None:
    for name in ("positions", "colours", "normals", "confidence", "observations"):
        left, right = getattr(one, name), getattr(other, name)
        assert (left is None) == (right is None), name
        if left is not None:
            np.testing.assert_array_equal(left, right, err_msg=name)


@pytest.mark.parametrize(
    "fields",
    [(), ("colours",), ("normals",), ("colours", "normals", "confidence", "observations")],
)
def test_ply_keeps_everything_exactly(tmp_path: Path, fields: tuple[str, ...]) -> None:
    points = cloud(*fields)
    same(read_cloud(put(tmp_path, "a.ply", write_cloud(points))), points)


@pytest.mark.parametrize("fields", [(), ("colours",), ("normals",), ("colours", "normals")])
def test_text_keeps_positions_colours_and_normals_exactly(tmp_path: Path, fields: tuple[str, ...]) -> None:
    points = cloud(*fields)
    same(read_cloud(put(tmp_path, "a.xyz", write_cloud(points, "xyz"))), points)


def test_open3d_reads_what_we_write(tmp_path: Path) -> None:
    import open3d

    points = cloud("colours", "normals", "confidence", "observations")
    path = put(tmp_path, "a.ply", write_cloud(points))
    found = open3d.io.read_point_cloud(str(path))
    np.testing.assert_allclose(np.asarray(found.points), points.positions, rtol=1e-6)
    np.testing.assert_allclose(np.asarray(found.colors) * 255, points.colours, atol=1e-4)
    np.testing.assert_allclose(np.asarray(found.normals), points.normals, atol=1e-6)


def test_text_without_names_is_understood_by_its_numbers(tmp_path: Path) -> None:
    with_colours = read_cloud(put(tmp_path, "a.txt", b"// made elsewhere\n0 0 0 255 0 9\n1 2 3 0 128 8\n"))
    assert with_colours.colours is not None and with_colours.colours.tolist() == [[255, 0, 9], [0, 128, 8]]
    fractions = read_cloud(put(tmp_path, "b.txt", b"0;0;0;1.0;0;0.5\n1;2;3;0;0.25;0\n"))
    assert fractions.colours is not None and fractions.colours.tolist() == [[255, 0, 128], [0, 64, 0]]
    normals = read_cloud(put(tmp_path, "c.csv", b"x,y,z,nx,ny,nz\n0,0,0,0,0,2\n1,1,1,1,0,0\n"))
    assert normals.colours is None and normals.normals is not None
    assert normals.normals.tolist() == [[0, 0, 1], [1, 0, 0]]
    pts = read_cloud(put(tmp_path, "d.pts", b"2\n0 0 0 -700 1 2 3\n1 1 1 800 4 5 6\n"))
    assert pts.colours is not None and pts.colours.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_gaussian_splats_open_as_coloured_points(tmp_path: Path) -> None:
    names = ["x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2", "opacity"]
    columns = {name: np.zeros(2, np.float32) for name in names}
    columns["f_dc_0"] = np.float32([0.5, -0.5]) / np.float32(0.28209479)
    points = read_cloud(put(tmp_path, "splats.ply", write_ply({"vertex": columns})))
    assert points.colours is not None and points.colours.tolist() == [[255, 128, 128], [0, 128, 128]]
    assert points.normals is None


def test_points_that_are_no_numbers_are_left_out_and_told_of(tmp_path: Path) -> None:
    points = cloud("colours", "observations")
    positions = points.positions.copy()
    positions[3], positions[7, 1] = np.nan, np.inf
    told: list[str] = []
    data = write_cloud(PointCloud(positions, points.colours, observations=points.observations))
    found = read_cloud(put(tmp_path, "a.ply", data), told.append)
    assert len(found) == COUNT - 2 and "2 points" in told[0]
    assert points.observations is not None and found.observations is not None
    kept = points.observations[~np.isin(points.observations[:, 0], [3, 7])]
    np.testing.assert_array_equal(found.positions[found.observations[:, 0]], positions[kept[:, 0]])


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"\xff\xd8\xff\xe0 a photo", "neither PLY nor text"),
        (b"hello world\nnothing here\n", "no lines of x y z"),
        (b"1 2\n3 4\n", "fewer than 3"),
        (b"1 2 3\n4 5\n", "differing length"),
        (b"1 2 3\n4 5 six\n", "other than numbers"),
        (b"nan nan nan\n", "no point that is a finite"),
        (b"ply\nformat ascii 1.0\nelement vertex 1\nproperty float q\nend_header\n1\n", "no points x, y, z"),
    ],
)
def test_what_is_no_cloud_says_so(tmp_path: Path, data: bytes, says: str) -> None:
    with pytest.raises(NodeError, match=says):
        read_cloud(put(tmp_path, "a.ply", data))


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(NodeError, match="expected one of ply, xyz"):
        write_cloud(cloud(), "las")
