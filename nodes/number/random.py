from __future__ import annotations

from typing import Annotated

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Range, Seed, node


@node("Random numbers", aliases=("seed", "uniform", "jitter", "noise"))
def random(
    low: float = 0.0,
    high: float = 1.0,
    count: Annotated[int, Range(1, 100_000)] = 1,
    seed: Annotated[int, Seed()] = 0,
) -> list[float]:
    """Numbers drawn evenly from a range; the same seed gives the same numbers.

    low: the smallest possible number
    high: the limit that is not reached
    count: how many numbers
    seed: another seed, other numbers
    """
    if not low <= high:
        raise NodeError(f"low ({low:g}) is above high ({high:g})", hint="swap them")
    return [float(number) for number in np.random.default_rng(seed).uniform(low, high, count)]
