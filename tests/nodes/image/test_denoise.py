from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.types import Image
from meshloom.nodes.image.denoise import denoise, noise_level


def noisy(picture, sigma: float, dtype: str, channels: int = 3) -> tuple[Image, Image]:
    clean = picture(channels, "float32", 96, 96)
    noise = np.random.default_rng(0).normal(0, sigma, clean.pixels.shape).astype(np.float32)
    dirty = Image(clean.pixels + noise)
    return clean, Image(dirty.as_uint8()) if dtype == "uint8" else dirty


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("sigma", [0.02, 0.08])
def test_most_of_the_noise_goes_and_the_picture_stays(picture, run, dtype, channels, sigma):
    clean, dirty = noisy(picture, sigma, dtype, channels)
    before = np.mean((dirty.as_float() - clean.pixels) ** 2)
    after = np.mean((denoise(dirty, run=run).as_float() - clean.pixels) ** 2)
    assert 10 * np.log10(before / after) > 5  # dB


@pytest.mark.parametrize("sigma", [0.01, 0.05])
def test_noise_is_measured(picture, sigma):
    _, dirty = noisy(picture, sigma, "float32", 1)
    assert noise_level(dirty.pixels[:, :, 0]) == pytest.approx(sigma, rel=0.15)


def test_a_picture_without_noise_and_strength_zero_change_nothing(plain, picture, run):
    image = plain([0.2, 0.4, 0.6], 32, 32)
    np.testing.assert_allclose(denoise(image, run=run).pixels, image.pixels, atol=1e-6)
    image = picture()
    result = denoise(image, strength=0.0, colour_strength=0.0, run=run)
    np.testing.assert_array_equal(result.pixels, image.pixels)


def test_strips_meet_without_a_seam(picture, run, monkeypatch):
    from meshloom.nodes.image import denoise as module

    _, dirty = noisy(picture, 0.05, "float32", 1)
    whole = denoise(dirty, run=run)
    monkeypatch.setattr(module, "BATCH", 1)
    np.testing.assert_array_equal(denoise(dirty, run=run).pixels, whole.pixels)
    assert len(run.progressed) > 10
