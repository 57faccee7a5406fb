from __future__ import annotations

import numpy as np

from meshloom.graph_runtime.types import Image
from meshloom.nodes.image.invert import invert


def test_negative_of_colours_only(run):
    result = invert(Image(np.array([[[0, 100, 255, 30]]], np.uint8)), run=run)
    assert result.pixels[0, 0].tolist() == [255, 155, 0, 30]


def test_twice_is_the_picture_also_above_white(plain, run):
    image = plain([3.0, 0.25, -0.5])
    np.testing.assert_array_equal(invert(invert(image, run=run), run=run).pixels, image.pixels)
