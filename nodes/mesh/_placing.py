"""Meshes under motions."""

from __future__ import annotations

from typing import Any

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Mesh, Table
from meshloom.kernels.geometry.placing import Matrix, matrix_of, moved, placement, turned


def matrix_from(mesh: Mesh, *how: Any) -> Matrix:
    """:func:`placement` of the mesh's vertices, with errors for the user."""
    try:
        return placement(mesh.vertices, *how)
    except ValueError as error:
        raise NodeError(
            str(error), hint="set move and turn to plain numbers, scale to 1 or another number"
        ) from None


def matrix_in(table: Table) -> Matrix:
    """The (4, 4) matrix that ``table`` holds."""
    try:
        return matrix_of(table.rows)
    except ValueError as error:
        raise NodeError(str(error), hint="connect the matrix of mesh.align or cloud.align") from None


def moved_mesh(mesh: Mesh, matrix: Matrix) -> Mesh:
    """``mesh`` under a (4, 4) matrix; mirroring turns the faces round, so that outside stays outside."""
    import numpy as np

    faces = mesh.faces[:, ::-1] if np.linalg.det(matrix[:3, :3]) < 0 else mesh.faces
    try:
        vertices = moved(mesh.vertices, matrix)
    except OverflowError as error:
        raise NodeError(str(error), hint="use a smaller move or scale") from None
    return Mesh(vertices, faces, mesh.uv, turned(mesh.normals, matrix), mesh.colours, mesh.material)
