from __future__ import annotations

from typing import Annotated

import numpy as np

from meshloom.graph_runtime.spec import Range, node


@node("Series", aliases=("range", "linspace", "steps", "list of numbers", "sweep"))
def series(
    first: float = 0.0, last: float = 1.0, count: Annotated[int, Range(1, 100_000)] = 5
) -> list[float]:
    """Numbers at equal distances: what is linked to them runs once for each.

    first: the first number
    last: the last number, which is in the list too; not with a count of 1
    count: how many numbers
    """
    return [float(number) for number in np.linspace(first, last, count)]
