import time

from meshloom.graph_runtime.spec import Run, node


@node("Warns")
def warns(words: str = "the light was poor", seconds: float = 0.0, *, run: Run) -> int:
    """Warn, twice the same, then wait."""
    run.warn(words)
    run.warn(words)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        run.progress(0.5)
        time.sleep(0.01)
    return 1
