from typing import Annotated

from meshloom.graph_runtime.spec import node


def _needs(first: bool) -> list[str]:
    return ["a" if first else "b"]


@node("Switch", needs=_needs)
def switch(
    a: Annotated[int | None, "lazy"] = None, b: Annotated[int | None, "lazy"] = None, first: bool = True
) -> int:
    """Take one of two inputs; the other is not computed."""
    taken = a if first else b
    return -1 if taken is None else taken
