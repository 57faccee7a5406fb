from __future__ import annotations

import cv2
import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.types import Image
from meshloom.nodes.photo.report import report


def photo(seed: int, name: str) -> Image:
    """Detail of all sizes, as photographs have."""
    random = np.random.default_rng(seed)
    total = np.zeros((480, 640), np.float32)
    for size in (6, 24, 96, 384):
        layer = random.normal(size=(size * 3 // 4, size)).astype(np.float32)
        total += cv2.resize(layer, (640, 480), interpolation=cv2.INTER_CUBIC) / np.sqrt(size)
    grey = (np.clip(0.5 + 0.8 * total, 0, 1) * 255).astype(np.uint8)
    return Image(np.repeat(grey[:, :, None], 3, 2), name, 500.0)


def verdicts(images, run, **more):
    table = report(images, run=run, **more)
    return {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}


def test_blurred_dark_bright_and_copied_photos_are_named(run):
    good = [photo(seed, f"good{seed}") for seed in range(3)]
    blurred = good[1].with_pixels(cv2.GaussianBlur(photo(7, "").pixels, (0, 0), 3))
    dark = good[0].with_pixels((photo(8, "").pixels * 0.1).astype(np.uint8))
    bright = good[0].with_pixels(np.clip(photo(9, "").pixels.astype(int) + 160, 0, 255).astype(np.uint8))
    noisy = np.clip(good[2].pixels + np.random.default_rng(0).normal(0, 4, good[2].pixels.shape), 0, 255)
    images = [
        *good,
        Image(blurred.pixels, "blurred"),
        Image(dark.pixels, "dark"),
        Image(bright.pixels, "bright"),
        Image(noisy.astype(np.uint8), "copy"),
    ]
    found = verdicts(images, run)
    assert {name for name, row in found.items() if row["verdict"] == "good"} == {"good0", "good1", "good2"}
    assert "blurred" in found["blurred"]["verdict"]
    assert "dark" in found["dark"]["verdict"]
    assert "bright" in found["bright"]["verdict"]
    assert found["copy"]["verdict"] == "nearly the same as good2"
    assert found["good2"]["closest"] == "copy"
    assert found["good0"]["focal_px"] == 500 and found["blurred"]["focal_px"] == 0


def test_sharpness_does_not_depend_on_contrast_or_noise_free_size(run):
    sharp = photo(1, "sharp")
    flat = Image((sharp.as_float() * 0.3 + 0.3).astype(np.float32), "flat")
    found = verdicts([sharp, flat], run)
    assert found["flat"]["sharpness"] == pytest.approx(found["sharp"]["sharpness"], rel=0.15)


def test_one_blank_grey_or_float_photo_is_judged_too(run):
    assert "blank" in verdicts([Image(np.full((20, 20, 1), 128, np.uint8), "one")], run)["one"]["verdict"]
    odd = np.full((30, 40, 1), np.nan, np.float32)
    found = verdicts([Image(odd, "nan"), Image(odd, "nan2")], run)
    assert "blank" in found["nan"]["verdict"] and "nearly the same as nan" in found["nan2"]["verdict"]
    with pytest.raises(NodeError, match="no photos"):
        report([], run=run)
