from __future__ import annotations

import math

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Image, Mask
from meshloom.nodes.image.compare import compare


def row(result) -> dict[str, object]:
    return dict(zip(result.table.columns, result.table.rows[0], strict=True))


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_equal_pictures(picture, run, channels, dtype):
    result = compare(picture(channels, dtype), picture(channels, dtype), run=run)
    assert result.psnr == math.inf
    assert result.ssim == pytest.approx(1)
    assert row(result)["mae"] == 0 and row(result)["largest"] == 0
    assert result.difference.pixels.max() == 0


@pytest.mark.parametrize("sigma", [0.01, 0.05])
def test_psnr_of_known_noise(run, sigma):
    rng = np.random.default_rng(1)
    clean = Image(np.full((100, 120, 3), 0.5, np.float32))
    noisy = Image(clean.pixels + rng.normal(0, sigma, clean.pixels.shape).astype(np.float32))
    result = compare(clean, noisy, run=run)
    assert result.psnr == pytest.approx(-20 * math.log10(sigma), abs=0.1)
    assert row(result)["rmse"] == pytest.approx(sigma, rel=0.02)
    assert row(result)["mae"] == pytest.approx(sigma * math.sqrt(2 / math.pi), rel=0.02)


def test_agrees_with_scikit_image(picture, run):
    a, b = picture(height=64, width=80), picture(height=64, width=80)
    b = Image(
        np.clip(
            b.pixels.astype(int) + np.random.default_rng(0).integers(-20, 20, b.pixels.shape), 0, 255
        ).astype(np.uint8)
    )
    result = compare(a, b, run=run)
    assert result.psnr == pytest.approx(peak_signal_noise_ratio(a.pixels, b.pixels), abs=1e-4)
    expected = structural_similarity(
        a.pixels,
        b.pixels,
        channel_axis=2,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )[1].mean()
    assert result.ssim == pytest.approx(expected, abs=1e-4)


def test_only_the_masked_region_counts(picture, run):
    a = picture(height=64, width=80)
    pixels = np.array(a.pixels)
    pixels[:, 40:] = 0
    coverage = np.zeros((64, 80), np.float32)
    coverage[:, :30] = 1
    result = compare(a, Image(pixels), Mask(coverage), run=run)
    assert result.psnr == math.inf and result.ssim == pytest.approx(1)
    assert row(result)["pixels"] == 64 * 30
    assert result.difference.pixels[:, 40:].max() == 0
    assert compare(a, Image(pixels), run=run).psnr < 15


def test_the_picture_of_the_difference(plain, run):
    a, b = plain([0.5, 0.5, 0.5], 16, 16), plain([0.5, 0.6, 0.45], 16, 16)
    result = compare(a, b, gain=4.0, run=run).difference.pixels
    np.testing.assert_allclose(result[3, 3], [0, 0.4, 0.2], atol=1e-5)
    heat = compare(a, b, gain=4.0, show="heat map", run=run).difference.pixels
    assert heat.shape == (16, 16, 3) and heat[3, 3].sum() > 0.5


def test_a_difference_in_alpha_alone_is_seen(plain, run):
    a, b = plain([0.0, 0.0, 0.0, 1.0], 16, 16), plain([0.0, 0.0, 0.0, 0.75], 16, 16)
    result = compare(a, b, gain=1.0, run=run)
    np.testing.assert_allclose(result.difference.pixels, 0.25)
    hidden = compare(plain([0.9, 0.1, 0.5, 0.0], 16, 16), plain([0.1, 0.9, 0.2, 0.0], 16, 16), run=run)
    assert hidden.psnr == math.inf


def test_missing_values_are_left_out_and_told(plain, run):
    pixels = np.array(plain([0.5], 16, 16).pixels)
    pixels[3, 3] = np.nan
    result = compare(plain([0.5], 16, 16), Image(pixels), run=run)
    assert result.psnr == math.inf and row(result)["pixels"] == 255
    assert "1 pixels" in run.warnings[0]


def test_tiny_pictures_still_have_a_structure(plain, run):
    assert compare(plain([0.5], 3, 3), plain([0.5], 3, 3), run=run).ssim == pytest.approx(1)
    assert compare(plain([0.1], 1, 1), plain([0.9], 1, 1), run=run).ssim < 0.5


def test_refusals(picture, plain, run):
    with pytest.raises(NodeError, match=r"48 x 40 .* 8 x 8"):
        compare(picture(), plain([0.5]), run=run)
    with pytest.raises(NodeError, match="no pixel"):
        compare(picture(), picture(), Mask(np.zeros((40, 48), np.float32)), run=run)


def test_lpips_is_there_where_weights_are(tmp_path, picture, run):
    from safetensors.numpy import save_file

    from meshloom.kernels.perceptual.lpips import LAYOUTS, Lpips

    random = np.random.default_rng(0)
    network = {
        name: np.abs(random.standard_normal(shape, np.float32)) * 0.05 - 0.02 * (name[0] == "f")
        for name, shape in LAYOUTS["AlexNet"].items()
    }
    path = tmp_path / "lpips.safetensors"
    save_file(network, path)
    a, b = picture(height=40, width=64), picture(height=40, width=64)
    b = b.with_pixels(
        np.where(np.arange(64)[:, None] < 32, b.as_float(), b.as_float()[::-1]).astype(np.float32)
    )
    found = row(compare(a, b, lpips_weights=(path,), run=run))
    measure = Lpips("AlexNet", network)
    planes = [image.as_float().transpose(2, 0, 1) for image in (a, b)]
    assert found["lpips"] == pytest.approx(measure.distance(*planes), rel=1e-5) and found["lpips"] > 0
    left = Mask(np.repeat(np.arange(64)[None] < 32, 40, axis=0).astype(np.float32))
    assert row(compare(a, b, left, lpips_weights=(path,), run=run))["lpips"] == 0
    assert "lpips" not in row(compare(a, b, run=run))
    with pytest.raises(NodeError, match="too few for LPIPS"):
        compare(picture(height=20, width=64), picture(height=20, width=64), lpips_weights=(path,), run=run)


def test_lpips_of_grey_is_that_of_its_colours(tmp_path, picture, run):
    from safetensors.numpy import save_file

    from meshloom.kernels.perceptual.lpips import LAYOUTS

    random = np.random.default_rng(0)
    path = tmp_path / "lpips.safetensors"
    save_file(
        {name: random.standard_normal(shape, np.float32) for name, shape in LAYOUTS["AlexNet"].items()}, path
    )
    a, b = picture(1, height=40, width=40), picture(1, height=40, width=40)
    b = b.with_pixels(b.as_float()[::-1].copy())
    wide = [Image(np.repeat(image.as_float(), 3, axis=2)) for image in (a, b)]
    grey, colour = (row(compare(*pair, lpips_weights=(path,), run=run))["lpips"] for pair in ((a, b), wide))
    assert grey == pytest.approx(colour, rel=1e-5)
