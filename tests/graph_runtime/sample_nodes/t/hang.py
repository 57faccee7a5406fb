import time

from meshloom.graph_runtime.spec import node


@node("Hang")
def hang(seconds: float = 30.0) -> int:
    """Wait without ever reporting progress."""
    time.sleep(seconds)
    return 1
