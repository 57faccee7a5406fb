from __future__ import annotations

from typing import Annotated

from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import Image
from meshloom.nodes.logic._switch import chosen, taken


@node("Switch picture", needs=taken, aliases=("if", "else", "choose", "branch", "condition", "select"))
def switch_image(
    if_true: Annotated[Image | None, "lazy"] = None,
    if_false: Annotated[Image | None, "lazy"] = None,
    condition: bool = True,
) -> Image:
    """Pass on a picture from one of two branches; the other branch is not computed.

    condition: which branch; may be linked, for example from logic.compare
    """
    return chosen(condition, if_true, if_false)
