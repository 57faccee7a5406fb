"""Clouds under motions."""

from __future__ import annotations

from typing import Any

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import PointCloud, Table
from meshloom.kernels.geometry.placing import Matrix, matrix_of, moved, placement, turned


def matrix_from(points: PointCloud, *how: Any) -> Matrix:
    """:func:`placement` of the points, with errors for the user."""
    try:
        return placement(points.positions, *how)
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


def moved_points(points: PointCloud, matrix: Matrix) -> PointCloud:
    """``points`` under a (4, 4) matrix."""
    try:
        positions = moved(points.positions, matrix)
    except OverflowError as error:
        raise NodeError(str(error), hint="use a smaller move or scale") from None
    normals = turned(points.normals, matrix)
    return PointCloud(positions, points.colours, normals, points.confidence, points.observations)
