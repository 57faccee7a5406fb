from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.types import Mask
from meshloom.nodes.mask.grow import grow


@pytest.mark.parametrize("amount", [3, -3])
def test_a_square_moves_its_sides(boxed, run, amount):
    result = grow(boxed((15, 12, 30, 27)), float(amount), "square", run=run)
    expected = boxed((15 - amount, 12 - amount, 30 + amount, 27 + amount))
    np.testing.assert_array_equal(result.coverage, expected.coverage)


@pytest.mark.parametrize("amount", [-4.5, 0.5, 6.0])
def test_a_disc_becomes_a_disc_of_that_radius(run, amount):
    y, x = np.mgrid[0:80, 0:80] + 0.5
    disc = (np.hypot(x - 40, y - 40) <= 20).astype(np.float32)
    area = grow(Mask(disc), amount, run=run).coverage.sum()
    assert area == pytest.approx(np.pi * (20 + amount) ** 2, rel=0.03)


def test_straight_edges_move_by_fractions(boxed, run):
    result = grow(boxed((0, 0, 20, 40)), 2.25, run=run).coverage[20]
    assert result[21] == 1 and result[22] == pytest.approx(0.25) and result[23] == 0
    back = grow(boxed((0, 0, 20, 40)), -2.0, run=run).coverage[20]
    assert back[17] == 1 and back[18] == 0 and back[0] == 1


def test_nothing_stays_nothing_and_a_pixel_vanishes(boxed, run):
    assert grow(boxed(), 5.0, run=run).coverage.max() == 0
    assert grow(boxed((10, 10, 11, 11)), -2.0, run=run).coverage.max() == 0
    assert grow(boxed((0, 0, 48, 40)), -3.0, run=run).coverage.min() == 1
