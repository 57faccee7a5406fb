"""Placing a mesh."""

from __future__ import annotations

from typing import Annotated, Literal

from meshloom.graph_runtime.spec import Slider, node
from meshloom.graph_runtime.types import Mesh


@node("Transform mesh", aliases=("move", "translate", "rotate", "scale", "mirror"))
def transform(
    mesh: Mesh,
    move: tuple[float, float, float] = (0.0, 0.0, 0.0),
    turn: Annotated[tuple[float, float, float], Slider(-360.0, 360.0, unit="degrees")] = (0.0, 0.0, 0.0),
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0),
    pivot: Literal["origin", "centre", "base"] = "origin",
) -> Mesh:
    """Scale, then turn, then move a mesh.

    World axes: x right, y down, z forward. A negative scale mirrors; faces are turned round then, so that the
    outside stays outside.

    move: along x, y and z
    turn: about the fixed axis x, then y, then z, in degrees; right-handed
    scale: along x, y and z, before turning
    pivot: what stays in place while scaling and turning: the world's origin, the middle of the bounding
      box, or the middle of its underside (base)
    """
    from meshloom.nodes.mesh._placing import matrix_from, moved_mesh

    return moved_mesh(mesh, matrix_from(mesh, move, turn, scale, pivot))
