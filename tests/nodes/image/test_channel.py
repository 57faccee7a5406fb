from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import image_to_mask
from meshloom.nodes.image.channel import channel
from meshloom.nodes.image.to_grey import to_grey


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_each_channel_bit_for_bit(picture, dtype):
    image = picture(4, dtype)
    for index, name in enumerate(("red", "green", "blue", "alpha")):
        np.testing.assert_array_equal(channel(image, name).pixels[:, :, 0], image.pixels[:, :, index])


def test_alpha_of_an_opaque_picture_and_as_a_mask(picture):
    assert (channel(picture(3), "alpha").pixels == 255).all()
    np.testing.assert_allclose(
        image_to_mask(channel(picture(4), "alpha")).coverage, picture(4).as_float()[:, :, 3]
    )


def test_luminance_is_that_of_to_grey(picture, run):
    np.testing.assert_array_equal(channel(picture(), "luminance").pixels, to_grey(picture(), run=run).pixels)


def test_grey_has_no_red(picture):
    with pytest.raises(NodeError, match="no red"):
        channel(picture(1), "red")
