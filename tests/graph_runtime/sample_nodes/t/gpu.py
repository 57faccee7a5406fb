import threading
import time

from meshloom.graph_runtime.spec import Run, node

_busy = threading.Lock()


@node("GPU", gpu=True)
def gpu(mark: int = 0, *, run: Run) -> int:
    """Fail if another of its kind runs at the same time."""
    if not _busy.acquire(blocking=False):
        raise RuntimeError("two at once")
    time.sleep(0.03)
    _busy.release()
    return mark
