from typing import NamedTuple

import numpy as np

from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import Figure, Image, Series, Table


class Findings(NamedTuple):
    table: Table
    curve: Figure
    pictures: list[Image]


@node("Findings")
def findings(count: int = 2) -> Findings:
    """A table, a figure and pictures."""
    levels = np.arange(float(count))
    pictures = [Image(np.full((8, 8, 3), level / 10, np.float32), f"picture {level:g}") for level in levels]
    rows = tuple((f"row {level:g}", float(level)) for level in levels)
    return Findings(
        Table(("name", "level"), rows), Figure("Levels", "", "", (Series("a", levels, levels),)), pictures
    )
