from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.types import Image
from meshloom.nodes.image.flatten import flatten


@pytest.mark.parametrize(("light", "expected"), [("as stored", 128), ("linear", 188)])
def test_half_covered_white_on_black(run, light, expected):
    image = Image(np.array([[[255, 255, 255, 128], [9, 9, 9, 0], [40, 50, 60, 255]]], np.uint8))
    result = flatten(image, colour=(0.0, 0.0, 0.0), light=light, run=run).pixels
    assert result[0, 0].tolist() == pytest.approx([expected] * 3, abs=1)
    assert result[0, 1:].tolist() == [[0, 0, 0], [40, 50, 60]]


def test_nan_under_zero_alpha_is_not_seen(run):
    image = Image(np.array([[[np.nan, np.nan, np.nan, 0]]], np.float32))
    np.testing.assert_allclose(flatten(image, run=run).pixels, 1, atol=1e-6)


def test_opaque_is_passed_on(picture, run):
    image = picture(3)
    assert flatten(image, run=run) is image
