import time

from meshloom.graph_runtime.spec import Run, node


@node("Slow")
def slow(seconds: float = 0.2, mark: int = 0, *, run: Run) -> int:
    """Wait, reporting progress."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        run.progress(1 - (end - time.monotonic()) / max(seconds, 1e-9))
        time.sleep(0.01)
    return mark
