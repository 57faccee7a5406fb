from __future__ import annotations

from typing import Annotated

from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import PointCloud
from meshloom.nodes.logic._switch import chosen, taken


@node("Switch point cloud", needs=taken, aliases=("if", "else", "choose", "branch", "condition", "select"))
def switch_points(
    if_true: Annotated[PointCloud | None, "lazy"] = None,
    if_false: Annotated[PointCloud | None, "lazy"] = None,
    condition: bool = True,
) -> PointCloud:
    """Pass on a point cloud from one of two branches; the other branch is not computed.

    condition: which branch; may be linked, for example from logic.compare
    """
    return chosen(condition, if_true, if_false)
