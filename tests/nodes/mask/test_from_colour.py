from __future__ import annotations

import numpy as np

from meshloom.graph_runtime.types import Image
from meshloom.nodes.mask.from_colour import from_colour


def image(*colours: tuple[float, ...], dtype: str = "float32") -> Image:
    pixels = np.array([colours], np.float32)
    return Image(pixels) if dtype == "float32" else Image((pixels * 255 + 0.5).astype(np.uint8))


def test_alike_is_selected_and_unlike_is_not(run):
    for dtype in ("uint8", "float32"):
        picture = image((0.0, 1.0, 0.0), (0.05, 0.95, 0.05), (1.0, 0.0, 0.0), (0.0, 0.3, 0.0), dtype=dtype)
        assert from_colour(picture, run=run).coverage[0].tolist() == [1, 1, 0, 0]


def test_a_shadow_on_green_is_still_green_without_lightness(run):
    picture = image((0.1, 0.6, 0.15), (0.07, 0.48, 0.11), (0.5, 0.5, 0.5))
    wanted = {"colour": (0.1, 0.6, 0.15), "tolerance": 8.0, "softness": 0.0}
    assert from_colour(picture, run=run, **wanted).coverage[0].tolist() == [1, 0, 0]
    assert from_colour(picture, compare="hue and chroma", run=run, **{**wanted, "tolerance": 12.0}).coverage[
        0
    ].tolist() == [1, 1, 0]


def test_softness_is_a_ramp(run):
    greys = image(*[(v, v, v) for v in np.linspace(0, 1, 21)])
    coverage = from_colour(greys, (1.0, 1.0, 1.0), tolerance=30.0, softness=40.0, run=run).coverage[0]
    assert (np.diff(coverage) >= 0).all()
    assert ((coverage > 0.1) & (coverage < 0.9)).sum() >= 3


def test_nan_transparent_and_grey(run):
    picture = Image(np.array([[[np.nan, 1, 0, 1], [0, 1, 0, 0], [0, 1, 0, 1]]], np.float32))
    assert from_colour(picture, run=run).coverage[0].tolist() == [0, 0, 1]
    grey = Image(np.array([[[0.5], [0.9]]], np.float32))
    assert from_colour(grey, (0.5, 0.5, 0.5), run=run).coverage[0].tolist() == [1, 0]
