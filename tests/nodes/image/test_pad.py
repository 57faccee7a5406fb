from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Image
from meshloom.nodes.image.pad import pad


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_picture_lies_untouched_in_the_colour(picture, channels):
    image = picture(channels)
    result = pad(image, left=3, top=4, right=5, bottom=6, colour=(1.0, 1.0, 1.0))
    assert result.pixels.shape == (50, 56, channels)
    np.testing.assert_array_equal(result.pixels[4:44, 3:51], image.pixels)
    assert (result.pixels[0] == 255).all()
    assert result.focal_px == image.focal_px


def test_transparent_surroundings_give_an_opaque_picture_alpha(picture):
    result = pad(picture(1), right=2, opacity=0.0)
    assert result.pixels.shape == (40, 50, 4)
    assert (result.pixels[:, :48, 3] == 255).all()
    assert (result.pixels[:, 48:, 3] == 0).all()


def test_mirror_goes_on_beyond_the_size_of_the_picture():
    row = Image(np.array([[[1], [2], [3]]], np.uint8))
    assert pad(row, left=4, fill="mirror").pixels[0, :, 0].tolist() == [3, 3, 2, 1, 1, 2, 3]
    assert pad(row, right=4, fill="tile").pixels[0, :, 0].tolist() == [1, 2, 3, 1, 2, 3, 1]
    assert pad(row, right=2, fill="edge").pixels[0, :, 0].tolist() == [1, 2, 3, 3, 3]


def test_too_large_is_refused(picture):
    with pytest.raises(NodeError, match="megapixels"):
        pad(picture(), left=60000, top=60000)
