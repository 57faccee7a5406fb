from __future__ import annotations

from typing import Annotated

from meshloom.graph_runtime.spec import node
from meshloom.nodes.logic._switch import chosen, taken


@node("Switch number", needs=taken, aliases=("if", "else", "choose", "branch", "condition", "select"))
def switch_number(
    if_true: Annotated[float, "lazy"],
    if_false: Annotated[float, "lazy"],
    condition: bool = True,
) -> float:
    """Pass on a number from one of two branches; the other branch is not computed.

    condition: which branch; may be linked, for example from logic.compare
    """
    return chosen(condition, if_true, if_false)
