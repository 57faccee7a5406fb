from __future__ import annotations

from typing import Annotated

import numpy as np

from meshloom.graph_runtime.spec import Range, Run, Seed, Slider, node
from meshloom.graph_runtime.types import Mesh, Splats


@node("Splats from mesh", aliases=("mesh to splats", "convert", "surfels", "bake splats"))
def from_mesh(
    mesh: Mesh,
    count: Annotated[int, Range(10, 5_000_000)] = 100_000,
    size: Annotated[float, Slider(0.2, 3.0, step=0.05)] = 0.6,
    opacity: Annotated[float, Slider(0.01, 1.0, step=0.01)] = 0.95,
    flat: Annotated[float, Slider(0.01, 1.0, step=0.01)] = 0.1,
    seed: Annotated[int, Seed()] = 0,
    *,
    run: Run,
) -> Splats:
    """Lay flat splats evenly over a surface, in the colours of its texture, else of its vertices or its material.

    They show the mesh from all sides as it is without light; splats.recolour lets photos paint them, and
    splats.merge puts them into a scene.

    count: how many; more show finer detail of the texture
    size: standard deviation along the surface, as a share of the distance between splats
    opacity: of each
    flat: thickness as a share of the size
    seed: another seed gives other places
    """
    from meshloom.kernels.splatting.harmonics import SH_0
    from meshloom.nodes.splats._surface import scattered

    run.progress(0, 1, "laying splats on the surface")
    places, normals, colours, area = scattered(mesh, count, seed)
    shade = np.full((count, 3), 0.5) if colours is None else colours / 255
    wide = size * (area / count) ** 0.5
    # The turn that takes z to the normal is half way between the two.
    turn = np.column_stack([1 + normals[:, 2], -normals[:, 1], normals[:, 0], np.zeros(count)])
    turn[normals[:, 2] < -1 + 1e-9] = [0, 1, 0, 0]
    turn /= np.linalg.norm(turn, axis=1, keepdims=True)
    return Splats(
        places.astype(np.float32),
        turn.astype(np.float32),
        np.tile(np.array([wide, wide, wide * flat], np.float32), (count, 1)),
        np.full(count, opacity, np.float32),
        ((shade - 0.5) / SH_0).astype(np.float32)[:, None],
    )
