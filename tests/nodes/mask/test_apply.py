from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Image, Mask
from meshloom.nodes.mask.apply import apply

HALF = Mask(np.array([[0, 0.5, 1]], np.float32))


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_mask_becomes_alpha_and_colours_stay(dtype, channels):
    pixels = np.arange(3 * channels).reshape(1, 3, channels).astype(dtype)
    result = apply(Image(pixels, "a.png", 5.0), HALF)
    np.testing.assert_array_equal(result.pixels[:, :, :3], np.broadcast_to(pixels, (1, 3, 3)))
    assert result.pixels[0, :, 3].tolist() == ([0, 128, 255] if dtype == "uint8" else [0, 0.5, 1])
    assert (result.name, result.focal_px) == ("a.png", 5.0)


def test_multiply_or_replace():
    image = Image(np.full((1, 3, 4), 0.5, np.float32))
    assert apply(image, HALF).pixels[0, :, 3].tolist() == [0, 0.25, 0.5]
    assert apply(image, HALF, "replace").pixels[0, :, 3].tolist() == [0, 0.5, 1]


def test_sizes_must_match(boxed):
    with pytest.raises(NodeError, match=r"3 x 1 .* 48 x 40"):
        apply(Image(np.zeros((1, 3, 3), np.uint8)), boxed())
