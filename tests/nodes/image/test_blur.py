from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from meshloom.graph_runtime.types import Image
from meshloom.nodes.image._gauss import gaussian
from meshloom.nodes.image.blur import blur


@pytest.mark.parametrize("sigma", [1.5, 11.0, 20.0, 60.0])
def test_gaussian_agrees_with_scipy_at_any_width(sigma):
    rng = np.random.default_rng(0)
    plane = np.zeros((230, 310), np.float32)
    plane[60:170, 90:201] = 1
    # The border is repeated, and noise there would be too.
    plane[8:-8, 8:-8] += rng.normal(0, 0.1, (214, 294)).astype(np.float32)
    expected = gaussian_filter(plane, sigma, mode="nearest", truncate=6)
    np.testing.assert_allclose(gaussian(plane, sigma), expected, atol=1e-2)
    np.testing.assert_allclose(gaussian(plane, sigma)[20:-20, 20:-20], expected[20:-20, 20:-20], atol=1e-3)


def test_light_is_averaged_not_numbers(run):
    pixels = np.zeros((20, 20, 3), np.uint8)
    pixels[:, ::2] = 255
    assert blur(Image(pixels), radius=4.0, run=run).pixels[10, 10, 0] == pytest.approx(188, abs=1)
    assert blur(Image(pixels), radius=4.0, light="as stored", run=run).pixels[10, 10, 0] == pytest.approx(
        128, abs=1
    )


@pytest.mark.parametrize("kind", ["gaussian", "box", "median", "bilateral"])
def test_what_hides_under_zero_alpha_does_not_bleed(run, kind):
    pixels = np.zeros((20, 20, 4), np.uint8)
    pixels[:, :10] = [255, 0, 0, 255]
    pixels[:, 10:] = [0, 255, 0, 0]
    result = blur(Image(pixels), kind=kind, radius=3.0, run=run).pixels
    seen = result[:, :, 3] > 8
    np.testing.assert_allclose(result[seen][:, :3].astype(int), [[255, 0, 0]] * seen.sum(), atol=2)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("radius", [1.0, 3.0])
def test_median_removes_specks_and_keeps_edges(run, dtype, radius):
    pixels = np.zeros((30, 30, 1), np.float32)
    pixels[:, 15:] = 1
    clean = pixels.copy()
    pixels[5, 5], pixels[20, 25] = 1, 0
    image = Image(pixels) if dtype == "float32" else Image((pixels * 255).astype(np.uint8))
    result = blur(image, kind="median", radius=radius, run=run)
    np.testing.assert_array_equal(result.as_float(), clean)


def test_bilateral_smooths_noise_but_not_the_edge(run):
    rng = np.random.default_rng(0)
    clean = np.full((60, 60, 1), 0.2, np.float32)
    clean[:, 30:] = 0.8
    noisy = clean + rng.normal(0, 0.03, clean.shape).astype(np.float32)
    result = blur(Image(noisy), kind="bilateral", radius=5.0, tolerance=0.15, run=run).pixels
    assert np.abs(result - clean).mean() < 0.35 * np.abs(noisy - clean).mean()
    assert result[:, 30].mean() - result[:, 29].mean() > 0.57


def test_radius_zero_is_the_picture(picture, run):
    image = picture()
    assert blur(image, radius=0.0, run=run) is image
