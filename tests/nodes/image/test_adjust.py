from __future__ import annotations

import numpy as np
import pytest

from meshloom.nodes.image._light import LUMINANCE, to_linear, to_srgb
from meshloom.nodes.image._white import XYZ, white
from meshloom.nodes.image.adjust import adjust


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_the_defaults_change_nothing(picture, run, dtype):
    image = picture(4, dtype)
    np.testing.assert_array_equal(adjust(image, run=run).pixels, image.pixels)


def test_a_stop_doubles_the_light(plain, run):
    result = adjust(plain([0.3, 0.4, 0.8]), exposure=1.0, run=run).pixels
    expected = 2 * to_linear(np.array([0.3, 0.4, 0.8], np.float32))
    np.testing.assert_allclose(to_linear(result[0, 0]), expected, rtol=1e-4)
    assert result[0, 0, 2] > 1


def test_contrast_turns_about_mid_grey(plain, run):
    grey = float(to_srgb(np.array([0.18], np.float32))[0])
    assert adjust(plain([grey]), contrast=2.0, run=run).pixels[0, 0, 0] == pytest.approx(grey, abs=1e-4)
    assert adjust(plain([grey + 0.1]), contrast=2.0, run=run).pixels[0, 0, 0] == pytest.approx(
        grey + 0.2, abs=1e-4
    )
    assert adjust(plain([0.9]), contrast=0.0, run=run).pixels[0, 0, 0] == pytest.approx(grey, abs=1e-4)


def test_saturation_keeps_luminance(plain, run):
    image = plain([0.7, 0.3, 0.2])
    level = to_linear(image.pixels[0, 0]) @ LUMINANCE
    for amount in (0.0, 0.5, 1.5):
        result = to_linear(adjust(image, saturation=amount, run=run).pixels[0, 0])
        assert result @ LUMINANCE == pytest.approx(level, rel=1e-3)
    np.testing.assert_allclose(
        to_linear(adjust(image, saturation=0.0, run=run).pixels[0, 0]), level, rtol=1e-3
    )


@pytest.mark.parametrize("kelvin", [2800.0, 4000.0, 9000.0])
def test_a_grey_card_under_coloured_light_becomes_neutral(plain, run, kelvin):
    neutral = np.linalg.inv(XYZ) @ white(6500.0)
    card = 0.3 * (np.linalg.inv(XYZ) @ white(kelvin)) / neutral
    image = plain(to_srgb(card.astype(np.float32)).tolist())
    assert np.ptp(image.pixels[0, 0]) > 0.05
    result = adjust(image, temperature=kelvin, run=run).pixels[0, 0]
    assert np.ptp(result) < 0.02


def test_higher_temperature_is_warmer_and_positive_tint_more_magenta(plain, run):
    grey = plain([0.5, 0.5, 0.5])
    red, _, blue = adjust(grey, temperature=8000.0, run=run).pixels[0, 0]
    assert red > 0.51 > 0.49 > blue
    red, green, blue = adjust(grey, tint=50.0, run=run).pixels[0, 0]
    assert red > green < blue
