"""Intervals that keep what they promise."""

from __future__ import annotations

import math
import random

import pytest

from meshloom.kernels.attention.stats import Interval, judge, median_interval, noise_of, ratio_interval


@pytest.mark.parametrize(("count", "cut"), [(6, 0), (8, 0), (9, 1), (10, 1), (12, 2), (20, 5)])
def test_order_statistics_are_those_of_the_tables(count, cut):
    held = median_interval(range(count))
    assert (held.low, held.high) == (cut, count - 1 - cut)


def test_too_few_values_promise_nothing():
    assert median_interval([1, 2, 3, 4, 5]) == Interval(3, -math.inf, math.inf)
    with pytest.raises(ValueError, match="no values"):
        median_interval([])


@pytest.mark.parametrize(
    "draw", [random.gauss, lambda a, b: random.lognormvariate(a, b) - 1], ids=["normal", "skew"]
)
def test_the_interval_holds_the_median_as_often_as_it_says(draw):
    random.seed(1)
    hits = sum(0.0 in median_interval([draw(0, 1) for _ in range(10)]) for _ in range(2000))
    assert 0.955 < hits / 2000 < 0.995  # exactly 97.9 % for ten values


def test_ratios_are_paired():
    """Load that comes and goes falls on both arms of a round, and leaves their ratio alone."""
    random.seed(0)
    load = [random.uniform(1, 5) for _ in range(12)]
    held = ratio_interval([1.0 * x for x in load], [1.5 * x for x in load])
    assert (
        held.middle == pytest.approx(1.5)
        and held.low == pytest.approx(1.5)
        and held.high == pytest.approx(1.5)
    )


@pytest.mark.parametrize(
    ("interval", "noise", "said"),
    [
        (Interval(1.3, 1.2, 1.4), 0.02, "faster"),
        (Interval(0.8, 0.7, 0.9), 0.02, "slower"),
        (Interval(1.1, 0.99, 1.2), 0.02, "indistinguishable"),
        (Interval(1.05, 1.01, 1.1), 0.06, "indistinguishable"),
        (Interval(2.0, -math.inf, math.inf), 0.0, "indistinguishable"),
    ],
)
def test_verdicts(interval, noise, said):
    assert judge(interval, noise) == said


def test_noise_is_the_farther_end():
    assert noise_of(Interval(1.0, 0.95, 1.02)) == pytest.approx(0.05)
