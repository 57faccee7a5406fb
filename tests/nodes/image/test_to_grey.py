from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.types import Image
from meshloom.nodes.image._light import LUMINANCE, to_linear
from meshloom.nodes.image.to_grey import to_grey


@pytest.mark.parametrize(
    ("method", "expected"),
    [("luma", 0.299 * 0.2 + 0.587 * 0.5 + 0.114 * 0.9), ("average", 1.6 / 3), ("maximum", 0.9)],
)
def test_sums_of_stored_values(plain, run, method, expected):
    assert to_grey(plain([0.2, 0.5, 0.9]), method=method, run=run).pixels[0, 0, 0] == pytest.approx(expected)


def test_luminance_is_that_of_the_light(plain, run):
    image = plain([0.2, 0.5, 0.9])
    grey = to_grey(image, run=run).pixels
    assert grey.shape == (8, 8, 1)
    assert to_linear(grey[0, 0])[0] == pytest.approx(to_linear(image.pixels[0, 0]) @ LUMINANCE, rel=1e-4)


def test_white_stays_white_and_alpha_stays(run):
    result = to_grey(Image(np.array([[[255, 255, 255, 77]]], np.uint8)), run=run)
    assert result.pixels[0, 0].tolist() == [255, 255, 255, 77]


def test_grey_is_passed_on(plain, run):
    image = plain([0.3])
    assert to_grey(image, run=run) is image
