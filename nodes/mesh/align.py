"""One mesh laid onto another."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Range, Run, Seed, Slider, node
from meshloom.graph_runtime.types import Mesh, Table
from meshloom.kernels.geometry.icp import Start


class Alignment(NamedTuple):
    """What alignment gives.

    aligned: the moving mesh, laid onto the fixed one
    matrix: the motion, for mesh.apply_matrix and cloud.apply_matrix
    report: how well it fits: distances, scale, turn and move
    """

    aligned: Mesh
    matrix: Table
    report: Table


@node("Align meshes", aliases=("icp", "register", "fit", "superimpose"))
def align(
    moving: Mesh,
    fixed: Mesh,
    start: Start = "centres",
    scaling: bool = False,
    overlap: Annotated[float, Slider(0.1, 1.0, step=0.05)] = 0.9,
    rounds: Annotated[int, Range(1, 1000)] = 60,
    seed: Annotated[int, Seed()] = 0,
    *,
    run: Run,
) -> Alignment:
    """Move a mesh so that its surface lies on that of another (iterative closest points).

    Trimmed ICP on points of both surfaces, paired both ways, point to plane at the end (Chen and Medioni
    1992; Chetverikov et al. 2002). It finds the nearest good fit from where it starts: shapes that look
    alike from several sides, or share little, need to be placed roughly by hand and ``start`` left "as
    placed".

    moving: the mesh to move
    fixed: the mesh that stays
    start: begin as placed; with the centres laid together (and sizes matched, when scaling); or try 24 turns
      about the main axes as well and take the best, for any pose
    scaling: let the size change too, as it must for a reconstruction from photographs
    overlap: the share of each surface that has a counterpart on the other; lower it when one shows more
    rounds: the most rounds of the finish
    seed: for the points taken from the surfaces
    """
    from meshloom.kernels.geometry.icp import FINE, Shape, figures, register
    from meshloom.nodes.mesh._checks import need_surface
    from meshloom.nodes.mesh._placing import moved_mesh
    from meshloom.nodes.mesh._surface import crosses, sample, unit

    need_surface(moving, "the moving mesh")
    need_surface(fixed, "the fixed mesh")
    run.progress(0.0, 1.0, "scattering points")
    source = sample(moving, FINE, seed + 1)[2]
    face, _, target = sample(fixed, FINE, seed)
    # sample() goes over the faces in order; shuffled, so that every part of the points covers the surface.
    random = np.random.default_rng(seed)
    mixed, mixed_too = random.permutation(FINE), random.permutation(FINE)
    normals = unit(crosses(fixed.vertices, fixed.faces))[face]
    try:
        fit = register(
            Shape(source[mixed], None),
            Shape(target[mixed_too], normals[mixed_too]),
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
        moved_mesh(moving, fit.matrix), matrix, Table(("measure", "value"), tuple(figures(fit).items()))
    )
