from __future__ import annotations

import numpy as np

from meshloom.graph_runtime.types import Mask
from meshloom.nodes.mask.tidy import tidy


def test_holes_are_filled_but_bays_stay_open(boxed, run):
    coverage = np.array(boxed((5, 5, 35, 35)).coverage)
    coverage[10:14, 10:14] = 0
    coverage[5:20, 25:28] = 0
    result = tidy(Mask(coverage), run=run).coverage
    assert (result[10:14, 10:14] == 1).all()
    assert (result[5:20, 25:28] == 0).all()
    kept = tidy(Mask(coverage), largest_hole=15, run=run).coverage
    assert (kept[10:14, 10:14] == 0).all()
    assert (tidy(Mask(coverage), largest_hole=16, run=run).coverage[10:14, 10:14] == 1).all()


def test_specks_and_the_largest(boxed, run):
    mask = boxed((2, 2, 20, 20), (30, 5, 33, 8), (40, 30, 41, 31))
    small = tidy(mask, smallest=5, run=run).coverage
    assert small[6, 31] == 1 and small[30, 40] == 0
    alone = tidy(mask, keep_largest=True, run=run).coverage
    np.testing.assert_array_equal(alone, boxed((2, 2, 20, 20)).coverage)


def test_soft_edges_stay_and_the_rim_of_a_speck_goes(run):
    y, x = np.mgrid[0:60, 0:80]
    big = np.clip((15 - np.hypot(x - 25, y - 30)) / 6 + 0.5, 0, 1)
    speck = np.clip((3 - np.hypot(x - 65, y - 30)) / 6 + 0.5, 0, 1)
    mask = Mask(np.maximum(big, speck).astype(np.float32))
    result = tidy(mask, smallest=60, run=run).coverage
    np.testing.assert_array_equal(result, big.astype(np.float32))


def test_nothing_selected(boxed, run):
    assert tidy(boxed(), keep_largest=True, run=run).coverage.max() == 0
