from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Text
from meshloom.nodes.image.text import text

WHITE_ON_NOTHING = {"colour": (1.0, 1.0, 1.0), "box_opacity": 0.0, "size": 10.0}


def where(result) -> tuple[float, float]:
    y, x = np.nonzero(result.as_float()[:, :, 0] > 0.5)
    return x.mean() / result.width, y.mean() / result.height


@pytest.mark.parametrize(
    ("place", "x", "y"),
    [
        ("top left", "low", "low"),
        ("bottom right", "high", "high"),
        ("top", "mid", "low"),
        ("centre", "mid", "mid"),
    ],
)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_places(plain, run, place, x, y, channels):
    image = plain([0.0, 0.0, 0.0, 1.0][:channels], 120, 200)
    result = text(image, Text("Hi"), place, run=run, **WHITE_ON_NOTHING)
    bands = {"low": (0, 0.3), "mid": (0.4, 0.6), "high": (0.7, 1)}
    for value, band in zip(where(result), (x, y), strict=True):
        assert bands[band][0] < value < bands[band][1]
    assert result.pixels.shape == image.pixels.shape


def test_a_strip_below_leaves_the_picture_alone(picture, run):
    image = picture(4, height=60, width=90)
    result = text(image, Text("Caption"), "below", size=15.0, run=run)
    np.testing.assert_array_equal(result.pixels[:60], image.pixels)
    assert result.height > 65
    assert (result.pixels[60:, :, 3] == 255).all()
    assert (result.pixels[60:, :, :3] > 128).any()


def test_long_lines_are_broken(plain, run):
    image = plain([0.0], 200, 100)
    words = Text("one two three four five six seven")
    result = text(image, words, "centre", run=run, **WHITE_ON_NOTHING).pixels[:, :, 0]
    assert np.ptp(np.nonzero(result > 0.5)[0]) > 15
    assert (result[:, :2] == 0).all() and (result[:, -2:] == 0).all()


def test_box_darkens_behind_words_and_nothing_to_write_changes_nothing(plain, run):
    image = plain([1.0, 1.0, 1.0], 100, 100)
    boxed = text(image, Text("ab"), "centre", box_opacity=0.5, run=run).pixels
    assert boxed[50, 50].max() <= 1 and (np.abs(boxed - 0.5) < 0.01).any()
    assert text(image, Text("  \n"), run=run) is image


def test_a_file_that_is_no_font(plain, run, tmp_path: Path):
    bad = tmp_path / "bad.ttf"
    bad.write_bytes(b"not a font")
    with pytest.raises(NodeError, match=r"bad\.ttf"):
        text(plain([0.5], 100, 100), Text("a"), font=bad, run=run)
