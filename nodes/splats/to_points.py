from __future__ import annotations

from typing import Annotated

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Slider, node
from meshloom.graph_runtime.types import PointCloud, Splats


@node("Points of splats", aliases=("splats to points", "centres", "point cloud"))
def to_points(splats: Splats, min_opacity: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.1) -> PointCloud:
    """The middle of every splat with its colour, its thinnest axis as normal, and its opacity as confidence.

    min_opacity: fainter splats are left out
    """
    from meshloom.kernels.splatting.densify import rotations

    kept = np.flatnonzero((splats.opacities >= min_opacity) & np.isfinite(splats.means).all(axis=1))
    if not len(kept):
        raise NodeError(f"no splat has an opacity of {min_opacity} or more", hint="lower min_opacity")
    some = splats.take(kept)
    axes = rotations(some.quaternions)
    normals = axes[np.arange(len(kept)), :, some.scales.argmin(axis=1)]
    return PointCloud(some.means, some.base_colours(), np.ascontiguousarray(normals), some.opacities)
