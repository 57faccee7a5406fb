import os
import signal

from meshloom.graph_runtime.spec import node


@node("Crash")
def crash(mark: int = 0) -> int:
    """End the process as a fault in native code does."""
    os.kill(os.getpid(), signal.SIGSEGV)
    return mark
