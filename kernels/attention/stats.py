"""From paired rounds to a ratio with an interval, with nothing but the standard library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal


@dataclass(frozen=True)
class Interval:
    """A middle with the interval that holds the true one with at least the confidence asked for."""

    middle: float
    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


def median_interval(values: Sequence[float], confidence: float = 0.95) -> Interval:
    """The median, and the narrowest symmetric order statistics that hold it with ``confidence``.

    Exact for any distribution: how many of n values lie below the true median is binomial(n, 1/2). A bootstrap of
    ten values promises 95 % and keeps 90. Below six values no interval has 95 %; then it is unbounded.
    """
    ordered = sorted(values)
    count = len(ordered)
    if not count:
        raise ValueError("no values")
    cut, below = 0, 0.5**count
    while 2 * below <= 1 - confidence and cut < (count + 1) // 2:
        cut += 1
        below += math.comb(count, cut) * 0.5**count
    if cut == 0:
        return Interval(median(ordered), -math.inf, math.inf)
    return Interval(median(ordered), ordered[cut - 1], ordered[count - cut])


def ratio_interval(ours: Sequence[float], theirs: Sequence[float], confidence: float = 0.95) -> Interval:
    """The median of ``theirs / ours`` round by round: above 1, ours is faster. Rounds are paired."""
    logs = [math.log(b / a) for a, b in zip(ours, theirs, strict=True)]
    held = median_interval(logs, confidence)
    return Interval(*(math.exp(part) for part in (held.middle, held.low, held.high)))


Judgement = Literal["faster", "slower", "indistinguishable"]


def noise_of(null: Interval) -> float:
    """By what fraction a kernel differs from itself: the farther end of the A/A interval."""
    return max(abs(null.high - 1), abs(1 - null.low))


def judge(speedup: Interval, noise: float) -> Judgement:
    """Faster or slower only where the whole interval says so and the middle exceeds the noise of A/A."""
    if 1.0 in speedup or abs(math.log(speedup.middle)) <= math.log1p(min(noise, 1e6)):
        return "indistinguishable"
    return "faster" if speedup.middle > 1 else "slower"
