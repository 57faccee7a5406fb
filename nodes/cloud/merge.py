"""Several clouds as one."""

from __future__ import annotations

from collections.abc import Sequence

from meshloom.graph_runtime.spec import NodeError, Run, node
from meshloom.graph_runtime.types import PointCloud


@node("Merge clouds", aliases=("join", "combine", "concatenate"))
def merge(points: Sequence[PointCloud], *, run: Run) -> PointCloud:
    """Put several clouds into one.

    Colours, normals, confidences and observations are kept where all the clouds have them; observations are
    taken to speak of the same cameras.
    """
    from meshloom.nodes.cloud._points import joined

    if not points:
        raise NodeError("there are no clouds to merge", hint="connect one or more clouds")
    if len(points) == 1:
        return points[0]
    whole = joined(points)
    for name in ("colours", "normals", "confidence"):
        if getattr(whole, name) is None and any(getattr(cloud, name) is not None for cloud in points):
            run.warn(f"the {name} were dropped: not all of the clouds have them")
    return whole
