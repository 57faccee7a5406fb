from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Image
from meshloom.nodes.image.resize import resize


@pytest.mark.parametrize(
    ("parameters", "size"),
    [
        ({"by": "longest side", "side": 24}, (24, 20)),
        ({"by": "shortest side", "side": 20}, (24, 20)),
        ({"by": "scale", "scale": 2.0}, (96, 80)),
        ({"by": "fit inside", "width": 24, "height": 90}, (24, 20)),
        ({"by": "fit inside", "width": 0, "height": 20}, (24, 20)),
        ({"by": "fill and crop", "width": 30, "height": 10}, (30, 10)),
        ({"by": "stretch", "width": 7, "height": 50}, (7, 50)),
        ({"by": "longest side", "side": 500, "enlarge": False}, (48, 40)),
    ],
)
def test_size(picture, run, parameters, size):
    result = resize(picture(), run=run, **parameters)
    assert (result.width, result.height) == size


def test_a_checker_of_black_and_white_becomes_the_grey_of_half_the_light(run):
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[::2, 1::2] = pixels[1::2, ::2] = 255
    linear = resize(Image(pixels), by="scale", scale=0.25, run=run)
    stored = resize(Image(pixels), by="scale", scale=0.25, light="as stored", run=run)
    # Half the light is 188 in sRGB; away from the border, where the filter sees whole periods.
    np.testing.assert_allclose(linear.pixels[4:-4, 4:-4], 188, atol=1)
    np.testing.assert_allclose(stored.pixels[4:-4, 4:-4], 128, atol=1)


@pytest.mark.parametrize("filter", ["lanczos", "bicubic", "bilinear", "box"])
def test_a_gradient_stays_where_it_is(run, filter):
    ramp = np.broadcast_to(np.linspace(0, 1, 64, dtype=np.float32)[None, :, None], (32, 64, 1))
    small = resize(Image(ramp), by="scale", scale=0.5, filter=filter, light="as stored", run=run)
    expected = ramp[:16].reshape(16, 32, 2).mean(axis=2)
    np.testing.assert_allclose(small.pixels[:, 4:-4, 0], expected[:, 4:-4], atol=1e-4)
    assert small.pixels.mean() == pytest.approx(0.5, abs=1e-4)


def test_what_hides_under_zero_alpha_does_not_bleed(run):
    pixels = np.zeros((16, 16, 4), np.float32)
    pixels[:, :8] = [1, 0, 0, 1]
    pixels[:, 8:] = [0, 1, 0, 0]
    for factor in (0.3, 2.7):
        result = resize(Image(pixels), by="scale", scale=factor, filter="bicubic", run=run).pixels
        seen = result[:, :, 3] > 0.01
        np.testing.assert_allclose(result[seen][:, :3], [[1, 0, 0]] * seen.sum(), atol=2e-3)


def test_nearest_invents_no_values(picture, run):
    image = picture()
    result = resize(image, by="scale", scale=0.37, filter="nearest", run=run)
    known = {tuple(p) for p in image.pixels.reshape(-1, 3)}
    assert all(tuple(p) in known for p in result.pixels.reshape(-1, 3))


def test_missing_values_neither_spread_nor_vanish(run):
    pixels = np.full((32, 32, 1), 0.5, np.float32)
    pixels[8:16, 8:16] = np.nan
    result = resize(Image(pixels), by="scale", scale=0.5, run=run).pixels[:, :, 0]
    expected = np.zeros((16, 16), bool)
    expected[4:8, 4:8] = True
    np.testing.assert_array_equal(np.isnan(result), expected)
    np.testing.assert_allclose(result[~expected], 0.5, atol=1e-5)


def test_focal_length_follows(picture, run):
    image = picture(width=480, height=400)
    assert resize(image, by="scale", scale=0.5, run=run).focal_px == pytest.approx(500)
    # Filling a tall frame crops the sides and scales by its height.
    assert resize(image, by="fill and crop", width=100, height=200, run=run).focal_px == pytest.approx(500)


def test_sizes_that_cannot_be(picture, run):
    with pytest.raises(NodeError, match="both 0"):
        resize(picture(), by="stretch", width=0, height=0, run=run)
    with pytest.raises(NodeError, match="megapixels"):
        resize(picture(), by="longest side", side=60000, run=run)


def test_a_thin_picture_keeps_its_pixel(plain, run):
    assert resize(plain([0.5], 2, 1000), side=10, run=run).pixels.shape == (1, 10, 1)
