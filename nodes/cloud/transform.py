"""Placing a cloud."""

from __future__ import annotations

from typing import Annotated, Literal

from meshloom.graph_runtime.spec import Slider, node
from meshloom.graph_runtime.types import PointCloud


@node("Transform cloud", aliases=("move", "translate", "rotate", "scale", "mirror"))
def transform(
    points: PointCloud,
    move: tuple[float, float, float] = (0.0, 0.0, 0.0),
    turn: Annotated[tuple[float, float, float], Slider(-360.0, 360.0, unit="degrees")] = (0.0, 0.0, 0.0),
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0),
    pivot: Literal["origin", "centre", "base"] = "origin",
) -> PointCloud:
    """Scale, then turn, then move a cloud.

    World axes: x right, y down, z forward.

    move: along x, y and z
    turn: about the fixed axis x, then y, then z, in degrees; right-handed
    scale: along x, y and z, before turning; negative mirrors
    pivot: what stays in place while scaling and turning: the world's origin, the middle of the bounding
      box, or the middle of its underside (base)
    """
    from meshloom.nodes.cloud._placing import matrix_from, moved_points

    return moved_points(points, matrix_from(points, move, turn, scale, pivot))
