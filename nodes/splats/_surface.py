"""Points on a mesh for splats to lie at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Mesh

Floats = NDArray[np.float64]


def scattered(mesh: Mesh, count: int, seed: int) -> tuple[Floats, Floats, NDArray[np.uint8] | None, float]:
    """(places (N, 3), unit normals (N, 3), sRGB (N, 3) or ``None``, area): evenly over the surface, stratified."""
    corners = mesh.vertices.astype(np.float64)[mesh.faces]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    areas = 0.5 * np.linalg.norm(across, axis=1)
    areas[~np.isfinite(areas)] = 0
    reach = np.cumsum(areas)
    if not len(areas) or not reach[-1] > 0:
        raise NodeError("the mesh has no surface to lay splats on", hint="reconstruct or load a mesh first")
    random = np.random.default_rng(seed % 2**63)
    where = (np.arange(count) + random.random(count)) * (reach[-1] / count)
    face = np.minimum(np.searchsorted(reach, where, side="right"), len(areas) - 1)
    root, part = np.sqrt(random.random(count)), random.random(count)
    weights = np.column_stack([1 - root, root * (1 - part), root * part])
    places = np.einsum("ni,nij->nj", weights, corners[face])
    normals = across[face] / np.maximum(np.linalg.norm(across[face], axis=1, keepdims=True), 1e-300)
    return places, normals, _colours(mesh, face, weights), float(reach[-1])


def _colours(mesh: Mesh, face: NDArray[np.integer], weights: Floats) -> NDArray[np.uint8] | None:
    """Those of the texture, else of the vertices, else of the material."""
    corner = mesh.faces[face]
    texture = None if mesh.material is None else mesh.material.base_colour
    if texture is not None and mesh.uv is not None:
        place = np.einsum("ni,nij->nj", weights, mesh.uv[corner].astype(np.float64))
        place = np.where(np.isfinite(place), place, 0)
        height, width = texture.shape[:2]
        x, y = (np.floor(place * (width, height)).astype(np.int64) % (width, height)).T
        found = texture[y, x]
        return np.ascontiguousarray(found[:, :3] if found.shape[1] >= 3 else found[:, :1].repeat(3, axis=1))
    if mesh.colours is not None:
        blended = np.einsum("ni,nij->nj", weights, mesh.colours[corner].astype(np.float64))
        return np.rint(blended).astype(np.uint8)
    if mesh.material is not None:
        linear = np.clip(np.array(mesh.material.base_factor[:3]), 0, 1)
        shade = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
        return np.tile(np.rint(shade * 255).astype(np.uint8), (len(face), 1))
    return None
