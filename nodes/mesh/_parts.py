"""Parts of meshes and several meshes in one, with all that vertices carry."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.types import Mesh


def with_vertices(
    mesh: Mesh, vertices: NDArray[np.float32], faces: NDArray[np.int32], rows: NDArray[np.int64]
) -> Mesh:
    """A mesh whose vertex i takes uv, normal and colour from ``mesh``'s vertex ``rows[i]``."""
    return Mesh(
        vertices,
        faces,
        None if mesh.uv is None else mesh.uv[rows],
        None if mesh.normals is None else mesh.normals[rows],
        None if mesh.colours is None else mesh.colours[rows],
        mesh.material,
    )


def keep_faces(mesh: Mesh, keep: NDArray[np.bool_]) -> Mesh:
    """The faces where ``keep`` (F,) holds, and only the vertices they use, in their order."""
    faces = mesh.faces[keep]
    used = np.zeros(len(mesh.vertices), bool)
    used[faces.ravel()] = True
    rows = np.flatnonzero(used)
    renumbered = np.cumsum(used, dtype=np.int64) - 1
    return with_vertices(mesh, mesh.vertices[rows], renumbered[faces].astype(np.int32).reshape(-1, 3), rows)


def with_faces(mesh: Mesh, faces: NDArray[np.int32]) -> Mesh:
    """The same vertices under other faces."""
    return Mesh(mesh.vertices, faces, mesh.uv, mesh.normals, mesh.colours, mesh.material)


def joined(meshes: Sequence[Mesh]) -> Mesh:
    """All meshes as one: normals and colours where all have them, uv where all share one material."""
    starts = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes])

    def all_of(name: str) -> NDArray[np.generic] | None:
        parts = [getattr(mesh, name) for mesh in meshes]
        return None if any(part is None for part in parts) else np.concatenate(parts)

    one_material = all(mesh.material is meshes[0].material for mesh in meshes)
    return Mesh(
        np.concatenate([mesh.vertices for mesh in meshes]),
        np.concatenate([mesh.faces + start for mesh, start in zip(meshes, starts[:-1], strict=True)]).astype(
            np.int32
        ),
        all_of("uv") if one_material else None,
        all_of("normals"),
        all_of("colours"),
        meshes[0].material if one_material else None,
    )
