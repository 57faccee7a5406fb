from __future__ import annotations

from meshloom.graph_runtime.spec import node


@node("Whole number", aliases=("integer", "int", "constant", "count"))
def whole(number: int = 0) -> int:
    """A whole number, to be linked to several places at once.

    number: what is passed on
    """
    return number
