"""Areas, normals and points of a surface."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.types import Mesh

Floats = NDArray[np.float64]


def crosses(vertices: NDArray[np.floating], faces: NDArray[np.integer]) -> Floats:
    """(F, 3) float64: outward normal of each face, as long as twice its area."""
    corner = vertices[faces].astype(np.float64)
    return np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])


def areas(vertices: NDArray[np.floating], faces: NDArray[np.integer]) -> Floats:
    """(F,) float64: area of each face."""
    return 0.5 * np.linalg.norm(crosses(vertices, faces), axis=1)


def unit(vectors: Floats) -> Floats:
    """Vectors along the last axis at length 1; those of no length stay zero."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)


def vertex_normals(
    vertices: NDArray[np.floating], faces: NDArray[np.integer], label: NDArray[np.int64]
) -> Floats:
    """(V, 3) unit normals: mean of the faces around each position, weighted by the angle they have there.

    ``label`` (V,): the number of each vertex's position, so that doubled vertices agree (Thuermer and
    Wuethrich, Computing vertex normals from polygonal facets, 1998). Vertices without faces get (0, 0, -1).
    """
    corner = vertices[faces].astype(np.float64)
    normal = unit(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]))
    count = int(label.max()) + 1 if len(label) else 0
    total = np.zeros((count, 3))
    for index in range(3):
        here = unit(corner[:, (index + 1) % 3] - corner[:, index])
        there = unit(corner[:, (index + 2) % 3] - corner[:, index])
        angle = np.arccos(np.clip(np.einsum("ij,ij->i", here, there), -1.0, 1.0))
        for axis in range(3):
            total[:, axis] += np.bincount(
                label[faces[:, index]], weights=angle * normal[:, axis], minlength=count
            )
    total = unit(total)
    total[~total.any(axis=1)] = (0.0, 0.0, -1.0)
    return total[label]


def sample(mesh: Mesh, count: int, seed: int) -> tuple[NDArray[np.int64], Floats, Floats]:
    """``count`` points spread evenly at random over the surface.

    Returns face numbers (count,), barycentric coordinates (count, 3) and positions (count, 3) float64. Faces
    are taken in stratified steps of the cumulated area, which spreads points better than independent draws.
    """
    from meshloom.graph_runtime.spec import NodeError

    reach = np.cumsum(areas(mesh.vertices, mesh.faces))
    if not (np.isfinite(reach[-1]) and reach[-1] > 0):
        raise NodeError("the surface has no area to put points on", hint="check the mesh with mesh.measure")
    random = np.random.default_rng(seed)
    where = (np.arange(count) + random.random(count)) * (reach[-1] / count)
    face = np.minimum(np.searchsorted(reach, where, side="right"), len(reach) - 1)
    root = np.sqrt(random.random(count))
    along = random.random(count)
    weights = np.stack([1.0 - root, root * (1.0 - along), root * along], axis=1)
    position = np.einsum("ij,ijk->ik", weights, mesh.vertices[mesh.faces[face]].astype(np.float64))
    return face, weights, position


def diagonal(positions: NDArray[np.floating]) -> float:
    """Length of the diagonal of the axis-aligned bounding box."""
    return float(np.linalg.norm(positions.max(axis=0).astype(np.float64) - positions.min(axis=0)))
