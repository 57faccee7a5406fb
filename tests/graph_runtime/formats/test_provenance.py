"""Every file gives back the workflow that made it, stays a good file, and hostile ones do no harm."""

from __future__ import annotations

import json
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest

from meshloom.graph_runtime.formats.clouds import read_cloud, write_cloud
from meshloom.graph_runtime.formats.gltf_writing import glb
from meshloom.graph_runtime.formats.images import read_image, write_image
from meshloom.graph_runtime.formats.meshes import read_mesh, write_mesh
from meshloom.graph_runtime.formats.provenance import LIMIT, SIDECAR, embed, extract
from meshloom.graph_runtime.types import Image, Mesh, PointCloud

RNG = np.random.default_rng(2)
IMAGE = Image(RNG.integers(0, 256, (9, 13, 3), np.uint8), focal_px=20)
MESH = Mesh(np.float32([[0, 0, 0], [1, 0, 0], [0, 1, 0]]), np.int32([[0, 1, 2]]))
CLOUD = PointCloud(RNG.random((30, 3), np.float32))
WORKFLOW = json.dumps({"meshloom": 1, "nodes": {"größe": {"type": "a.b", "with": {"x": "日本 --> */ \n"}}}})
#: Longer than any segment or line: it cannot be compressed.
LONG = json.dumps({"noise": RNG.bytes(150_000).hex()})
FORMATS = ("png", "jpg", "glb", "ply")


def made(format: str) -> bytes:
    if format in ("png", "jpg"):
        return write_image(IMAGE, format)
    return write_mesh(MESH) if format == "glb" else write_cloud(CLOUD)


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("workflow", [WORKFLOW, LONG, "", "{}"])
def test_the_workflow_comes_back_from_inside_the_file(tmp_path: Path, format: str, workflow: str) -> None:
    data, beside = embed(f"a.{format}", made(format), workflow)
    assert beside is None
    assert extract(put(tmp_path, f"renamed.{format}", data)) == workflow


@pytest.mark.parametrize("format", FORMATS)
def test_the_file_stays_what_it_was(tmp_path: Path, format: str) -> None:
    before, after = put(tmp_path, f"a.{format}", made(format)), tmp_path / f"b.{format}"
    after.write_bytes(embed("b", made(format), LONG)[0])
    if format in ("png", "jpg"):
        one, other = read_image(before), read_image(after)
        np.testing.assert_array_equal(one.pixels, other.pixels)
        assert one.focal_px == other.focal_px > 0
    elif format == "glb":
        np.testing.assert_array_equal(read_mesh(before).vertices, read_mesh(after).vertices)
        length = struct.unpack_from("<I", after.read_bytes(), 8)[0]
        assert length == after.stat().st_size and length % 4 == 0
    else:
        np.testing.assert_array_equal(read_cloud(before).positions, read_cloud(after).positions)


@pytest.mark.parametrize("format", FORMATS)
def test_a_second_workflow_replaces_the_first(tmp_path: Path, format: str) -> None:
    once = embed("a", made(format), WORKFLOW)[0]
    twice = embed("a", embed("a", made(format), LONG)[0], WORKFLOW)[0]
    assert twice == once
    assert extract(put(tmp_path, f"a.{format}", twice)) == WORKFLOW


def test_other_programs_still_open_them(tmp_path: Path) -> None:
    import cv2
    import open3d
    import trimesh

    ply = put(tmp_path, "a.ply", embed("a", made("ply"), LONG)[0])
    assert len(open3d.io.read_point_cloud(str(ply)).points) == 30
    model = put(tmp_path, "a.glb", embed("a", made("glb"), WORKFLOW)[0])
    assert len(trimesh.load_mesh(model).faces) == 1
    for format in ("png", "jpg"):
        path = put(tmp_path, f"a.{format}", embed("a", made(format), LONG)[0])
        assert cv2.imread(str(path)).shape == (9, 13, 3)
    from PIL import Image as Pillow

    with Pillow.open(tmp_path / "a.png") as picture:
        picture.load()
        assert picture.text["meshloom"] == LONG  # type: ignore[attr-defined]


def test_ply_with_windows_lines_and_text_rows(tmp_path: Path) -> None:
    text = "ply\r\nformat ascii 1.0\r\nelement vertex 1\r\nproperty float x\r\nproperty float y\r\n"
    text += "property float z\r\nend_header\r\n1 2 3\r\n"
    path = put(tmp_path, "a.ply", embed("a", text.encode(), WORKFLOW)[0])
    assert extract(path) == WORKFLOW
    assert read_cloud(path).positions.tolist() == [[1, 2, 3]]


@pytest.mark.parametrize(
    "data", [b"a,b\n1,2\n", b"", b"glTF", b"\x89PNG\r\n\x1a\n", b"ply\n", b"\xff\xd8\xff\xe0"]
)
def test_anything_else_gets_a_file_beside_it(tmp_path: Path, data: bytes) -> None:
    same, beside = embed("a.csv", data, WORKFLOW)
    assert same == data and beside == WORKFLOW.encode()
    path = put(tmp_path, "a.csv", data)
    assert extract(path) is None
    sidecar = put(tmp_path, "a.csv" + SIDECAR, beside)
    assert extract(path) == extract(sidecar) == WORKFLOW


def test_missing_files_and_folders_hold_no_workflow(tmp_path: Path) -> None:
    assert extract(tmp_path / "no.png") is None
    assert extract(tmp_path) is None


def test_a_compressed_bomb_is_not_unpacked(tmp_path: Path) -> None:
    packed = zlib.compress(b"\0" * (LIMIT + 1), 9)
    content = b"iTXtmeshloom\0\1\0\0\0" + packed
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    data = made("png")
    path = put(tmp_path, "a.png", data[:33] + chunk + data[33:])
    tracemalloc.start()
    assert extract(path) is None
    assert tracemalloc.get_traced_memory()[1] < 3 * LIMIT
    tracemalloc.stop()


def test_files_that_go_on_for_ever_end(tmp_path: Path) -> None:
    tiny = struct.pack(">I4sI", 0, b"junk", 0)
    assert extract(put(tmp_path, "a.png", made("png")[:33] + tiny * 400_000)) is None
    assert extract(put(tmp_path, "a.jpg", b"\xff\xd8" + b"\xff\xfe\0\2" * 400_000)) is None
    assert extract(put(tmp_path, "b.jpg", b"\xff\xd8" + b"\xff\xfe\0\0" * 400_000)) is None
    assert extract(put(tmp_path, "a.ply", b"ply\n" + b"comment meshloom 0/9 AAAA\n" * 400_000)) is None
    deep = b'{"asset":' + b"[" * 200_000
    assert extract(put(tmp_path, "a.glb", glb(deep, b""))) is None


@pytest.mark.parametrize("format", FORMATS)
def test_damaged_files_give_a_workflow_or_none(tmp_path: Path, format: str) -> None:
    data = embed("a", made(format), WORKFLOW)[0]
    random = np.random.default_rng(6)
    given = 0
    for _ in range(300):
        broken = np.frombuffer(data, np.uint8).copy()
        places = random.integers(0, len(broken), random.integers(1, 5))
        broken[places] = random.integers(0, 256, len(places))
        damaged = broken.tobytes()[: random.integers(len(broken) // 2, len(broken) + 1)]
        found = extract(put(tmp_path, "a", damaged))
        assert found is None or isinstance(found, str)
        given += found == WORKFLOW
        again, beside = embed("a", damaged, "{}")
        assert beside is None or again == damaged
    assert given > 0
