"""Figures as SVG: lines, points and bars with axes, ticks and a legend."""

from __future__ import annotations

import math
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.types import Figure, Series

_WIDTH, _HEIGHT = 800, 500
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 20, 50, 60
#: Okabe and Ito's palette, told apart also by the colour-blind.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
#: Longer series are thinned for the drawing to the lowest and highest of each bin.
_MAX_POINTS = 4000
#: Numbers beyond are not drawn: their differences would overflow.
_ENDLESS = 1e150


def figure_svg(figure: Figure) -> bytes:
    """The figure as a drawing of 800 x 500. Points that are no finite numbers are left out."""
    drawn = [(series, *_finite(series)) for series in figure.series]
    x_low, x_high = _span([x for _, x, _ in drawn], zero=False)
    y_low, y_high = _span([y for _, _, y in drawn], zero=any(s.kind == "bars" for s in figure.series))
    if any(series.kind == "bars" for series in figure.series):
        margin = max((_bar_width(x) for series, x, _ in drawn if series.kind == "bars"), default=1.0) / 2
        x_low, x_high = x_low - margin, x_high + margin

    def across(x: Any) -> Any:
        return _LEFT + (x - x_low) / (x_high - x_low) * (_WIDTH - _LEFT - _RIGHT)

    def down(y: Any) -> Any:
        return _HEIGHT - _BOTTOM - (y - y_low) / (y_high - y_low) * (_HEIGHT - _TOP - _BOTTOM)

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'font-family="sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        _words(figure.title, _WIDTH / 2, 26, "middle", 'font-size="17"'),
        _words(figure.x_label, (_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 14, "middle"),
        _words(figure.y_label, 18, _HEIGHT / 2, "middle", f'transform="rotate(-90 18 {_HEIGHT / 2})"'),
    ]
    for tick in ticks(x_low, x_high):
        lines.append(_line(across(tick), _TOP, across(tick), _HEIGHT - _BOTTOM))
        lines.append(_words(f"{tick:g}", across(tick), _HEIGHT - _BOTTOM + 18, "middle"))
    for tick in ticks(y_low, y_high):
        lines.append(_line(_LEFT, down(tick), _WIDTH - _RIGHT, down(tick)))
        lines.append(_words(f"{tick:g}", _LEFT - 8, down(tick) + 4, "end"))
    for index, (series, x, y) in enumerate(drawn):
        lines += _drawing(series, x, y, across, down, _COLOURS[index % len(_COLOURS)], down(max(y_low, 0.0)))
    for index, (series, _, _) in enumerate(drawn if len(drawn) > 1 else []):
        height = _TOP + 16 + 18 * index
        colour = _COLOURS[index % len(_COLOURS)]
        lines.append(
            f'<rect x="{_WIDTH - _RIGHT - 16}" y="{height - 9}" width="10" height="10" fill="{colour}"/>'
        )
        lines.append(_words(series.name, _WIDTH - _RIGHT - 22, height, "end"))
    return "\n".join([*lines, "</svg>\n"]).encode()


def ticks(low: float, high: float, about: int = 7) -> list[float]:
    """Round numbers within [low, high]: multiples of 1, 2 or 5 times a power of ten."""
    step = 10.0 ** math.floor(math.log10((high - low) / about))
    step *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (step * factor) <= about)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [
        round(number * step, 12) + 0.0 if abs(step) >= 1e-9 else number * step
        for number in range(first, last + 1)
    ]


def _drawing(
    series: Series, x: NDArray[Any], y: NDArray[Any], across: Any, down: Any, colour: str, ground: float
) -> list[str]:
    if series.kind == "bars":
        wide = _bar_width(x) * 0.8
        return [
            f'<rect x="{across(left - wide / 2):.2f}" y="{min(down(top), ground):.2f}" '
            f'width="{across(left + wide / 2) - across(left - wide / 2):.2f}" '
            f'height="{abs(down(top) - ground):.2f}" fill="{colour}"/>'
            for left, top in zip(x.tolist(), y.tolist(), strict=True)
        ]
    if series.kind == "points":
        return [
            f'<circle cx="{across(left):.2f}" cy="{down(top):.2f}" r="2.5" fill="{colour}"/>'
            for left, top in zip(x.tolist(), y.tolist(), strict=True)
        ]
    places = " ".join(
        f"{across(left):.2f},{down(top):.2f}" for left, top in zip(x.tolist(), y.tolist(), strict=True)
    )
    return [f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="1.6"/>']


def _finite(series: Series) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, y = np.asarray(series.x, np.float64), np.asarray(series.y, np.float64)
    good = (np.abs(x) < _ENDLESS) & (np.abs(y) < _ENDLESS)
    x, y = x[good], y[good]
    if len(x) <= _MAX_POINTS:
        return x, y
    bins = np.array_split(np.arange(len(x)), _MAX_POINTS // 2)
    kept = sorted({index for part in bins for index in (part[y[part].argmin()], part[y[part].argmax()])})
    return x[kept], y[kept]


def _span(arrays: list[NDArray[np.float64]], zero: bool) -> tuple[float, float]:
    everything = np.concatenate([*arrays, np.zeros(1 if zero else 0)]) if arrays else np.zeros(0)
    if not len(everything):
        return 0.0, 1.0
    low, high = float(everything.min()), float(everything.max())
    # A span too small for its numbers cannot be divided into ticks.
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        middle = max(abs(low), 1.0) * 0.5
        low, high = low - middle, high + middle
    return low, high


def _bar_width(x: NDArray[np.float64]) -> float:
    gaps = np.diff(np.unique(x))
    return float(gaps.min()) if len(gaps) else 1.0


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.2f}" y1="{y1:.2f}" x2="{x2:.2f}" y2="{y2:.2f}" stroke="#ddd"/>'


def _words(text: str, x: float, y: float, anchor: str, more: str = "") -> str:
    # XML has no control characters, not even escaped ones.
    clean = escape("".join(letter for letter in text if letter.isprintable()))
    return f'<text x="{x:.2f}" y="{y:.2f}" text-anchor="{anchor}" {more}>{clean}</text>'
