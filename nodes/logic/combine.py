from __future__ import annotations

from typing import Literal

from meshloom.graph_runtime.spec import node


@node("Combine conditions", aliases=("and", "or", "not", "xor", "boolean"))
def combine(
    a: bool = True, how: Literal["and", "or", "exactly one", "and not"] = "and", b: bool = True
) -> bool:
    """Make one condition of two.

    a: may be linked
    how: "and not" with a switched on is the opposite of b
    b: may be linked
    """
    if how == "and":
        return a and b
    if how == "or":
        return a or b
    return a != b if how == "exactly one" else a and not b
