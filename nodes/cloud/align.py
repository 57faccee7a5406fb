"""One cloud laid onto another."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Range, Run, Seed, Slider, node
from meshloom.graph_runtime.types import PointCloud, Table
from meshloom.kernels.geometry.icp import Start


class Alignment(NamedTuple):
    """What alignment gives.

    aligned: the moving cloud, laid onto the fixed one
    matrix: the motion, for mesh.apply_matrix and cloud.apply_matrix
    report: how well it fits: distances, scale, turn and move
    """

    aligned: PointCloud
    matrix: Table
    report: Table


@node("Align clouds", aliases=("icp", "register", "fit", "superimpose"))
def align(
    moving: PointCloud,
    fixed: PointCloud,
    start: Start = "centres",
    scaling: bool = False,
    overlap: Annotated[float, Slider(0.1, 1.0, step=0.05)] = 0.9,
    rounds: Annotated[int, Range(1, 1000)] = 60,
    seed: Annotated[int, Seed()] = 0,
    *,
    run: Run,
) -> Alignment:
    """Move a cloud so that it lies on another (iterative closest points).

    Trimmed ICP, paired both ways, point to plane at the end where the fixed cloud has normals (Chen and
    Medioni 1992; Chetverikov et al. 2002). It finds the nearest good fit from where it starts: shapes that
    look alike from several sides, or share little, need to be placed roughly by hand and ``start`` left "as
    placed".

    moving: the cloud to move
    fixed: the cloud that stays
    start: begin as placed; with the centres laid together (and sizes matched, when scaling); or try 24 turns
      about the main axes as well and take the best, for any pose
    scaling: let the size change too, as it must for a reconstruction from photographs
    overlap: the share of each cloud that has a counterpart in the other; lower it when one shows more
    rounds: the most rounds of the finish
    seed: for which points of large clouds are used
    """
    from meshloom.kernels.geometry.icp import FINE, Shape, figures, register
    from meshloom.nodes.cloud._placing import moved_points
    from meshloom.nodes.cloud._points import need_points

    need_points(moving, 3)
    need_points(fixed, 3)
    random = np.random.default_rng(seed)
    mine = random.permutation(len(moving))[:FINE]
    other = random.permutation(len(fixed))[: 4 * FINE]
    normals = None
    if fixed.normals is not None and np.isfinite(fixed.normals).all():
        normals = fixed.normals[other].astype(np.float64)
    try:
        fit = register(
            Shape(moving.positions[mine].astype(np.float64), None),
            Shape(fixed.positions[other].astype(np.float64), normals),
            start,
            scaling,
            overlap,
            rounds,
            lambda share, message: run.progress(share, 1.0, message),
        )
    except ValueError as error:
        raise NodeError(str(error), hint="check the source of both shapes") from None
    run.progress(1.0, 1.0, "done")
    matrix = Table(("x", "y", "z", "move"), tuple(map(tuple, fit.matrix[:3].tolist())))
    return Alignment(
        moved_points(moving, fit.matrix), matrix, Table(("measure", "value"), tuple(figures(fit).items()))
    )
