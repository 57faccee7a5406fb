"""A part of a mesh."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Range, Run, Slider, node
from meshloom.graph_runtime.types import Mesh


@node("Crop mesh", aliases=("cut", "bounding box", "clip", "region"))
def crop(
    mesh: Mesh,
    centre: tuple[float, float, float] = (0.0, 0.0, 0.0),
    size: Annotated[tuple[float, float, float], Range(0.0, None, unit="scene units")] = (1.0, 1.0, 1.0),
    turn: Annotated[tuple[float, float, float], Slider(-360.0, 360.0, unit="degrees")] = (0.0, 0.0, 0.0),
    *,
    run: Run,
) -> Mesh:
    """Keep the part of a mesh inside a box; faces across its sides are cut exactly.

    The cut is left open (close it with mesh.fill_holes). mesh.measure tells where the mesh lies.

    centre: the middle of the box
    size: of the box along x, y and z; 0 leaves that direction unlimited
    turn: of the box about the fixed axis x, then y, then z, in degrees
    """
    from meshloom.kernels.geometry.placing import euler
    from meshloom.nodes.mesh._checks import need_finite, need_surface
    from meshloom.nodes.mesh._clip import clipped

    need_surface(mesh)
    for name, numbers in (("centre", centre), ("size", size), ("turn", turn)):
        need_finite(numbers, name)
    axes = euler(turn).T
    middle = np.asarray(centre)
    done = 0
    for axis, length in zip(axes, size, strict=True):
        for side in (axis, -axis):
            run.progress(done, 6, "cutting")
            done += 1
            if length > 0:
                mesh = clipped(mesh, side, float(side @ middle) + length / 2)
    if not len(mesh.faces):
        raise NodeError(
            "the box holds no part of the mesh",
            hint="mesh.measure tells where the mesh lies; move or widen the box",
        )
    run.progress(6, 6, "done")
    return mesh
