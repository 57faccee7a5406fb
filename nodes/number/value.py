from __future__ import annotations

from meshloom.graph_runtime.spec import node


@node("Number", aliases=("float", "constant", "value"))
def value(number: float = 0.0) -> float:
    """A number, to be linked to several places at once.

    number: what is passed on
    """
    return number
