from __future__ import annotations

import numpy as np

from meshloom.nodes.splats.adjust import adjust

from ._scenes import balls


def shades(splats) -> np.ndarray:
    return 0.5 + 0.28209479177387814 * splats.sh[:, 0].astype(np.float64)


def test_colours_change_as_pixels_would():
    splats = balls(20, 1)
    true = shades(splats)
    np.testing.assert_allclose(shades(adjust(splats)), true, atol=1e-6)
    np.testing.assert_allclose(shades(adjust(splats, brightness=1.5)), 1.5 * true, atol=1e-5)
    np.testing.assert_allclose(shades(adjust(splats, contrast=2)), 2 * true - 0.5, atol=1e-5)
    np.testing.assert_allclose(shades(adjust(splats, tint=(1, 0.5, 0))), true * [1, 0.5, 0], atol=1e-5)
    grey = shades(adjust(splats, saturation=0))
    np.testing.assert_allclose(grey, np.tile(true @ [[0.2126], [0.7152], [0.0722]], (1, 3)), atol=1e-5)


def test_opacity_size_and_bands():
    splats = balls(20, 2)
    found = adjust(splats, opacity=4, size=0.5, sh_degree=1)
    assert (found.opacities == 1).all() and found.degree == 1
    np.testing.assert_allclose(found.scales, splats.scales / 2)
