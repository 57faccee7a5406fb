"""The corners of glTF that exporters do use."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from meshloom.graph_runtime.formats.gltf_writing import glb
from meshloom.graph_runtime.formats.images import write_image
from meshloom.graph_runtime.formats.meshes import read_mesh
from meshloom.graph_runtime.types import Image, Mesh

CORNERS = np.float32([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]])


class Builder:
    """A GLB by hand: arrays become accessors."""

    def __init__(self) -> None:
        self.body = b""
        self.document: dict[str, Any] = {
            "asset": {"version": "2.0"},
            "bufferViews": [],
            "accessors": [],
            "nodes": [{"mesh": 0}],
        }

    def view(self, data: bytes, **more: Any) -> int:
        entry = {"buffer": 0, "byteOffset": len(self.body), "byteLength": len(data), **more}
        self.document["bufferViews"].append(entry)
        self.body += data + b"\0" * (-len(data) % 4)
        return len(self.document["bufferViews"]) - 1

    def accessor(self, array: np.ndarray, **more: Any) -> int:
        kinds = {"float32": 5126, "uint16": 5123, "uint8": 5121, "int16": 5122, "int8": 5120}
        shape = "SCALAR" if array.ndim == 1 else f"VEC{array.shape[1]}"
        entry = {"bufferView": self.view(array.tobytes()), "count": len(array), "type": shape}
        self.document["accessors"].append(entry | {"componentType": kinds[array.dtype.name]} | more)
        return len(self.document["accessors"]) - 1

    def read(self, folder: Path, *primitives: dict[str, Any], warn: Any = None) -> Mesh:
        self.document["meshes"] = [{"primitives": list(primitives)}]
        self.document["buffers"] = [{"byteLength": len(self.body)}]
        path = folder / "a.glb"
        path.write_bytes(glb(json.dumps(self.document).encode(), self.body))
        return read_mesh(path, warn)


@pytest.mark.parametrize(
    ("mode", "faces"),
    [(4, [[0, 1, 2]]), (5, [[0, 1, 2], [1, 3, 2]]), (6, [[1, 2, 0], [2, 3, 0]])],
)
def test_lists_strips_and_fans_without_indices(tmp_path: Path, mode: int, faces: list[list[int]]) -> None:
    made = Builder()
    mesh = made.read(tmp_path, {"attributes": {"POSITION": made.accessor(CORNERS)}, "mode": mode})
    assert mesh.faces.tolist() == faces


def test_points_and_lines_are_left_out_and_told_of(tmp_path: Path) -> None:
    made = Builder()
    positions = {"POSITION": made.accessor(CORNERS)}
    told: list[str] = []
    mesh = made.read(
        tmp_path, {"attributes": positions}, {"attributes": positions, "mode": 0}, warn=told.append
    )
    assert len(mesh.faces) == 1 and "points or lines" in told[0]


def test_quantised_interleaved_and_sparse_arrays(tmp_path: Path) -> None:
    made = Builder()
    # 16-bit positions of stride 8, scaled by the node.
    rows = np.zeros((4, 4), np.int16)
    rows[:, :3] = CORNERS * 100
    view = made.view(rows.tobytes(), byteStride=8)
    sparse = {
        "count": 1,
        "indices": {"bufferView": made.view(np.uint16([2]).tobytes()), "componentType": 5123},
        "values": {"bufferView": made.view(np.int16([0, 500, 0]).tobytes())},
    }
    made.document["accessors"].append(
        {"bufferView": view, "count": 4, "type": "VEC3", "componentType": 5122, "sparse": sparse}
    )
    made.document["nodes"] = [{"mesh": 0, "scale": [0.01, 0.01, 0.01]}]
    mesh = made.read(tmp_path, {"attributes": {"POSITION": 0}})
    np.testing.assert_allclose(mesh.vertices, [[0, 0, 0], [1, 0, 0], [0, -5, 0], [1, -1, 0]], atol=1e-6)


def test_byte_normals_and_uv_are_normalised(tmp_path: Path) -> None:
    made = Builder()
    up = np.int8([[0, 127, 0, 0]] * 4)
    attributes = {
        "POSITION": made.accessor(CORNERS),
        "NORMAL": made.accessor(up, normalized=True),
        "TEXCOORD_0": made.accessor(np.uint8([[0, 255]] * 4), normalized=True),
    }
    mesh = made.read(tmp_path, {"attributes": attributes})
    assert mesh.normals is not None and mesh.uv is not None
    np.testing.assert_allclose(mesh.normals[0], [0, -1, 0], atol=1e-6)
    np.testing.assert_allclose(mesh.uv[0], [0, 1])


def test_a_texture_transform_moves_the_uv(tmp_path: Path) -> None:
    made = Builder()
    picture = made.view(write_image(Image(np.zeros((2, 2, 3), np.uint8)), "png"))
    made.document |= {
        "images": [{"bufferView": picture, "mimeType": "image/png"}],
        "textures": [{"source": 0}],
    }
    moved = {"offset": [0.5, 0.25], "rotation": math.pi / 2, "scale": [2, 3], "texCoord": 1}
    texture = {"index": 0, "extensions": {"KHR_texture_transform": moved}}
    made.document["materials"] = [{"pbrMetallicRoughness": {"baseColorTexture": texture}}]
    attributes = {
        "POSITION": made.accessor(CORNERS),
        "TEXCOORD_0": made.accessor(np.zeros((4, 2), np.float32)),
        "TEXCOORD_1": made.accessor(CORNERS[:, :2].copy()),
    }
    mesh = made.read(tmp_path, {"attributes": attributes, "material": 0})
    assert mesh.uv is not None
    # A quarter turn counter-clockwise as seen with v downwards: u goes to -v, v to u.
    np.testing.assert_allclose(mesh.uv, [[0.5, 0.25], [0.5, -1.75], [3.5, 0.25], [3.5, -1.75]], atol=1e-6)


def test_the_old_specular_material_keeps_its_colour(tmp_path: Path) -> None:
    made = Builder()
    old = {"diffuseFactor": [0.1, 0.2, 0.3, 1], "glossinessFactor": 0.25}
    made.document["materials"] = [{"extensions": {"KHR_materials_pbrSpecularGlossiness": old}}]
    mesh = made.read(tmp_path, {"attributes": {"POSITION": made.accessor(CORNERS)}, "material": 0})
    assert mesh.material is not None
    assert mesh.material.base_factor == (0.1, 0.2, 0.3, 1) and mesh.material.roughness == 0.75


def test_glb_without_a_binary_chunk_is_padded_right() -> None:
    data = glb(b"{}", b"")
    assert struct.unpack_from("<4sII", data) == (b"glTF", 2, len(data)) and len(data) % 4 == 0
