from collections.abc import Sequence

from meshloom.graph_runtime.spec import Run, node
from meshloom.graph_runtime.types import Image, Table


@node("Pairs")
def pairs(images: Sequence[Image], *, run: Run) -> Table:
    """The product of each pair, remembered pair by pair."""
    rows = []
    for index, first in enumerate(images):
        for second in images[:index]:

            def make(a: Image = first, b: Image = second) -> float:
                return float(a.pixels.mean() * b.pixels.mean())

            rows.append((run.remember("pair", [first, second], make, float),))
    return Table(("product",), tuple(rows))
