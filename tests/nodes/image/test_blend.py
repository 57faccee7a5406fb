from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Image, Mask
from meshloom.nodes.image._light import to_linear
from meshloom.nodes.image._modes import MODES
from meshloom.nodes.image.blend import blend

#: Base 0.6 and top 0.3, worked out by hand from the specification.
EXPECTED = {
    "normal": 0.3,
    "multiply": 0.18,
    "screen": 0.6 + 0.3 - 0.18,
    "overlay": 1 - 2 * 0.4 * 0.7,
    "hard light": 2 * 0.6 * 0.3,
    "soft light": 0.6 - (1 - 0.6) * 0.6 * 0.4,
    "add": 0.9,
    "subtract": 0.3,
    "difference": 0.3,
    "lighten": 0.6,
    "darken": 0.3,
}


@pytest.mark.parametrize("mode", MODES)
def test_formula(plain, run, mode):
    result = blend(plain([0.6, 0.6, 0.6]), plain([0.3, 0.3, 0.3]), mode=mode, run=run)
    np.testing.assert_allclose(result.pixels, EXPECTED[mode], atol=1e-6)


@pytest.mark.parametrize("mode", sorted(set(MODES) - {"difference", "subtract"}))
def test_more_light_below_never_gives_less_above_white(mode):
    base = np.linspace(0, 4, 401, dtype=np.float32)
    for top in (0.0, 0.3, 0.5, 0.8, 1.0, 2.5):
        assert (np.diff(MODES[mode](base, np.full_like(base, top))) >= -1e-6).all()


def test_opacity_and_mask_mix(plain, run):
    coverage = np.zeros((8, 8), np.float32)
    coverage[:, 4:] = 0.5
    result = blend(plain([0.2]), plain([1.0]), Mask(coverage), opacity=0.5, run=run).pixels[:, :, 0]
    np.testing.assert_allclose(result[:, :4], 0.2)
    np.testing.assert_allclose(result[:, 4:], 0.2 * 0.75 + 0.25, atol=1e-6)
    linear = blend(plain([0.2]), plain([1.0]), opacity=0.5, light="linear", run=run).pixels[0, 0]
    assert to_linear(linear)[0] == pytest.approx((to_linear(np.float32([0.2]))[0] + 1) / 2, rel=1e-4)


def test_two_half_covered_layers(plain, run):
    """W3C compositing by hand: alpha 0.5 over alpha 0.5 is 0.75, and the top counts for two thirds."""
    result = blend(plain([0.0, 0.0, 0.0, 0.5]), plain([0.9, 0.9, 0.9, 0.5]), run=run).pixels[0, 0]
    np.testing.assert_allclose(result, [0.6, 0.6, 0.6, 0.75], atol=1e-6)


def test_what_hides_under_zero_alpha_stays_hidden(plain, run):
    top = plain([np.nan, np.nan, np.nan, 0.0])
    np.testing.assert_allclose(blend(plain([0.4, 0.5, 0.6]), top, run=run).pixels[0, 0], [0.4, 0.5, 0.6])
    below = plain([np.nan, np.nan, np.nan, 0.0])
    shown = blend(below, plain([0.4, 0.5, 0.6]), run=run).pixels[0, 0]
    np.testing.assert_allclose(shown, [0.4, 0.5, 0.6, 1.0], atol=1e-6)


def test_grey_and_colour_make_colour_in_the_depth_of_the_base(picture, plain, run):
    result = blend(picture(1), Image(picture(3, "float32").pixels), opacity=0.5, run=run)
    assert result.pixels.shape == (40, 48, 3)
    assert result.pixels.dtype == np.uint8


def test_sizes_must_match(picture, run):
    with pytest.raises(NodeError, match=r"48 x 40 .* 20 x 10"):
        blend(picture(), picture(width=20, height=10), run=run)
