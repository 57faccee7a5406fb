"""Kernels compared inside a model, as a table, figures and data."""

from __future__ import annotations

from dataclasses import fields
from statistics import median
from typing import Any

import numpy as np

from meshloom.graph_runtime.types import Figure, Series, Table
from meshloom.kernels.attention.stats import Interval, judge, median_interval, ratio_interval
from meshloom.nodes.kernels._in_model import Arm

SCHEMA = "meshloom.attention.in_model/1"
#: What differences are told in, by mode.
UNITS = {"transformer step": "relative", "full pipeline": "PSNR dB"}


def speedup(arm: Arm, base: Arm) -> Interval | None:
    """Over the baseline, paired by rounds."""
    return ratio_interval(arm.times, base.times) if arm.times and base.times and arm is not base else None


def predicted(arm: Arm, base: Arm) -> float | None:
    """Amdahl's law: the speed-up that the time spent in attention alone would make."""
    if arm.failure or not (arm.times and base.times and arm.attention and base.attention) or arm is base:
        return None
    rest = base.seconds - median(base.attention)
    return base.seconds / (rest + median(arm.attention))


def table_of(arms: list[Arm], noise: float, mode: str) -> Table:
    """A row a kernel, after the baseline against itself."""
    unit = UNITS[mode]
    columns = (
        *("kernel", "status", "verdict", "speed-up", "speed-up low", "speed-up high", "ms"),
        *("predicted speed-up", "% in attention"),
        *(f"difference from baseline ({unit})", f"noise floor ({unit})", "relative error to fp64"),
        *("equal when repeated", "accuracy", "gate", "attention calls", "by a fallback"),
    )
    base = arms[0]
    rows: list[tuple[Any, ...]] = []
    if base.times:
        held = ratio_interval(base.again, base.times)
        ratio = [round(part, 4) for part in (held.middle, held.low, held.high)]
        same = "none" if base.repeats else None
        rows.append(
            (
                "A/A (baseline again)",
                "ok",
                f"noise \u00b1 {noise:.1%}",
                *ratio,
                None,
                None,
                None,
                same,
                *[None] * 7,
            )
        )
    for arm in arms:
        words: list[Any] = ["baseline" if arm is base else "", None, None, None]
        against = None if arm.failure else speedup(arm, base)
        if against is not None:
            ratio = [round(part, 4) for part in (against.middle, against.low, against.high)]
            words = [judge(against, noise), *ratio]
        foreseen = predicted(arm, base)
        known = arm.repeats is not None and not arm.failure
        rows.append(
            (
                arm.name,
                f"failed: {arm.failure}" if arm.failure else "ok",
                *words,
                None if arm.failure else float(f"{1000 * arm.seconds:.4g}"),
                None if foreseen is None else round(foreseen, 4),
                _share(arm),
                _said(arm.difference, known),
                _said(arm.floor, known and bool(arm.floor_kernel)),
                None if arm.error is None else float(f"{arm.error:.3g}"),
                None if arm.repeats is None else str(arm.repeats).lower(),
                "exact" if arm.kernel.exact else "lossy",
                arm.checked or None,
                arm.calls,
                arm.fell_back,
            )
        )
    return Table(columns, tuple(rows))


def _share(arm: Arm) -> float | None:
    if arm.failure or not arm.attention:
        return None
    return round(100 * median(arm.attention) / arm.seconds, 2)


def _said(difference: float | None, known: bool) -> Any:
    """A figure; "none" where outputs are equal to the bit."""
    if difference is None:
        return "none" if known else None
    return float(f"{difference:.4g}")


def rounds_figure(arms: list[Arm]) -> Figure:
    """Every round's time over the baseline's of the same round, so that drift and outliers show."""
    base = arms[0]
    series = []
    if base.times and not base.failure:
        series.append(_points("A/A (baseline again)", base.again, base.times))
        series += [_points(arm.name, arm.times, base.times) for arm in arms[1:] if not arm.failure]
    return Figure("Every round", "round", "time over the baseline's", tuple(series))


def _points(name: str, ours: list[float], theirs: list[float]) -> Series:
    ratios = np.array(ours) / np.array(theirs)
    return Series(name, np.arange(1.0, len(ratios) + 1), ratios, "points")


def errors_figure(arms: list[Arm], mode: str) -> Figure:
    """Difference against time. Steps: relative error to double precision; pictures: PSNR against the baseline."""
    step = mode == "transformer step"
    series = []
    for arm in arms:
        held = arm.error if step else arm.difference
        if held is not None and arm.times and not arm.failure:
            series.append(Series(arm.name, np.array([1000 * arm.seconds]), np.array([held]), "points"))
    floors = [arm for arm in arms if arm.floor is not None and arm.times and not arm.failure]
    if floors and not step:
        ends = np.array([1000 * min(a.seconds for a in floors), 1000 * max(a.seconds for a in floors)])
        name = f"noise floor ({floors[0].floor_kernel})"
        series.append(Series(name, ends, np.full(2, floors[0].floor), "line"))
    label = "relative error to double precision" if step else "PSNR against the baseline, dB"
    return Figure("Difference and time", "ms", label, tuple(series))


def data_of(arms: list[Arm], noise: float, mode: str, conditions: dict[str, Any]) -> dict[str, Any]:
    """All that was measured, for a file."""
    held = []
    for arm in arms:
        told = {
            one.name: getattr(arm, one.name) for one in fields(Arm) if one.name not in ("kernel", "picture")
        }
        kernel = {
            "id": arm.kernel.id,
            "fingerprint": arm.kernel.fingerprint,
            "options": arm.kernel.settings(),
        }
        interval = None if arm.failure or not arm.times else median_interval([1000 * s for s in arm.times])
        held.append(
            {
                **kernel,
                "exact": arm.kernel.exact,
                "ms": None if interval is None else [interval.middle, interval.low, interval.high],
                "predicted_speedup": predicted(arm, arms[0]),
                **told,
            }
        )
    return {"schema": SCHEMA, "mode": mode, "conditions": conditions, "noise": noise, "arms": held}
