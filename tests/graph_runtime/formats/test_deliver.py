"""Every value becomes a file that says what it holds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from meshloom.graph_runtime import codecs
from meshloom.graph_runtime.formats.cameras import read_cameras
from meshloom.graph_runtime.formats.clouds import read_cloud
from meshloom.graph_runtime.formats.deliver import to_files
from meshloom.graph_runtime.formats.exr import read_channels
from meshloom.graph_runtime.formats.images import read_image
from meshloom.graph_runtime.formats.meshes import read_mesh
from meshloom.graph_runtime.formats.names import make_file
from meshloom.graph_runtime.formats.tables import read_table
from meshloom.graph_runtime.types import (
    Cameras,
    DepthMap,
    Figure,
    File,
    Image,
    Mask,
    Material,
    Mesh,
    PointCloud,
    Series,
    Table,
    Text,
)

RNG = np.random.default_rng(0)


def delivered(folder: Path, value: object) -> dict[str, Path]:
    paths = {}
    for file in to_files("result", value):
        path = folder / file.name
        path.write_bytes(file.data.tobytes())
        paths[file.name] = path
    return paths


def test_pictures(tmp_path: Path) -> None:
    shallow = Image(RNG.integers(0, 256, (4, 5, 3), np.uint8))
    np.testing.assert_array_equal(
        read_image(delivered(tmp_path, shallow)["result.png"]).pixels, shallow.pixels
    )
    deep = Image(RNG.random((4, 5, 3), np.float32))
    np.testing.assert_allclose(
        read_image(delivered(tmp_path, deep)["result.png"]).pixels, deep.pixels, atol=1e-5
    )
    bright = Image(deep.pixels * 4)
    np.testing.assert_allclose(
        read_image(delivered(tmp_path, bright)["result.exr"]).pixels, bright.pixels, rtol=1e-5
    )
    mask = Mask(np.float32([[0, 0.5, 1]]))
    assert read_image(delivered(tmp_path, mask)["result.png"]).pixels[0, :, 0].tolist() == [0, 128, 255]


def test_depth_is_exact_and_linear(tmp_path: Path) -> None:
    depth = DepthMap(RNG.random((4, 5), np.float32) * 100, RNG.random((4, 5), np.float32))
    channels = read_channels(delivered(tmp_path, depth)["result.exr"], 10**6)
    np.testing.assert_array_equal(channels["Z"], depth.depth)
    np.testing.assert_array_equal(channels["confidence"], depth.confidence)


def test_geometry(tmp_path: Path) -> None:
    mesh = Mesh(np.float32([[0, 0, 0], [1, 0, 0], [0, 1, 0]]), np.int32([[0, 1, 2]]))
    np.testing.assert_array_equal(read_mesh(delivered(tmp_path, mesh)["result.glb"]).vertices, mesh.vertices)
    bare = Mesh(mesh.vertices, np.empty((0, 3), np.int32))
    assert len(read_cloud(delivered(tmp_path, bare)["result.ply"])) == 3
    cloud = PointCloud(mesh.vertices, confidence=np.float32([0, 0.5, 1]))
    np.testing.assert_array_equal(
        read_cloud(delivered(tmp_path, cloud)["result.ply"]).confidence, cloud.confidence
    )
    pose = np.eye(4)[None, :3]
    cameras = Cameras(np.eye(3)[None] * 50, pose, np.int32([[6, 4]]), ("a.jpg",))
    assert read_cameras(delivered(tmp_path, cameras)["result.json"])[0].names == ("a.jpg",)


def test_words_and_numbers(tmp_path: Path) -> None:
    table = Table(("a", "b"), ((1, "x"),))
    assert read_table(delivered(tmp_path, table)["result.csv"]).rows == table.rows
    assert delivered(tmp_path, Text("größe"))["result.txt"].read_text("utf-8") == "größe"
    assert delivered(tmp_path, "word")["result.txt"].read_text() == "word"
    for number in (7, 0.1, True):
        assert json.loads(delivered(tmp_path, number)["result.json"].read_text()) == number
    assert json.loads(delivered(tmp_path, float("nan"))["result.json"].read_text()) == "nan"


def test_figures_are_drawn_and_exact(tmp_path: Path) -> None:
    figure = Figure("t", "x", "y", (Series("a", np.array([0.0, 1]), np.array([1 / 3, np.nan])),))
    paths = delivered(tmp_path, figure)
    assert paths["result.svg"].read_bytes().startswith(b"<svg")
    assert json.loads(paths["result.json"].read_text())["series"][0]["y"] == [1 / 3, None]


def test_other_values_can_be_loaded_again(tmp_path: Path) -> None:
    material = Material(base_colour=RNG.integers(0, 256, (2, 2, 3), np.uint8))
    path = delivered(tmp_path, material)["result.safetensors"]
    np.testing.assert_array_equal(codecs.decode(path.read_bytes()).base_colour, material.base_colour)
    plain = delivered(tmp_path, Material(roughness=0.5))["result.json"]
    assert codecs.decode(plain.read_bytes()).roughness == 0.5


def test_lists_are_numbered_and_files_keep_their_safe_names() -> None:
    assert [file.name for file in to_files("a", [1, 2])] == ["a_01.json", "a_02.json"]
    file = make_file("../x/y.bin", b"\0\1")
    assert file.name == "_x_y.bin" and file.data.tolist() == [0, 1]
    hostile = File("../../z.txt", np.zeros(1, np.uint8))
    assert [file.name for file in to_files("a", [hostile])] == ["_.._z.txt"]


@pytest.mark.parametrize("name", ["a/b", "..", "con"])
def test_names_of_results_are_safe(name: str) -> None:
    (file,) = to_files(name, 1)
    assert "/" not in file.name and not file.name.startswith(".")
