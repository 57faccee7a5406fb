"""Kernels against each other: paired rounds, each kernel forth and back (ABC CBA), the baseline also against itself.

The ratio of two kernels is taken within a round, so that what else a machine does falls on both; how far the
baseline is from itself (A/A) is the noise. Statistics as for kernels of attention.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from meshloom.kernels.attention.stats import judge, noise_of, ratio_interval
from meshloom.kernels.splatting.arrays import Camera, Gaussians, Settings
from meshloom.kernels.splatting.check import verify
from meshloom.kernels.splatting.kernel import Kernel, Rasteriser

Progress = Callable[[float, str], None]


@dataclass
class Row:
    """One kernel. Milliseconds are elapsed, the median of all rounds; ``speedup`` over the baseline is paired."""

    kernel: str
    status: str = "ok"
    draw_ms: float = math.nan
    both_ms: float = math.nan
    speedup: float = math.nan
    low: float = math.nan
    high: float = math.nan
    verdict: str = ""
    #: Worst relative errors at the gate, of pictures and of gradients.
    values: float = math.nan
    gradients: float = math.nan
    rounds: list[float] = field(default_factory=list)
    draws: list[float] = field(default_factory=list)


@dataclass
class Comparison:
    """``noise``: by what share the baseline differs from itself."""

    rows: list[Row]
    noise: float


def scene(count: int, degree: int, seed: int = 0) -> Gaussians:
    """A cloud of Gaussians whose size falls with their number, as in trained scenes."""
    random_ = np.random.default_rng(seed)
    return Gaussians(
        (random_.uniform(-1, 1, size=(count, 3)) * [1.3, 1.3, 1]).astype(np.float32),
        random_.normal(size=(count, 4)).astype(np.float32),
        (2.0 * count**-0.5 * np.exp(random_.normal(size=(count, 3)) * 0.5 - 0.3)).astype(np.float32),
        random_.uniform(0.05, 0.98, count).astype(np.float32),
        (random_.normal(size=(count, (degree + 1) ** 2, 3)) * 0.3).astype(np.float32),
    )


def before_it(width: int, height: int) -> Camera:
    """A camera that looks at :func:`scene`."""
    lens = (width * 1.1, width * 1.1, width * 0.5, height * 0.5)
    return Camera(*lens, np.eye(3), np.array([0.0, 0.0, 3.0]), width, height)


def compare(
    kernels: Sequence[Kernel],
    gaussians: Gaussians,
    cameras: Sequence[Camera],
    settings: Settings,
    rounds: int = 8,
    threads: int = 2,
    gate: bool = True,
    seed: int = 0,
    progress: Progress = lambda share, message: None,
) -> Comparison:
    """Measure drawing, and drawing with gradients; the first kernel is the baseline. A kernel that cannot be used,
    fails the gate or raises is marked so, and the others go on. What ``progress`` raises ends it.
    """
    rows = [Row(kernel.id) for kernel in kernels]
    order = random.Random(seed)
    slopes = [
        np.random.default_rng(seed).normal(size=(3, camera.height, camera.width)).astype(np.float32)
        for camera in cameras
    ]
    with ExitStack() as stack:
        ready: list[tuple[Row, Rasteriser]] = []
        for index, (kernel, row) in enumerate(zip(kernels, rows, strict=True)):
            start = 0.4 * index / len(kernels)
            verdict = kernel.usable()
            if not verdict:
                row.status = f"cannot be used: {verdict.reason}"
                continue
            if gate:

                def told(share: float, name: str, start: float = start, kernel: Kernel = kernel) -> None:
                    progress(start + 0.4 * share / len(kernels), f"checking {kernel.id}, {name}")

                found = verify(kernel, told)
                row.values = max(held.values for held in found.results)
                row.gradients = max(held.gradients for held in found.results)
                if not found.passed:
                    row.status = f"fails the gate: {found}"
                    continue
            progress(start, f"warming up {kernel.id}")
            try:
                rasteriser = stack.enter_context(kernel.open(threads))
                _once(rasteriser, gaussians, cameras[0], settings, slopes[0])
            except Exception as error:  # of any library, compiler or driver
                row.status = f"failed: {type(error).__name__}: {error}"
                continue
            ready.append((row, rasteriser))
        null = Row("A/A")
        failed: list[Rasteriser] = []
        arms = list(ready)
        if ready and ready[0][0] is rows[0]:
            arms.append((null, ready[0][1]))
        for number in range(rounds):
            progress(0.4 + 0.6 * number / rounds, f"round {number + 1} of {rounds}")
            camera, slope = cameras[number % len(cameras)], slopes[number % len(cameras)]
            some = order.sample(arms, len(arms))
            spent = {id(row): [0.0, 0.0] for row, _ in arms}
            for row, rasteriser in (*some, *reversed(some)):
                if rasteriser in failed:
                    continue
                try:
                    draw, both = _once(rasteriser, gaussians, camera, settings, slope)
                except Exception as error:  # of any library, compiler or driver
                    failed.append(rasteriser)
                    row.status = f"failed: {type(error).__name__}: {error}"
                    continue
                spent[id(row)][0] += draw / 2
                spent[id(row)][1] += both / 2
                progress(0.4 + 0.6 * number / rounds, f"round {number + 1} of {rounds}")
            arms = [arm for arm in arms if arm[1] not in failed]
            for row, _ in arms:
                row.draws.append(spent[id(row)][0])
                row.rounds.append(spent[id(row)][1])
    ready = [arm for arm in ready if arm[1] not in failed]
    if null not in [row for row, _ in arms]:
        null.rounds.clear()
    noise = math.nan
    if null.rounds:
        noise = noise_of(ratio_interval(null.rounds, rows[0].rounds))
    for row, _ in ready:
        row.draw_ms, row.both_ms = median(row.draws), median(row.rounds)
        if null.rounds:
            ratio = ratio_interval(row.rounds, rows[0].rounds)
            row.speedup, row.low, row.high = ratio.middle, ratio.low, ratio.high
            row.verdict = "baseline" if row is rows[0] else judge(ratio, noise)
    return Comparison(rows, noise)


def _once(
    rasteriser: Rasteriser,
    gaussians: Gaussians,
    camera: Camera,
    settings: Settings,
    slope: np.ndarray,  # type: ignore[type-arg]
) -> tuple[float, float]:
    """Milliseconds of drawing, and of drawing with gradients by the colours. Both end with arrays on the host."""
    begun = time.perf_counter()
    frame = rasteriser.render(gaussians, camera, settings)
    drawn = time.perf_counter()
    rasteriser.backward(frame, slope)
    return (drawn - begun) * 1e3, (time.perf_counter() - begun) * 1e3
