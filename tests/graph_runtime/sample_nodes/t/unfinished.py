import time

import numpy as np

from meshloom.graph_runtime.spec import Run, node
from meshloom.graph_runtime.types import Figure, Image, Series


@node("Unfinished")
def unfinished(seconds: float = 0.5, side: int = 700, *, run: Run) -> Image:
    """Show how far the result is, twice, then wait."""
    for level in (0.2, 0.4):
        run.preview(Image(np.full((side // 2, side, 3), level, np.float32)))
        curve = Series("error", np.array([0.0, 1.0]), np.array([level, np.nan]))
        run.preview(Figure("How it went", "step", "", (curve,)))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        run.progress(1 - (end - time.monotonic()) / max(seconds, 1e-9), 1.0, "still at it")
        time.sleep(0.01)
    return Image(np.full((4, 4, 3), 1.0, np.float32))
