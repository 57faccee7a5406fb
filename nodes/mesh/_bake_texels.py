"""Which face each texel of a texture shows, and where on the surface it lies."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: How far the texels of a chart reach past its edge: bilinear sampling and the first mip level read these.
GUTTER = 4


class Texels(NamedTuple):
    """The flattened surface.

    ``face``: (S, S) int32, -1 = none, with charts grown by GUTTER texels. ``inside``: (S, S) bool, texels whose
    centre is in their face. ``maps``: (F, 20) float32: see :func:`face_maps`.
    """

    face: NDArray[np.int32]
    inside: NDArray[np.bool_]
    maps: NDArray[np.float32]


def texels(
    vertices: NDArray[np.float32],
    normals: NDArray[np.float32],
    faces: NDArray[np.int32],
    uv: NDArray[np.float32],
    size: int,
) -> Texels:
    """Rasterise the UV triangles on ``size`` x ``size`` texels; (0, 0) is the outer corner of the top left one."""
    from meshloom.nodes.mesh._bake_raster_kernel import grow, rasterise

    flat = uv.astype(np.float64) * size
    face = rasterise(flat, faces, size)
    inside = face >= 0
    for _ in range(GUTTER):
        face = grow(face)
    return Texels(face, inside, face_maps(vertices, normals, faces, flat))


def face_maps(
    vertices: NDArray[np.float32],
    normals: NDArray[np.float32],
    faces: NDArray[np.int32],
    flat: NDArray[np.float64],
) -> NDArray[np.float32]:
    """(F, 20) float32: the affine maps from texel coordinates to position and normal, per face.

    0:2 texel coordinates of the first corner; 2:5 its position, 5:8 and 8:11 the position's change per texel along
    u and v; 11:20 the same of the normal. Zero where the face has no area in the texture.
    """
    corner = flat[faces]
    first, second = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    determinant = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    good = np.abs(determinant) > 1e-12
    inverse = np.where(good, 1.0 / np.where(good, determinant, 1.0), 0.0)
    maps = np.zeros((len(faces), 20), np.float32)
    maps[:, :2] = corner[:, 0]
    for at, values in ((2, vertices), (11, normals)):
        there = values[faces].astype(np.float64)
        one, two = there[:, 1] - there[:, 0], there[:, 2] - there[:, 0]
        maps[:, at : at + 3] = there[:, 0]
        maps[:, at + 3 : at + 6] = (one * second[:, 1:] - two * first[:, 1:]) * inverse[:, None]
        maps[:, at + 6 : at + 9] = (two * first[:, :1] - one * second[:, :1]) * inverse[:, None]
    return maps


def welded(vertices: NDArray[np.float32]) -> tuple[int, NDArray[np.int64]]:
    """(count, (V,) number of each vertex) where vertices at one place, doubled on seams, share a number."""
    keys = np.ascontiguousarray(vertices + np.float32(0)).view(np.dtype((np.void, 12))).ravel()
    _, number = np.unique(keys, return_inverse=True)
    return int(number.max()) + 1, number.astype(np.int64)


def smooth_normals(
    vertices: NDArray[np.float32], faces: NDArray[np.int32], rounds: int = 3
) -> NDArray[np.float32]:
    """(V, 3) unit normals without the noise of the surface: averaged over ``rounds`` rings, across seams."""
    count, number = welded(vertices)
    joined = number[faces]
    corners = vertices[faces].astype(np.float64)
    face = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal = np.zeros((count, 3))
    for _ in range(rounds):
        for axis in range(3):
            normal[:, axis] = sum(np.bincount(joined[:, corner], face[:, axis], count) for corner in range(3))
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-30)
        face = normal[joined].sum(axis=1)
    return normal[number].astype(np.float32)
