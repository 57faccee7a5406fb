"""A comparison as tables and figures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from meshloom.graph_runtime.types import Figure, Series, Table

if TYPE_CHECKING:
    from meshloom.kernels.attention.bench import Result

_COLUMNS = (
    "shape",
    "kernel",
    "status",
    "verdict",
    "speed-up",
    "speed-up low",
    "speed-up high",
    "ms",
    "ms low",
    "ms high",
    "TFLOP/s",
    "% of matrix product",
    "relative error",
    "largest error",
    "accuracy",
    "extra MiB",
    "elapsed ms",
    "fingerprint",
)


def table_of(result: Result) -> Table:
    """A row a kernel and shape; before them, for each shape, the baseline against itself."""
    rows: list[tuple[Any, ...]] = []
    for held in result.specs:
        if held.null is not None:
            null = (held.null.middle, held.null.low, held.null.high)
            said = f"noise \u00b1 {held.noise:.1%}"
            rows.append((held.spec, "A/A (baseline again)", "ok", said, *null, *([None] * 11)))
        for row in held.rows:
            status = row.status if row.status == "ok" else f"{row.status}: {row.reason}"
            share = 100 * row.gemm_share
            figures = (row.ms, row.ms_low, row.ms_high, row.tflops, share)
            ratio = (row.speedup, row.speedup_low, row.speedup_high)
            rows.append(
                (
                    held.spec,
                    row.kernel,
                    status,
                    row.verdict,
                    *map(_number, ratio),
                    *map(_number, figures),
                    _number(row.rel_error),
                    _number(row.max_error),
                    "exact" if row.exact else "lossy",
                    _number(row.extra_mib),
                    _number(row.wall_ms),
                    row.fingerprint,
                )
            )
    return Table(_COLUMNS, tuple(rows))


def _number(held: float) -> float | None:
    """Four digits; None where there is none."""
    return float(f"{held:.4g}") if math.isfinite(held) else None


def _measured(result: Result) -> dict[str, list[tuple[Any, Any]]]:
    """(shape, row) of each kernel that ran, by kernel."""
    found: dict[str, list[tuple[Any, Any]]] = {}
    for held, row in result.rows:
        if row.status == "ok":
            found.setdefault(row.kernel, []).append((held, row))
    return found


def speed_figure(result: Result) -> Figure:
    """TFLOP/s over the length of the queries, a curve a kernel."""
    series = []
    for name, pairs in _measured(result).items():
        pairs = sorted(pairs, key=lambda pair: pair[0].length)
        kind = "line" if len({held.length for held, _ in pairs}) == len(pairs) > 1 else "points"
        series.append(
            _series(name, [held.length for held, _ in pairs], [row.tflops for _, row in pairs], kind)
        )
    return Figure("Speed", "queries", "TFLOP/s", tuple(series))


def error_figure(result: Result) -> Figure:
    """Relative error against speed: good kernels lie at the lower right."""
    series = [
        _series(name, [row.tflops for _, row in pairs], [row.rel_error for _, row in pairs], "points")
        for name, pairs in _measured(result).items()
    ]
    return Figure("Error and speed", "TFLOP/s", "relative error to double precision", tuple(series))


def rounds_figure(result: Result) -> Figure:
    """Each round's time over that kernel's median, so that drift and outliers of all show."""
    series = []
    for name, pairs in _measured(result).items():
        x, y = [], []
        for index, (_, row) in enumerate(pairs):
            x += [index * len(row.rounds) + number + 1 for number in range(len(row.rounds))]
            y += [spent / row.ms for spent in row.rounds]
        series.append(_series(name, x, y, "points"))
    return Figure("Every round", "round, shape after shape", "time over the median", tuple(series))


def _series(name: str, x: list[float], y: list[float], kind: str) -> Series:
    return Series(name, np.array(x, float), np.array(y, float), kind)
