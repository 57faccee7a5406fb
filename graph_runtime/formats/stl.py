"""Meshes as STL: triangles and nothing else, +Z up."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats.axes import from_z_up, to_z_up
from meshloom.graph_runtime.formats.trimeshes import checked_mesh
from meshloom.graph_runtime.types import Mesh

_ROW = np.dtype([("normal", "<f4", (3,)), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])


def write_stl(mesh: Mesh) -> bytes:
    """Binary STL."""
    rows = np.zeros(len(mesh.faces), _ROW)
    corners = to_z_up(mesh.vertices)[mesh.faces]
    rows["corners"] = corners
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    rows["normal"] = normals / np.where(lengths > 0, lengths, 1)
    return b"Meshloom".ljust(80) + np.uint32(len(rows)).tobytes() + rows.tobytes()


def read_stl(data: bytes, name: str) -> Mesh:
    """Binary or text STL; corners at the very same place become one vertex again."""
    corners = _binary(data, name)
    positions = from_z_up(corners.reshape(-1, 3).astype(np.float32)) + np.float32(0)  # no negative zeros
    checked_mesh(name, positions, np.arange(len(positions)).reshape(-1, 3))
    _, first, inverse = np.unique(positions, axis=0, return_index=True, return_inverse=True)
    # In the order in which the file names them.
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return checked_mesh(name, positions[first[order]], rank[inverse.reshape(-1)].reshape(-1, 3))


def _binary(data: bytes, name: str) -> NDArray[Any]:
    """(F, 3, 3) corners."""
    if len(data) >= 84:
        count = int.from_bytes(data[80:84], "little")
        fits = 84 + count * _ROW.itemsize <= len(data)
        # Binary files begin with "solid" too; only the size tells.
        if count and fits and (not data.startswith(b"solid") or 84 + count * _ROW.itemsize == len(data)):
            return np.frombuffer(data, _ROW, count, 84)["corners"]
        if data.lstrip()[:5].lower() != b"solid":
            if count and not fits:
                raise NodeError(
                    f"{name} declares {count:,} triangles, more than the file holds", hint="copy it again"
                )
            raise NodeError(f"{name} holds no triangles", hint="expected an STL file")
    return _text(data, name)


def _text(data: bytes, name: str) -> NDArray[Any]:
    import trimesh

    loaded: Any = trimesh.exchange.stl.load_stl_ascii(io.StringIO(data.decode("utf-8", "replace")))
    corners = np.asarray(loaded.get("vertices", ()), np.float64)
    faces = np.asarray(loaded.get("faces", ()), np.int64)
    if not len(faces):
        raise NodeError(f"{name} holds no triangles", hint="expected an STL file")
    return corners[faces]
