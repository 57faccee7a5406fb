from __future__ import annotations

from typing import Annotated

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Range, Slider, node
from meshloom.graph_runtime.types import Splats, Table


@node("Transform splats", aliases=("move", "translate", "rotate", "scale", "upright", "align"))
def transform(
    splats: Splats,
    matrix: Table | None = None,
    move: tuple[float, float, float] = (0.0, 0.0, 0.0),
    turn: Annotated[tuple[float, float, float], Slider(-360.0, 360.0, unit="degrees")] = (0.0, 0.0, 0.0),
    scale: Annotated[float, Range(1e-6, 1e6)] = 1.0,
) -> Splats:
    """Scale, then turn, then move a scene about the world's origin; colours that change with direction turn along.

    World axes: x right, y down, z forward.

    matrix: a (4, 4) similarity, as of cloud.align, to be applied before
    move: along x, y and z
    turn: about the fixed axis x, then y, then z, in degrees; right-handed
    scale: the same in all directions
    """
    from meshloom.kernels.geometry.placing import euler, matrix_of
    from meshloom.kernels.splatting.placing import moved
    from meshloom.nodes.splats._gaussians import gaussians_of, splats_of

    whole = np.eye(4)
    if matrix is not None:
        try:
            whole = np.asarray(matrix_of(matrix.rows), np.float64)
        except ValueError as error:
            raise NodeError(str(error), hint="connect the matrix of cloud.align or mesh.align") from None
    own = np.eye(4)
    own[:3, :3] = scale * euler(turn)
    own[:3, 3] = move
    try:
        return splats_of(moved(gaussians_of(splats), own @ whole), splats.antialiased)
    except ValueError as error:
        raise NodeError(str(error), hint="use a matrix that turns, scales evenly and moves") from None
