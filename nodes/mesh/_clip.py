"""Cutting triangles along planes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.types import Mesh
from meshloom.nodes.mesh._parts import keep_faces, with_faces

Floats = NDArray[np.float64]


def clipped(mesh: Mesh, normal: Floats, offset: float) -> Mesh:
    """The part of ``mesh`` where ``normal`` . x <= ``offset``; faces across the plane are cut along it.

    New vertices lie on the plane; what they carry is interpolated. One is made for each edge cut, so the cut
    stays closed against its neighbours.
    """
    above = mesh.vertices.astype(np.float64) @ normal - offset
    outside = above > 0
    corners = outside[mesh.faces]
    number = corners.sum(axis=1)
    if not number.any():
        return mesh
    crossing = mesh.faces[(number == 1) | (number == 2)].astype(np.int64)
    # Turned so that the corner alone on its side comes first.
    odd = outside[crossing].sum(axis=1) == 1
    alone = np.where(odd[:, None], outside[crossing], ~outside[crossing]).argmax(axis=1)
    crossing = np.take_along_axis(crossing, (alone[:, None] + np.arange(3)) % 3, axis=1)
    tip, second, third = crossing.T
    ends = np.sort(np.concatenate([np.stack([tip, second], 1), np.stack([tip, third], 1)]), axis=1)
    unique, place = np.unique(ends, axis=0, return_inverse=True)
    place = place.ravel() + len(mesh.vertices)
    on_second, on_third = place[: len(crossing)], place[len(crossing) :]
    out = odd  # the tip is outside: what stays is the quad below it
    quads = np.concatenate(
        [
            np.stack([on_second[out], second[out], third[out]], axis=1),
            np.stack([on_second[out], third[out], on_third[out]], axis=1),
        ]
    )
    tips = np.stack([tip[~out], on_second[~out], on_third[~out]], axis=1)
    faces = np.concatenate([mesh.faces[number == 0], quads, tips]).astype(np.int32).reshape(-1, 3)
    whole = _with_cuts(mesh, unique, above)
    return keep_faces(with_faces(whole, faces), np.ones(len(faces), bool))


def _with_cuts(mesh: Mesh, ends: NDArray[np.int64], above: Floats) -> Mesh:
    """``mesh`` and one more vertex for each edge of ``ends`` (E, 2), where it meets the plane."""
    low, high = above[ends[:, 0]], above[ends[:, 1]]
    share = (low / (low - high))[:, None]

    def grown(values: NDArray[np.generic] | None, unit: bool = False) -> NDArray[np.generic] | None:
        if values is None:
            return None
        first, last = values[ends[:, 0]].astype(np.float64), values[ends[:, 1]].astype(np.float64)
        new = first + share * (last - first)
        if unit:
            new /= np.maximum(np.linalg.norm(new, axis=1, keepdims=True), 1e-12)
        if values.dtype == np.uint8:
            new = np.rint(new)
        return np.concatenate([values, new.astype(values.dtype)])

    vertices = grown(mesh.vertices)
    assert vertices is not None
    return Mesh(
        vertices,
        np.zeros((0, 3), np.int32),
        grown(mesh.uv),
        grown(mesh.normals, unit=True),
        grown(mesh.colours),
        mesh.material,
    )
