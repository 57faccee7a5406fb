"""Meshes as PLY. As it is, with no change of axes; uv as ``s``, ``t`` with t counted from the bottom."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats.ply import Element, Lists, read_ply, write_ply
from meshloom.graph_runtime.formats.trimeshes import checked_mesh
from meshloom.graph_runtime.types import Mesh

Array = NDArray[Any]

_UV_NAMES = (("s", "t"), ("u", "v"), ("texture_u", "texture_v"))
_COLOUR_NAMES = (("red", "green", "blue"), ("diffuse_red", "diffuse_green", "diffuse_blue"), ("r", "g", "b"))


def read_ply_mesh(data: bytes, name: str) -> Mesh:
    """Polygons are cut into triangles; uv may be a vertex's or, as MeshLab writes them, a face corner's."""
    elements = read_ply(data, name)
    vertices, faces = elements.get("vertex"), elements.get("face")
    positions = vertices.stacked("x", "y", "z") if vertices is not None else None
    if vertices is None or positions is None:
        raise NodeError(f"{name} has no vertices x, y, z", hint="export it again")
    corners = None
    if faces is not None:
        corners = faces.columns.get("vertex_indices", faces.columns.get("vertex_index"))
    if not isinstance(corners, Lists) or not len(corners.counts):
        raise NodeError(f"{name} has no faces; expected a mesh", hint="a point cloud is read by cloud.load")
    assert faces is not None
    triangles = fan(corners.counts)
    indices = corners.values.astype(np.int64)[triangles]
    uv = next((found for pair in _UV_NAMES if (found := vertices.stacked(*pair)) is not None), None)
    colours, normals = colours_of(vertices), vertices.stacked("nx", "ny", "nz")
    wedges = faces.columns.get("texcoord")
    if uv is None and isinstance(wedges, Lists) and (wedges.counts == 2 * corners.counts).all():
        # One vertex for each pair of a position and a uv that occurs together.
        corner_uv = wedges.values.reshape(-1, 2)[triangles].reshape(-1, 2).astype(np.float32)
        flat = indices.reshape(-1)
        if len(flat) and (flat.min() < 0 or flat.max() >= len(positions)):
            checked_mesh(name, positions, indices)
        key = np.column_stack([flat, corner_uv.view(np.int32)])
        _, first, inverse = np.unique(key, axis=0, return_index=True, return_inverse=True)
        indices, chosen = inverse.reshape(-1, 3), flat[first]
        positions, uv = positions[chosen], corner_uv[first]
        colours = None if colours is None else colours[chosen]
        normals = None if normals is None else normals[chosen]
    if uv is not None:
        uv = np.column_stack([uv[:, 0], 1.0 - uv[:, 1].astype(np.float64)])
    return checked_mesh(name, positions, indices, uv, normals, colours)


def write_ply_mesh(mesh: Mesh) -> bytes:
    """Everything but the material, which PLY has no place for."""
    columns = vertex_columns(mesh.vertices, mesh.normals, mesh.colours)
    if mesh.uv is not None:
        columns["s"] = mesh.uv[:, 0]
        columns["t"] = (1.0 - mesh.uv[:, 1].astype(np.float64)).astype(np.float32)
    return write_ply({"vertex": columns, "face": {"vertex_indices": mesh.faces}})


def vertex_columns(positions: Array, normals: Array | None, colours: Array | None) -> dict[str, Array]:
    """The columns that meshes and clouds share, in the customary order."""
    columns = {axis: positions[:, index] for index, axis in enumerate("xyz")}
    if normals is not None:
        columns |= {f"n{axis}": normals[:, index] for index, axis in enumerate("xyz")}
    if colours is not None:
        columns |= {band: colours[:, index] for index, band in enumerate(("red", "green", "blue"))}
    return columns


def colours_of(vertices: Element) -> NDArray[np.uint8] | None:
    """(N, 3) sRGB of 8-bit, 16-bit or float (0..1) columns, under any of their customary names."""
    for names in (
        ("red", "green", "blue"),
        ("diffuse_red", "diffuse_green", "diffuse_blue"),
        ("r", "g", "b"),
    ):
        found = vertices.stacked(*names)
        if found is None:
            continue
        if found.dtype.kind == "f":
            found = np.clip(np.nan_to_num(found), 0, 1) * 255 + 0.5
        elif found.dtype.itemsize == 2:
            found = found.astype(np.float64) / 257 + 0.5
        return np.clip(found, 0, 255).astype(np.uint8)
    return None


def fan(counts: Array) -> NDArray[np.int64]:
    """(T, 3) places in the flat list of corners that cut polygons of ``counts`` corners into triangles."""
    counts = counts.astype(np.int64)
    starts = np.cumsum(counts) - counts
    pieces = np.maximum(counts - 2, 0)
    first = np.repeat(starts, pieces)
    step = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    return np.column_stack([first, first + step + 1, first + step + 2])
