from __future__ import annotations

import numpy as np

from meshloom.nodes.image.flip import flip


def test_directions(picture):
    image = picture()
    np.testing.assert_array_equal(flip(image).pixels, image.pixels[:, ::-1])
    np.testing.assert_array_equal(flip(image, horizontal=False, vertical=True).pixels, image.pixels[::-1])
    assert flip(flip(image, vertical=True), vertical=True).pixels.tobytes() == image.pixels.tobytes()
