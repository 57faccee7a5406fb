from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Range, Slider, node
from meshloom.graph_runtime.types import Splats


@node("Crop splats", aliases=("cut", "bounding box", "clip", "region", "sphere"))
def crop(
    splats: Splats,
    centre: tuple[float, float, float] = (0.0, 0.0, 0.0),
    size: Annotated[tuple[float, float, float], Range(0.0, None, unit="scene units")] = (1.0, 1.0, 1.0),
    turn: Annotated[tuple[float, float, float], Slider(-360.0, 360.0, unit="degrees")] = (0.0, 0.0, 0.0),
    shape: Literal["box", "ellipsoid"] = "box",
    keep: Literal["inside", "outside"] = "inside",
) -> Splats:
    """Keep the splats whose middle lies inside (or outside) a box or an ellipsoid.

    centre: the middle of the shape
    size: of the shape along x, y and z; 0 leaves that direction unlimited
    turn: of the shape about the fixed axis x, then y, then z, in degrees
    shape: a box, or the ellipsoid that fits into it (a sphere for equal sizes)
    keep: the splats inside, or those outside
    """
    from meshloom.kernels.geometry.placing import euler
    from meshloom.nodes.splats._gaussians import need_splats

    need_splats(splats)
    if not np.isfinite([*centre, *size, *turn]).all():
        raise NodeError("centre, size or turn is not finite", hint="set them to plain numbers")
    local = (splats.means.astype(np.float64) - centre) @ euler(turn)
    length = np.asarray(size)
    local = np.divide(2 * local, length, out=np.zeros_like(local), where=length > 0)
    inside = (np.abs(local) <= 1).all(axis=1) if shape == "box" else (local**2).sum(axis=1) <= 1
    finite = np.isfinite(splats.means).all(axis=1)
    found = np.flatnonzero(finite & (inside if keep == "inside" else ~inside))
    if not len(found):
        good = splats.means[np.isfinite(splats.means).all(axis=1)]
        if not len(good):
            raise NodeError("no splat is at a finite place", hint="load or train the scene again")
        low, high = good.min(axis=0).tolist(), good.max(axis=0).tolist()
        raise NodeError(
            f"no splat lies {keep} the {shape}; they reach from ({low[0]:.4g}, {low[1]:.4g}, {low[2]:.4g}) to"
            f" ({high[0]:.4g}, {high[1]:.4g}, {high[2]:.4g})",
            hint="move or resize the shape",
        )
    return splats.take(found)
