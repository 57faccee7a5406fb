from __future__ import annotations

from typing import Annotated

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Slider, node
from meshloom.graph_runtime.types import PointCloud, Splats


@node("Splats from points", aliases=("points to splats", "mesh to splats", "initialise"))
def from_points(
    points: PointCloud,
    size: Annotated[float, Slider(0.1, 4.0, step=0.1)] = 0.6,
    opacity: Annotated[float, Slider(0.01, 1.0, step=0.01)] = 0.9,
    flat: Annotated[float, Slider(0.01, 1.0, step=0.01)] = 0.1,
) -> Splats:
    """A splat at every point, in its colour; flat on the surface where there are normals.

    For a mesh, put mesh.sample_points before.

    size: standard deviation as a share of the distance to the nearest points
    opacity: of each
    flat: thickness along the normal as a share of the size; without normals they are round
    """
    from meshloom.kernels.splatting import starting
    from meshloom.nodes.splats._gaussians import splats_of

    good = np.isfinite(points.positions).all(axis=1)
    if not good.any():
        raise NodeError("there are no points; expected one or more", hint="look at where they come from")
    colours = None if points.colours is None else points.colours[good]
    scene = starting.from_points(points.positions[good], colours, opacity, size)
    if points.normals is not None:
        normals = points.normals[good].astype(np.float64)
        # The turn that takes z to the normal: half way between the two.
        half = normals + np.array([0.0, 0.0, 1.0]) * np.linalg.norm(normals, axis=1, keepdims=True)
        length = np.linalg.norm(half, axis=1)
        turn = np.zeros((len(normals), 4))
        turn[:, 0] = half[:, 2]
        turn[:, 1], turn[:, 2] = -half[:, 1], half[:, 0]
        opposite = ~(length > 1e-6)
        turn[opposite] = [0, 1, 0, 0]
        scene.quaternions[:] = turn
        scene.scales[:, 2] *= np.float32(flat)
    return splats_of(scene, False)
