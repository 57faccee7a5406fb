from __future__ import annotations

from typing import Annotated

from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import Mesh
from meshloom.nodes.logic._switch import chosen, taken


@node("Switch mesh", needs=taken, aliases=("if", "else", "choose", "branch", "condition", "select"))
def switch_mesh(
    if_true: Annotated[Mesh | None, "lazy"] = None,
    if_false: Annotated[Mesh | None, "lazy"] = None,
    condition: bool = True,
) -> Mesh:
    """Pass on a mesh from one of two branches; the other branch is not computed.

    condition: which branch; may be linked, for example from logic.compare
    """
    return chosen(condition, if_true, if_false)
