"""Moving, turning and scaling."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def euler(degrees: tuple[float, float, float]) -> Matrix:
    """(3, 3) rotation about the fixed axes x, then y, then z, by ``degrees``."""
    x, y, z = np.radians(degrees)
    about_x = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_z = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


def pivot_point(positions: NDArray[np.float32], pivot: str) -> NDArray[np.float64]:
    """(3,): the world's "origin", or the "centre" of the bounding box, or of its underside, the "base".

    y points down; positions that are not finite do not count.
    """
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
    """(4, 4): scale, then turn, about the pivot of ``positions`` (P, 3), then move.

    Raises ``ValueError`` for numbers that are not finite and for a scale of 0.
    """
    for name, numbers in (("move", move), ("turn", turn), ("scale", scale)):
        if not all(math.isfinite(number) for number in numbers):
            raise ValueError(f"{name} is {numbers}; finite numbers are expected")
    if 0.0 in scale:
        raise ValueError(f"scale is {scale}; 0 would flatten the shape")
    linear = euler(turn) @ np.diag(scale)
    at = pivot_point(positions, pivot)
    matrix = np.eye(4)
    matrix[:3, :3] = linear
    matrix[:3, 3] = at + np.asarray(move) - linear @ at
    return matrix


def moved(positions: NDArray[np.float32], matrix: Matrix) -> NDArray[np.float32]:
    """(P, 3) positions under a (4, 4) matrix. Raises ``OverflowError`` where float32 cannot hold them."""
    with np.errstate(over="ignore"):
        after = (positions.astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3]).astype(np.float32)
    if (np.isfinite(positions).all(axis=1) & ~np.isfinite(after).all(axis=1)).any():
        raise OverflowError("the result is too large for 32-bit numbers")
    return after


def turned(normals: NDArray[np.float32] | None, matrix: Matrix) -> NDArray[np.float32] | None:
    """(P, 3) unit normals under a (4, 4) matrix; outside stays outside under mirroring."""
    if normals is None:
        return None
    after = normals.astype(np.float64) @ np.linalg.inv(matrix[:3, :3])
    length = np.linalg.norm(after, axis=1, keepdims=True)
    return np.divide(after, length, out=np.zeros_like(after), where=length > 0).astype(np.float32)


def matrix_of(rows: tuple[tuple[object, ...], ...]) -> Matrix:
    """The (4, 4) matrix of three or four rows of four numbers. Raises ``ValueError`` for anything else."""
    try:
        numbers = np.array(rows, np.float64)
    except (TypeError, ValueError):
        numbers = np.zeros((0, 0))
    if numbers.shape not in ((3, 4), (4, 4)) or not np.isfinite(numbers).all():
        raise ValueError("this table is no matrix; three rows of four numbers were expected")
    if abs(np.linalg.det(numbers[:3, :3])) < 1e-300:
        raise ValueError("this matrix flattens space")
    return np.vstack([numbers[:3], [0.0, 0.0, 0.0, 1.0]])
