from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.types import Image
from meshloom.nodes.image._light import to_srgb
from meshloom.nodes.image.tone_map import tone_map


def scene(channels: int = 3) -> Image:
    """Light over five powers of ten, from left to right."""
    light = np.logspace(-2, 3, 64, dtype=np.float32)[None, :, None]
    return Image(to_srgb(np.broadcast_to(light, (48, 64, channels)).copy()), "hdr.exr")


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("method", ["filmic", "reinhard", "drago", "mantiuk"])
def test_all_light_fits_and_keeps_its_order(run, method, channels):
    image = scene(channels)
    result = tone_map(image, method=method, run=run)
    assert result.pixels.shape == image.pixels.shape
    assert result.pixels.min() >= 0 and result.pixels.max() <= 1
    row = result.pixels[24, 4:-4, 0]
    assert (np.diff(row) > -0.01).all()
    assert row[-1] - row[0] > 0.4


def test_filmic_is_the_same_for_equal_light_and_exposure_moves_it(plain, run):
    bright, dark = plain([4.0, 4.0, 4.0]), plain([0.2, 0.2, 0.2])
    one = tone_map(dark, run=run).pixels[0, 0]
    both = tone_map(Image(np.concatenate([bright.pixels, dark.pixels])), run=run).pixels[-1, 0]
    np.testing.assert_array_equal(one, both)
    assert tone_map(dark, exposure=2.0, run=run).pixels[0, 0, 0] > one[0] + 0.1
    # By hand from the curve, at linear 0.18: x = 0.108.
    grey = tone_map(Image(to_srgb(np.full((1, 1, 1), 0.18, np.float32))), run=run).pixels[0, 0, 0]
    x = 0.108
    expected = (x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14)
    assert grey == pytest.approx(to_srgb(np.float32([expected]))[0], abs=1e-4)


@pytest.mark.parametrize("method", ["filmic", "reinhard", "drago", "mantiuk"])
def test_black_infinite_and_flat(plain, run, method):
    for value in (0.0, 7.0):
        result = tone_map(plain([value] * 3), method=method, run=run).pixels
        assert np.isfinite(result).all() and result.max() <= 1
    thin = Image(np.array([[[0.2], [0.5], [4.0]]], np.float32))
    assert tone_map(thin, method=method, run=run).pixels.shape == (1, 3, 1)
    pixels = np.array(scene().pixels)
    pixels[5, 5] = np.inf
    result = tone_map(Image(pixels), method=method, run=run).pixels
    assert np.nanmax(np.delete(result.reshape(-1, 3), 5 * 64 + 5, axis=0)) <= 1
