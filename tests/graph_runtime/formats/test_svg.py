"""Figures become drawings that any browser opens, with the data where it belongs."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from meshloom.graph_runtime.formats.svg import figure_svg, ticks
from meshloom.graph_runtime.types import Figure, Series

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*series: Series, title: str = "t") -> ElementTree.Element:
    return ElementTree.fromstring(figure_svg(Figure(title, "x", "y", series)))


def test_a_line_goes_from_corner_to_corner() -> None:
    root = drawn(Series("a", np.array([0.0, 10]), np.array([5.0, 25])))
    line = root.find(f"{SVG}polyline")
    assert line is not None
    assert line.attrib["points"] == "80.00,440.00 780.00,50.00"
    words = [text.text for text in root.iter(f"{SVG}text")]
    assert {"t", "x", "y", "0", "10", "5", "25"} <= set(words)


def test_bars_stand_on_zero() -> None:
    root = drawn(Series("a", np.array([1.0, 2, 3]), np.array([10.0, -10, 5]), "bars"))
    bars = root.findall(f"{SVG}rect")[1:]
    up, down, half = bars
    assert float(up.attrib["height"]) == pytest.approx(float(down.attrib["height"]))
    assert float(half.attrib["height"]) == pytest.approx(float(up.attrib["height"]) / 2, abs=0.1)
    assert float(up.attrib["y"]) + float(up.attrib["height"]) == pytest.approx(
        float(down.attrib["y"]), abs=0.1
    )


def test_points_and_a_legend_for_several() -> None:
    x = np.arange(5.0)
    root = drawn(Series("first", x, x, "points"), Series("second", x, -x))
    assert len(root.findall(f"{SVG}circle")) == 5
    assert {"first", "second"} <= {text.text for text in root.iter(f"{SVG}text")}


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([], []),
        ([1.0], [2.0]),
        ([1.0, 1], [0.0, 0]),
        ([0.0, 1], [np.nan, np.inf]),
        ([0.0, 1, 2], [1.0, np.nan, 2]),
        ([1e300, -1e308], [1e-300, 2e-300]),
        ([1e15, 1e15 + 1], [0.0, 1]),
    ],
)
@pytest.mark.parametrize("kind", ["line", "points", "bars"])
def test_awkward_data_is_drawn_without_failing(x: list[float], y: list[float], kind: str) -> None:
    text = ElementTree.tostring(drawn(Series("a", np.array(x), np.array(y), kind), title="<&>\0"), "unicode")
    assert "nan" not in text and "inf" not in text


def test_long_series_keep_their_extremes_in_a_small_file() -> None:
    y = np.zeros(1_000_000)
    y[123_456], y[654_321] = 7, -7
    root = drawn(Series("a", np.arange(1e6), y))
    line = root.find(f"{SVG}polyline")
    assert line is not None and len(line.attrib["points"]) < 100_000
    heights = [float(pair.split(",")[1]) for pair in line.attrib["points"].split()]
    assert (min(heights), max(heights)) == (50, 440)


def test_ticks_are_round_numbers() -> None:
    assert ticks(0, 10) == [0, 2, 4, 6, 8, 10]
    assert ticks(-0.35, 0.31) == [-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3]
    assert ticks(1e-12, 7e-12)[0] == pytest.approx(1e-12)
