from __future__ import annotations

from typing import Annotated

from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import Text
from meshloom.nodes.logic._switch import chosen, taken


@node("Switch text", needs=taken, aliases=("if", "else", "choose", "branch", "condition", "select"))
def switch_text(
    if_true: Annotated[Text | None, "lazy"] = None,
    if_false: Annotated[Text | None, "lazy"] = None,
    condition: bool = True,
) -> Text:
    """Pass on a text from one of two branches; the other branch is not computed.

    condition: which branch; may be linked, for example from logic.compare
    """
    return chosen(condition, if_true, if_false)
