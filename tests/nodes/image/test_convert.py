from __future__ import annotations

import numpy as np

from meshloom.graph_runtime.types import Image
from meshloom.nodes.image.convert import convert


def test_eight_bits_survive_the_way_to_float_and_back(run):
    image = Image(np.arange(256, dtype=np.uint8).reshape(16, 16, 1))
    there = convert(image, depth="float", run=run)
    assert there.pixels.dtype == np.float32 and there.pixels.max() == 1
    np.testing.assert_array_equal(convert(there, depth="8 bit", run=run).pixels, image.pixels)


def test_rounding_clipping_and_nan(run):
    image = Image(np.array([[[-1.0], [0.499 / 255], [0.501 / 255], [7.0], [np.nan], [np.inf]]], np.float32))
    assert convert(image, depth="8 bit", run=run).pixels[0, :, 0].tolist() == [0, 0, 1, 255, 0, 255]


def test_channels(picture, run):
    grey, colour, soft = picture(1), picture(3), picture(4)
    np.testing.assert_array_equal(
        convert(grey, channels="RGB", run=run).pixels, np.repeat(grey.pixels, 3, axis=2)
    )
    rgba = convert(colour, channels="RGBA", run=run).pixels
    np.testing.assert_array_equal(rgba[:, :, :3], colour.pixels)
    assert (rgba[:, :, 3] == 255).all()
    np.testing.assert_array_equal(convert(soft, channels="RGB", run=run).pixels, soft.pixels[:, :, :3])
    assert convert(soft, channels="grey", depth="float", run=run).pixels.shape == (40, 48, 1)
    assert convert(colour, run=run) is colour
