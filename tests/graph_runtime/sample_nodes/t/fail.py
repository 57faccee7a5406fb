from typing import Literal

from meshloom.graph_runtime.spec import NodeError, node


@node("Fail")
def fail(a: int, how: Literal["node error", "bug", "exit", "memory"] = "node error", at: int = -1) -> int:
    """Fail in the chosen way (for the value ``at`` only, if it is not negative)."""
    if at >= 0 and a != at:
        return a
    if how == "node error":
        raise NodeError("the number is cursed", "use another number")
    if how == "exit":
        raise SystemExit(3)
    if how == "memory":
        raise MemoryError
    return a // 0
