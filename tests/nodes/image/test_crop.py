from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.nodes.image.crop import crop


def test_keeps_the_rectangle_and_the_focal_length(picture):
    image = picture()
    result = crop(image, left=5, top=7, width=20, height=10)
    np.testing.assert_array_equal(result.pixels, image.pixels[7:17, 5:25])
    assert result.focal_px == image.focal_px


def test_zero_means_to_the_edge(picture):
    assert crop(picture(), left=8, top=10).pixels.shape == (30, 40, 3)


@pytest.mark.parametrize("bad", [{"left": 48}, {"top": 40}, {"left": 40, "width": 9}, {"height": 41}])
def test_outside_is_refused_with_the_size(picture, bad):
    with pytest.raises(NodeError, match="48 x 40"):
        crop(picture(), **bad)
