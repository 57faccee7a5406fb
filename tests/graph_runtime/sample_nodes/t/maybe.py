from typing import Annotated

from meshloom.graph_runtime.spec import node


@node("Maybe")
def maybe(a: Annotated[int | None, "input"] = None, otherwise: int = -1) -> int:
    """The input, or a constant where nothing is linked."""
    return otherwise if a is None else a
