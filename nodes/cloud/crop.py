"""A part of a cloud."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Range, Slider, node
from meshloom.graph_runtime.types import PointCloud


@node("Crop cloud", aliases=("cut", "bounding box", "clip", "region", "sphere"))
def crop(
    points: PointCloud,
    centre: tuple[float, float, float] = (0.0, 0.0, 0.0),
    size: Annotated[tuple[float, float, float], Range(0.0, None, unit="scene units")] = (1.0, 1.0, 1.0),
    turn: Annotated[tuple[float, float, float], Slider(-360.0, 360.0, unit="degrees")] = (0.0, 0.0, 0.0),
    shape: Literal["box", "ellipsoid"] = "box",
    keep: Literal["inside", "outside"] = "inside",
) -> PointCloud:
    """Keep the points inside (or outside) a box or an ellipsoid.

    centre: the middle of the shape
    size: of the shape along x, y and z; 0 leaves that direction unlimited
    shape: a box, or the ellipsoid that fits into it
    keep: the points inside, or those outside
    turn: of the shape about the fixed axis x, then y, then z, in degrees
    """
    from meshloom.kernels.geometry.placing import euler
    from meshloom.nodes.cloud._points import need_finite, take

    for name, numbers in (("centre", centre), ("size", size), ("turn", turn)):
        need_finite(numbers, name)
    # In the shape's own axes, as fractions of the way to its sides.
    local = (points.positions.astype(np.float64) - centre) @ euler(turn)
    length = np.asarray(size)
    local = np.divide(2 * local, length, out=np.zeros_like(local), where=length > 0)
    if shape == "box":
        inside = (np.abs(local) <= 1).all(axis=1)
    else:
        inside = np.einsum("ij,ij->i", local, local) <= 1
    found = take(points, inside if keep == "inside" else ~inside & np.isfinite(local).all(axis=1))
    if not len(found):
        finite = points.positions[np.isfinite(points.positions).all(axis=1)]
        where = "the cloud is empty"
        if len(finite):
            low, high = finite.min(axis=0).tolist(), finite.max(axis=0).tolist()
            where = "the cloud reaches from ({:.4g}, {:.4g}, {:.4g}) to ({:.4g}, {:.4g}, {:.4g})".format(
                *low, *high
            )
        raise NodeError(f"no point lies {keep} the {shape}; {where}", hint="move or resize the shape")
    return found
