import ctypes

from meshloom.graph_runtime.spec import node


@node("Crash")
def crash(mark: int = 0) -> int:
    """Fault in native code."""
    ctypes.string_at(mark - mark)
    return mark
