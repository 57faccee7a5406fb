from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.nodes.image.channel import channel
from meshloom.nodes.image.merge_channels import merge_channels


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("channels", [3, 4])
def test_splitting_and_merging_is_the_identity(picture, dtype, channels):
    image = picture(channels, dtype)
    planes = [channel(image, name) for name in ("red", "green", "blue", "alpha")[:channels]]
    result = merge_channels(*planes)
    np.testing.assert_array_equal(result.pixels, image.pixels)
    assert (result.name, result.focal_px) == (image.name, image.focal_px)


def test_one_float_channel_makes_all_float(plain):
    result = merge_channels(plain([255], dtype="uint8"), plain([2.5]), plain([0], dtype="uint8"))
    np.testing.assert_allclose(result.pixels[0, 0], [1, 2.5, 0])


def test_refusals(plain):
    with pytest.raises(NodeError, match="green has 3 channels"):
        merge_channels(plain([0.5]), plain([0.5, 0.5, 0.5]), plain([0.5]))
    with pytest.raises(NodeError, match=r"8 x 8 .* 9 x 8"):
        merge_channels(plain([0.5]), plain([0.5]), plain([0.5], width=9))
