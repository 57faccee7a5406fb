from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from meshloom.nodes.mask.feather import feather


@pytest.mark.parametrize(("radius", "tolerance"), [(2.0, 2e-3), (20.0, 0.03)])
def test_a_gaussian_of_that_width(boxed, run, radius, tolerance):
    mask = boxed((60, 50, 140, 150), height=200, width=220)
    expected = gaussian_filter(mask.coverage, radius, mode="nearest", truncate=6)
    np.testing.assert_allclose(feather(mask, radius, run=run).coverage, expected, atol=tolerance)


def test_sides(boxed, run):
    mask = boxed((15, 10, 35, 30))
    inside = feather(mask, 2.0, "inside", run=run).coverage
    outside = feather(mask, 2.0, "outside", run=run).coverage
    assert (
        (inside <= mask.coverage).all()
        and inside[20, 15] < 0.5
        and inside[20, 25] == pytest.approx(1, abs=0.01)
    )
    assert (outside >= mask.coverage).all() and 0.5 < outside[20, 14] < 1 and outside[20, 2] < 0.01


def test_radius_zero(boxed, run):
    np.testing.assert_array_equal(
        feather(boxed((1, 1, 9, 9)), 0.0, run=run).coverage, boxed((1, 1, 9, 9)).coverage
    )
