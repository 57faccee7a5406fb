from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from meshloom.graph_runtime.types import Image
from meshloom.nodes.image.sharpen import sharpen


def test_adds_what_a_blur_takes_away(run):
    pixels = np.zeros((20, 40, 1), np.float32)
    pixels[:, 20:] = 0.5
    result = sharpen(Image(pixels), amount=0.8, radius=2.0, run=run).pixels[:, :, 0]
    soft = gaussian_filter(pixels[:, :, 0], 2.0, mode="nearest")
    np.testing.assert_allclose(result, pixels[:, :, 0] + 0.8 * (pixels[:, :, 0] - soft), atol=2e-3)


def test_sharpening_undoes_some_of_a_blur(picture, run):
    image = picture(dtype="float32", height=80, width=96)
    soft = Image(gaussian_filter(image.pixels, (1.0, 1.0, 0)))
    before = np.abs(soft.pixels - image.pixels).mean()
    after = np.abs(sharpen(soft, amount=1.0, radius=1.0, run=run).pixels - image.pixels).mean()
    assert after < 0.6 * before


def test_differences_below_the_threshold_are_left_alone(run):
    rng = np.random.default_rng(0)
    noise = Image((0.5 + rng.uniform(-0.01, 0.01, (20, 20, 1))).astype(np.float32))
    np.testing.assert_array_equal(sharpen(noise, amount=3.0, threshold=0.03, run=run).pixels, noise.pixels)
