from __future__ import annotations

from typing import Annotated, Literal

from meshloom.graph_runtime.spec import NodeError, Range, node


@node("Compare numbers", aliases=("greater", "less", "equal", "condition", "if"))
def compare(
    a: float = 0.0,
    relation: Literal[
        "less than", "at most", "equal to", "not equal to", "at least", "more than"
    ] = "more than",
    b: float = 0.0,
    tolerance: Annotated[float, Range(0)] = 0.0,
) -> bool:
    """Tell whether a is less than, equal to or more than b: a condition for a switch.

    a: may be linked
    relation: what is asked
    b: may be linked
    tolerance: numbers that differ by no more than this are equal
    """
    if a != a or b != b:
        raise NodeError(
            "one of the numbers is NaN, which is neither more nor less than any", hint="find out why"
        )
    equal = a == b or abs(a - b) <= tolerance
    return {
        "less than": a < b and not equal,
        "at most": a < b or equal,
        "equal to": equal,
        "not equal to": not equal,
        "at least": a > b or equal,
        "more than": a > b and not equal,
    }[relation]
