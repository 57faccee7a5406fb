"""Moving, turning and scaling, for meshes and clouds alike."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Mesh, PointCloud

Matrix = NDArray[np.float64]
Pivot = Literal["origin", "centre", "base"]


def euler(degrees: tuple[float, float, float]) -> Matrix:
    """(3, 3) rotation about the fixed axes x, then y, then z, by ``degrees``."""
    x, y, z = np.radians(degrees)
    about_x = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_z = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


def pivot_point(positions: NDArray[np.float32], pivot: str) -> NDArray[np.float64]:
    """(3,): the world's origin, or the middle of the bounding box, or of its underside (y points down)."""
    finite = positions[np.isfinite(positions).all(axis=1)].astype(np.float64)
    if pivot == "origin" or not len(finite):
        return np.zeros(3)
    low, high = finite.min(axis=0), finite.max(axis=0)
    middle = (low + high) / 2
    if pivot == "base":
        middle[1] = high[1]
    return middle


def placement(
    positions: NDArray[np.float32],
    move: tuple[float, float, float],
    turn: tuple[float, float, float],
    scale: tuple[float, float, float],
    pivot: str,
) -> Matrix:
    """(4, 4): scale, then turn, about the pivot, then move."""
    for name, numbers in (("move", move), ("turn", turn), ("scale", scale)):
        if not np.isfinite(numbers).all():
            raise NodeError(
                f"{name} is {numbers}; finite numbers are expected", hint=f"set {name} to plain numbers"
            )
    if 0.0 in scale:
        raise NodeError(
            f"scale is {scale}; 0 would flatten the shape", hint="set scale to 1 or another number"
        )
    linear = euler(turn) @ np.diag(scale)
    at = pivot_point(positions, pivot)
    matrix = np.eye(4)
    matrix[:3, :3] = linear
    matrix[:3, 3] = at + np.asarray(move) - linear @ at
    return matrix


def moved(positions: NDArray[np.float32], matrix: Matrix) -> NDArray[np.float32]:
    """(P, 3) positions under a (4, 4) matrix."""
    with np.errstate(over="ignore"):
        return (positions.astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3]).astype(np.float32)


def turned(normals: NDArray[np.float32] | None, matrix: Matrix) -> NDArray[np.float32] | None:
    """(P, 3) unit normals under a (4, 4) matrix; outside stays outside under mirroring."""
    from meshloom.nodes.mesh._surface import unit

    if normals is None:
        return None
    return unit(normals.astype(np.float64) @ np.linalg.inv(matrix[:3, :3])).astype(np.float32)


def moved_mesh(mesh: Mesh, matrix: Matrix) -> Mesh:
    """``mesh`` under a (4, 4) matrix; mirroring turns the faces round, so that outside stays outside."""
    faces = mesh.faces[:, ::-1] if np.linalg.det(matrix[:3, :3]) < 0 else mesh.faces
    vertices = _finite(moved(mesh.vertices, matrix), mesh.vertices)
    return Mesh(vertices, faces, mesh.uv, turned(mesh.normals, matrix), mesh.colours, mesh.material)


def moved_points(points: PointCloud, matrix: Matrix) -> PointCloud:
    """``points`` under a (4, 4) matrix."""
    positions = _finite(moved(points.positions, matrix), points.positions)
    return PointCloud(
        positions, points.colours, turned(points.normals, matrix), points.confidence, points.observations
    )


def _finite(after: NDArray[np.float32], before: NDArray[np.float32]) -> NDArray[np.float32]:
    if (np.isfinite(before).all(axis=1) & ~np.isfinite(after).all(axis=1)).any():
        raise NodeError("the result is too large for 32-bit numbers", hint="use a smaller move or scale")
    return after
