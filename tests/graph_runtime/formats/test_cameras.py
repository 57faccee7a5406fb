"""Cameras come back from every format, and COLMAP itself agrees with what we write."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats.cameras import FORMATS, read_cameras, write_cameras, write_colmap
from meshloom.graph_runtime.types import Cameras, PointCloud

RNG = np.random.default_rng(9)
COUNT = 5


def cameras(distorted: bool = True) -> Cameras:
    intrinsics = np.tile(np.eye(3), (COUNT, 1, 1))
    intrinsics[:, 0, 0], intrinsics[:, 1, 1] = RNG.uniform(500, 900, (2, COUNT))
    intrinsics[:, :2, 2] = RNG.uniform(200, 400, (COUNT, 2))
    turns = Rotation.from_rotvec(RNG.normal(scale=0.2, size=(COUNT, 3))).as_matrix()
    poses = np.concatenate([turns, RNG.normal(size=(COUNT, 3, 1))], axis=2)
    lenses = RNG.uniform(-0.1, 0.1, (COUNT, 4)) if distorted else None
    names = tuple(f"photo_{index}.jpg" for index in range(COUNT))
    return Cameras(intrinsics, poses, np.tile(np.int32([[640, 480]]), (COUNT, 1)), names, lenses)


def cloud() -> PointCloud:
    observations = np.int32([[0, 0], [0, 1], [0, 4], [1, 1], [1, 2], [2, 0], [2, 3]])
    positions = RNG.normal(size=(3, 3)).astype(np.float32) + np.float32([0, 0, 9])
    return PointCloud(positions, RNG.integers(0, 256, (3, 3), np.uint8), observations=observations)


def put(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def same(one: Cameras, other: Cameras, rtol: float = 1e-9) -> None:
    assert one.names == other.names
    np.testing.assert_array_equal(one.sizes, other.sizes)
    np.testing.assert_allclose(one.intrinsics, other.intrinsics, rtol=rtol)
    np.testing.assert_allclose(one.extrinsics, other.extrinsics, rtol=rtol, atol=1e-9)
    assert (one.distortion is None) == (other.distortion is None)
    if one.distortion is not None and other.distortion is not None:
        np.testing.assert_allclose(one.distortion, other.distortion, rtol=rtol)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("distorted", [False, True])
def test_cameras_come_back(tmp_path: Path, format: str, distorted: bool) -> None:
    given = cameras(distorted)
    folder = put(tmp_path / "model", write_cameras(given, format))
    found, points = read_cameras(folder / "cameras.json" if format == "json" else folder)
    same(found, given)
    assert len(points) == 0


@pytest.mark.parametrize("format", ["colmap", "colmap_text", "transforms"])
def test_points_come_back(tmp_path: Path, format: str) -> None:
    given = cloud()
    _, found = read_cameras(put(tmp_path / "model", write_cameras(cameras(), format, given)))
    np.testing.assert_array_equal(found.positions, given.positions)
    np.testing.assert_array_equal(found.colours, given.colours)
    if format != "transforms":
        assert found.observations is not None and given.observations is not None
        assert sorted(found.observations.tolist()) == sorted(given.observations.tolist())


@pytest.mark.parametrize("binary", [True, False])
def test_colmap_reads_what_we_write(tmp_path: Path, binary: bool) -> None:
    import pycolmap

    given, points = cameras(), cloud()
    folder = put(tmp_path / "model", write_colmap(given, points, binary))
    model = pycolmap.Reconstruction(str(folder))
    assert model.num_points3D() == 3 and model.num_reg_images() == COUNT
    for row, number in enumerate(sorted(model.images)):
        image = model.images[number]
        assert image.name == given.names[row]
        np.testing.assert_allclose(image.cam_from_world().matrix(), given.extrinsics[row], atol=1e-9)
        lens = model.cameras[image.camera_id]
        assert given.distortion is not None
        np.testing.assert_allclose(lens.params[4:], given.distortion[row])
        for feature in image.points2D:
            # COLMAP projects the point to where we say that it was seen.
            expected = image.project_point(model.points3D[feature.point3D_id].xyz)
            np.testing.assert_allclose(feature.xy, expected, atol=1e-5)
    assert sum(point.track.length() for point in model.points3D.values()) == 7


def test_we_read_what_colmap_writes(tmp_path: Path) -> None:
    import pycolmap

    source = put(tmp_path / "ours", write_colmap(cameras(), cloud()))
    model = pycolmap.Reconstruction(str(source))
    found = []
    for kind in ("text", "binary"):
        folder = tmp_path / kind
        folder.mkdir()
        getattr(model, f"write_{kind}")(str(folder))
        found.append(read_cameras(folder))
    (text, text_points), (binary, binary_points) = found
    same(text, binary, rtol=1e-6)
    np.testing.assert_allclose(text_points.positions, binary_points.positions, rtol=1e-5)
    np.testing.assert_array_equal(binary_points.colours, text_points.colours)


@pytest.mark.parametrize(
    ("line", "matrix", "lens"),
    [
        ("SIMPLE_PINHOLE 640 480 500 320 240", (500, 500), (0, 0, 0, 0)),
        ("PINHOLE 640 480 500 510 320 240", (500, 510), (0, 0, 0, 0)),
        ("SIMPLE_RADIAL 640 480 500 320 240 0.1", (500, 500), (0.1, 0, 0, 0)),
        ("RADIAL 640 480 500 320 240 0.1 -0.2", (500, 500), (0.1, -0.2, 0, 0)),
        ("OPENCV 640 480 500 510 320 240 0.1 -0.2 0.01 0.02", (500, 510), (0.1, -0.2, 0.01, 0.02)),
    ],
)
def test_every_lens_of_colmap_that_opencv_can_say(tmp_path: Path, line: str, matrix: Any, lens: Any) -> None:
    files = {"cameras.txt": f"# hello\n7 {line}\n".encode(), "images.txt": b"3 1 0 0 0 1 2 3 7 a b.jpg\n\n"}
    found, _ = read_cameras(put(tmp_path, files))
    assert (found.intrinsics[0, 0, 0], found.intrinsics[0, 1, 1]) == matrix
    assert found.intrinsics[0, :2, 2].tolist() == [320, 240]
    np.testing.assert_allclose(
        (found.distortion if found.distortion is not None else np.zeros((1, 4)))[0], lens
    )
    assert found.names == ("a b.jpg",) and found.extrinsics[0, :, 3].tolist() == [1, 2, 3]


def placed(document: Any) -> NDArray[np.float64]:
    return np.array(document["frames"][0]["transform_matrix"])


def test_transforms_json_against_matrices_by_hand(tmp_path: Path) -> None:
    # A camera 5 in front of the origin (at z = -5), 2 up (y = -2), looking along +z: the identity rotation.
    matrix = np.float64([[[100, 0, 32], [0, 110, 24], [0, 0, 1]]])
    pose = np.float64([[[1, 0, 0, 0], [0, 1, 0, 2], [0, 0, 1, 5]]])
    one = Cameras(matrix, pose, np.int32([[64, 48]]), ("a.png",))
    data = write_cameras(one, "transforms")["transforms.json"]
    # +Z up: it stands at y = -5, z = 2. OpenGL: its x is x, its y is up (z), its z points back (-y).
    expected = [[1, 0, 0, 0], [0, 0, -1, -5], [0, 1, 0, 2], [0, 0, 0, 1]]
    document = json.loads(data)
    np.testing.assert_array_equal(placed(document), expected)
    assert document["applied_transform"] == [[1, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0]]
    assert document["frames"][0]["file_path"] == "images/a.png"
    assert [document["frames"][0][key] for key in ("w", "h", "fl_x", "fl_y", "cx", "cy")] == [
        64,
        48,
        100,
        110,
        32,
        24,
    ]


def test_an_applied_transform_and_scale_are_undone(tmp_path: Path) -> None:
    given = cameras()
    document = json.loads(write_cameras(given, "transforms")["transforms.json"])
    old = np.vstack([np.array(document["applied_transform"]), [0, 0, 0, 1]])
    extra = np.eye(4)
    extra[:3, :3] = Rotation.random(rng=8).as_matrix()
    extra[:3, 3] = [1, -2, 3]
    document["applied_transform"] = (extra @ old)[:3].tolist()
    document["applied_scale"] = 0.25
    for frame in document["frames"]:
        matrix = extra @ np.array(frame["transform_matrix"])
        matrix[:3, 3] *= 0.25
        frame["transform_matrix"] = matrix.tolist()
    path = put(tmp_path / "a", {"transforms.json": json.dumps(document).encode()}) / "transforms.json"
    same(read_cameras(path)[0], given)


def test_blender_and_instant_ngp_files_are_read(tmp_path: Path) -> None:
    from PIL import Image as Pillow

    (tmp_path / "train").mkdir()
    Pillow.new("RGB", (80, 60)).save(tmp_path / "train" / "r_0.png")
    # Blender's synthetic scenes: +Z up, a field of view, no sizes, names without extension.
    above = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 4], [0, 0, 0, 1]]  # 4 above the origin, looking down
    document = {
        "camera_angle_x": math.pi / 2,
        "frames": [{"file_path": "./train/r_0", "transform_matrix": above}],
    }
    put(tmp_path, {"train.json": json.dumps(document).encode()})
    found, _ = read_cameras(tmp_path / "train.json")
    assert found.sizes.tolist() == [[80, 60]] and found.names == ("r_0",)
    assert found.intrinsics[0, 0, 0] == pytest.approx(40) and found.intrinsics[0, 0, 2] == 40
    np.testing.assert_allclose(found.centres(), [[0, -4, 0]], atol=1e-12)  # y is down: above is negative
    np.testing.assert_allclose(found.extrinsics[0, 2, :3], [0, 1, 0], atol=1e-12)  # it looks down


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"frames": None}, "no frames"),
        ({"camera_model": "OPENCV_FISHEYE"}, "camera model"),
        ({"k3": 0.1}, "k3"),
        ({"applied_transform": [[0, 0, 0, 0]] * 3}, "cannot be undone"),
        ({"applied_scale": 0}, "applied_scale"),
        ({"w": 10**9}, "expected pixels"),
    ],
)
def test_broken_transforms_are_explained(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    document = json.loads(write_cameras(cameras(), "transforms")["transforms.json"])
    if "w" in change:
        document["frames"][0] |= change
    else:
        document |= change
    folder = put(tmp_path / "a", {"transforms.json": json.dumps(document).encode()})
    with pytest.raises(NodeError, match=says):
        read_cameras(folder / "transforms.json")


@pytest.mark.parametrize(
    "matrix", [np.zeros((4, 4)), np.diag([1.0, 1, -1, 1]), np.diag([1.0, 2, 1, 1]), np.eye(2)]
)
def test_a_matrix_that_is_no_pose_is_refused(tmp_path: Path, matrix: NDArray[np.float64]) -> None:
    document = json.loads(write_cameras(cameras(), "transforms")["transforms.json"])
    document["frames"][2]["transform_matrix"] = matrix.tolist()
    folder = put(tmp_path / "a", {"transforms.json": json.dumps(document).encode()})
    with pytest.raises(NodeError, match="frame 2"):
        read_cameras(folder)


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("stem", ["cameras", "images", "points3D"])
def test_damaged_models_raise_clean_errors_or_still_read(tmp_path: Path, binary: bool, stem: str) -> None:
    files = write_colmap(cameras(), cloud(), binary)
    folder = put(tmp_path / "model", files)
    name = f"{stem}.{'bin' if binary else 'txt'}"
    random = np.random.default_rng(3)
    for _ in range(60):
        broken = np.frombuffer(files[name], np.uint8).copy()
        places = random.integers(0, len(broken), 3)
        broken[places] = random.integers(0, 256, 3)
        (folder / name).write_bytes(broken.tobytes()[: random.integers(len(broken) // 3, len(broken) + 1)])
        try:
            read_cameras(folder)
        except NodeError as error:
            assert str(error)


def test_counts_beyond_the_file_are_refused(tmp_path: Path) -> None:
    files = write_colmap(cameras(), cloud())
    for name in files:
        broken = files | {name: b"\xff" * 7 + b"\0" + files[name][8:]}
        with pytest.raises(NodeError, match="more than the file holds"):
            read_cameras(put(tmp_path / "model", broken))


def test_what_is_no_model_says_so(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match="no COLMAP model"):
        read_cameras(tmp_path)
    with pytest.raises(NodeError, match="nothing is chosen"):
        read_cameras(Path())
    (tmp_path / "a.json").write_text("[1, 2]")
    with pytest.raises(NodeError, match="no cameras"):
        read_cameras(tmp_path / "a.json")
    fisheye = {"cameras.txt": b"1 OPENCV_FISHEYE 640 480 1 1 1 1 0 0 0 0\n", "images.txt": b""}
    with pytest.raises(NodeError, match="OPENCV_FISHEYE"):
        read_cameras(put(tmp_path, fisheye))


def test_no_cameras_at_all_are_still_a_file(tmp_path: Path) -> None:
    none = Cameras(np.empty((0, 3, 3)), np.empty((0, 3, 4)), np.empty((0, 2), np.int32), ())
    for format in FORMATS:
        folder = put(tmp_path / format, write_cameras(none, format))
        path = folder / "cameras.json" if format == "json" else folder
        assert len(read_cameras(path)[0]) == 0
