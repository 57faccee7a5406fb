"""Kernels inside a model as figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from meshloom.graph_runtime.types import Figure, Series

if TYPE_CHECKING:
    from meshloom.nodes.kernels._in_model import Arm


def differences_figure(arms: list[Arm]) -> Figure:
    """How far each kernel's output is from the baseline's over its time, beside the noise floor.

    Pictures that are equal to the bit have no PSNR and no point.
    """
    timed = [arm for arm in arms if arm.times and not arm.failure]
    series = [
        _series(arm.kernel.id, [1000 * arm.seconds], [arm.difference], "points")
        for arm in timed
        if arm.difference is not None
    ]
    floor = next((arm.floor for arm in timed if arm.floor is not None), None)
    times = [1000 * arm.seconds for arm in timed]
    if floor is not None and times:
        low, high = min(times), max(times)
        around = 0.05 * (high - low) or 0.05 * high
        series.append(_series("noise floor", [low - around, high + around], [floor, floor], "line"))
    unit = arms[0].unit
    words = (
        "PSNR against the baseline, dB"
        if unit.startswith("PSNR")
        else f"difference from the baseline, {unit}"
    )
    return Figure("Difference and speed", "ms", words, tuple(series))


def rounds_figure(arms: list[Arm]) -> Figure:
    """Each round's time, the baseline's a second time under another name."""
    series = []
    for arm in arms:
        for name, times in ((arm.kernel.id, arm.times), (f"{arm.kernel.id} again", arm.again)):
            if times and not arm.failure:
                rounds = [number + 1.0 for number in range(len(times))]
                series.append(_series(name, rounds, [1000 * spent for spent in times], "points"))
    return Figure("Every round", "round", "ms", tuple(series))


def _series(name: str, x: list[float], y: list[float], kind: str) -> Series:
    return Series(name, np.array(x, float), np.array(y, float), kind)
