from collections.abc import Sequence
from typing import NamedTuple

from meshloom.graph_runtime.spec import Run, node
from meshloom.graph_runtime.types import Image


class Found(NamedTuple):
    best: Image
    others: list[Image]
    level: float


@node("Index")
def index(images: Sequence[Image], at: int = 0, *, run: Run) -> Found:
    """One picture of a list, the rest as it came, and the mean level, remembered for the whole list."""
    level = run.remember("mean", [images], lambda: float(sum(i.pixels.mean() for i in images)), float)
    return Found(images[at], images[at + 1 :], level)
