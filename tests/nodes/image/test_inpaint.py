from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Image, Mask
from meshloom.nodes.image.inpaint import inpaint


def ramp(dtype: str) -> Image:
    y, x = np.mgrid[0:48, 0:64] / 64
    pixels = np.stack([0.2 + 0.5 * x, 0.3 + 0.4 * y, 0.8 - 0.3 * x], axis=2).astype(np.float32)
    return Image(pixels) if dtype == "float32" else Image((pixels * 255 + 0.5).astype(np.uint8))


def hole(*boxes: tuple[int, int, int, int]) -> Mask:
    coverage = np.zeros((48, 64), np.float32)
    for left, top, right, bottom in boxes:
        coverage[top:bottom, left:right] = 1
    return Mask(coverage)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize(
    ("method", "tolerance"), [("telea", 0.05), ("navier-stokes", 0.05), ("smooth", 0.004)]
)
def test_a_slope_is_restored(run, dtype, method, tolerance):
    image, mask = ramp(dtype), hole((20, 15, 30, 23), (45, 30, 49, 44))
    broken = np.array(image.pixels)
    broken[mask.coverage > 0] = 0
    result = inpaint(Image(broken), mask, method=method, run=run)
    np.testing.assert_allclose(result.as_float(), image.as_float(), atol=tolerance)
    outside = mask.coverage == 0
    np.testing.assert_array_equal(result.pixels[outside], image.pixels[outside])


def test_scratches_right_to_the_border(run):
    mask = hole((0, 10, 64, 13), (30, 0, 32, 48))
    broken = np.array(ramp("uint8").pixels)
    broken[mask.coverage > 0] = 255
    result = inpaint(Image(broken), mask, run=run)
    np.testing.assert_allclose(result.as_float(), ramp("uint8").as_float(), atol=0.03)


def test_light_above_white_and_missing_values(run):
    pixels = ramp("float32").pixels * 8
    mask = hole((20, 15, 26, 20))
    broken = pixels.copy()
    broken[mask.coverage > 0] = np.nan
    broken[40, 50] = np.nan
    result = inpaint(Image(broken), mask, run=run).pixels.copy()
    assert np.isnan(result[40, 50]).all()
    result[40, 50] = pixels[40, 50]
    np.testing.assert_allclose(result, pixels, atol=0.4)


def test_a_soft_mask_fades_the_filling_in(run):
    image = Image(np.full((48, 64, 3), 0.2, np.float32))
    pixels = np.array(image.pixels)
    pixels[20:24, 20:24] = 1.0
    coverage = hole((20, 20, 24, 24)).coverage * np.float32(0.5)
    result = inpaint(Image(pixels), Mask(coverage), run=run).pixels
    np.testing.assert_allclose(result[20:24, 20:24], 0.6, atol=1e-3)


def test_many_specks_are_filled_at_once(run):
    rng = np.random.default_rng(0)
    mask = Mask((rng.random((48, 64)) < 0.15).astype(np.float32))
    broken = np.array(ramp("uint8").pixels)
    broken[mask.coverage > 0] = 0
    result = inpaint(Image(broken), mask, run=run)
    np.testing.assert_allclose(result.as_float(), ramp("uint8").as_float(), atol=0.05)


def test_nothing_everything_and_too_much(run):
    image = ramp("uint8")
    assert inpaint(image, hole(), run=run) is image
    with pytest.raises(NodeError, match="whole picture"):
        inpaint(image, hole((0, 0, 64, 48)), run=run)
    large = Image(np.zeros((300, 300, 1), np.uint8))
    mask = np.ones((300, 300), np.float32)
    mask[0] = 0
    with pytest.raises(NodeError, match="at most"):
        inpaint(large, Mask(mask), method="smooth", run=run)
    with pytest.raises(NodeError, match=r"64 x 48 .* 300 x 300"):
        inpaint(image, Mask(mask), run=run)
