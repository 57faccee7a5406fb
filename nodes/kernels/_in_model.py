"""Kernels measured inside a model: interleaved rounds, differences of what comes out, a noise floor beside them."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from meshloom.graph_runtime.models.running import with_pipeline
from meshloom.graph_runtime.models.sampling import Job, make_picture
from meshloom.graph_runtime.models.values import ModelRef
from meshloom.graph_runtime.spec import Cancelled, NodeError, Run
from meshloom.graph_runtime.types import Image, Table
from meshloom.nodes.kernels._choosing import kernel_of, value_of
from meshloom.nodes.kernels._patch import computed_by, watching, with_kernel
from meshloom.nodes.kernels._values import AttentionKernel

if TYPE_CHECKING:
    from meshloom.kernels.attention.policy import Policy

#: The exact kernel whose difference from the baseline is the noise floor.
FLOOR = "sdpa.math"


@dataclass
class Arm:
    """One kernel. ``times``: seconds of each round; ``again``: the baseline's under another name.

    ``difference``: of its output from the baseline's: relative for a step, PSNR in dB for pictures; ``floor`` is
    that of :data:`FLOOR`; ``error``: relative, to double precision (steps only).
    """

    kernel: AttentionKernel
    failure: str = ""
    times: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)
    calls: int = 0
    fell_back: int = 0
    picture: Image | None = None
    repeats: bool | None = None
    difference: float | None = None
    floor: float | None = None
    error: float | None = None
    unit: str = ""

    @property
    def seconds(self) -> float:
        return median(self.times)


def measure_pictures(
    model: ModelRef, job: Job, kernels: list[AttentionKernel], rounds: int, seed: int, run: Run
) -> tuple[list[Arm], float]:
    """Whole pictures by each kernel; the noise of A/A as a fraction."""
    arms = [Arm(kernel, unit="PSNR dB") for kernel in kernels]

    def make(arm: Arm) -> np.ndarray:
        with watching() as found:
            picture = make_picture(with_kernel(model, arm.kernel), job, run)
        _count(arm, found[-1])
        if arm.picture is None:
            arm.picture = Image(picture.pixels, arm.kernel.id)
        return picture.pixels

    first = _first(arms, make, run)
    floor = Arm(_floor_kernel(run))
    plain = make(floor)
    base = next((held for held in first if held is not None), plain)
    for arm, held in zip(arms, first, strict=True):
        if held is not None:
            arm.difference, arm.floor = _psnr(held, base), _psnr(plain, base)
    return arms, _rounds(arms, make, rounds, seed, run)


def measure_step(
    model: ModelRef, job: Job, kernels: list[AttentionKernel], rounds: int, seed: int, run: Run
) -> tuple[list[Arm], float]:
    """One forward pass of the denoiser, on what the pipeline gives it in its first step."""
    arms = [Arm(kernel, unit="relative") for kernel in kernels]
    inputs: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def work(loaded: Any) -> float:
        denoiser = _denoiser(loaded.pipe)

        def make(arm: Arm) -> np.ndarray:
            run.check()
            kernel = arm.kernel
            with computed_by(denoiser, kernel.id, kernel.settings(), list(kernel.fallbacks)) as policy:
                out = denoiser(*inputs[0][0], **inputs[0][1])
            _count(arm, policy)
            out = out[0] if isinstance(out, tuple) else out.sample
            found: np.ndarray = out.float().cpu().numpy()
            if not np.isfinite(found).all():
                raise NodeError("NaN or infinity in the denoiser's output")
            return found

        first = _first(arms, make, run)
        plain, true = make(Arm(_floor_kernel(run))), make(Arm(_floor_kernel(run, "reference.fp64")))
        base = next((held for held in first if held is not None), plain)
        for arm, held in zip(arms, first, strict=True):
            if held is not None:
                arm.difference, arm.floor = _relative(held, base), _relative(plain, base)
                arm.error = _relative(held, true)
        return _rounds(arms, make, rounds, seed, run)

    _capture(model, job, inputs, run)
    return arms, with_pipeline(model, run, "image" if job.prompt.arrays else "all", work)


def _capture(model: ModelRef, job: Job, inputs: list[Any], run: Run) -> None:
    """Run two steps and keep what the denoiser was first called with."""
    from dataclasses import replace

    def attach(loaded: Any) -> Any:
        def keep(_: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
            if not inputs:
                inputs.append((arguments, named))

        return _denoiser(loaded.pipe).register_forward_pre_hook(keep, with_kwargs=True)

    parts = "image" if job.prompt.arrays else "all"
    handle = with_pipeline(model, run, parts, attach)  # type: ignore[arg-type]
    try:
        make_picture(model, replace(job, steps=2), run)
    finally:
        handle.remove()
    if not inputs:
        raise NodeError("the denoiser was never called by its pipeline", hint="use the mode full pipeline")


def _denoiser(pipe: Any) -> Any:
    for name in ("transformer", "unet"):
        held = getattr(pipe, name, None)
        if held is not None:
            return held
    raise NodeError(f"a {type(pipe).__name__} has no denoiser", hint="use the mode full pipeline")


def _floor_kernel(run: Run, name: str = FLOOR) -> AttentionKernel:
    from meshloom.kernels.attention.device import device_caps

    return value_of(kernel_of(name, {}), device_caps(run.device))


def _count(arm: Arm, policy: Policy) -> None:
    arm.calls += sum(policy.calls.values())
    arm.fell_back += policy.fell_back


def _first(arms: list[Arm], make: Callable[[Arm], np.ndarray], run: Run) -> list[np.ndarray | None]:
    """The first output of each arm, made twice: equal bits are told of."""
    found: list[np.ndarray | None] = []
    for index, arm in enumerate(arms):
        run.progress(0.3 * index / len(arms), 1.0, f"first by {arm.kernel.id}")
        held: np.ndarray | None = None
        with _marking(arm):
            held = make(arm)
            arm.repeats = bool(np.array_equal(held, make(arm)))
        found.append(None if arm.failure else held)
    return found


@contextlib.contextmanager
def _marking(arm: Arm) -> Any:
    """What goes wrong marks the arm; a cancel ends all."""
    try:
        yield
    except Cancelled:
        raise
    except Exception as error:  # of any library, compiler or driver
        arm.failure = str(error).splitlines()[0] if str(error) else type(error).__name__


def _rounds(arms: list[Arm], make: Callable[[Arm], np.ndarray], rounds: int, seed: int, run: Run) -> float:
    """Fill the times, ABC CBA; the noise of the baseline against itself."""
    from meshloom.kernels.attention.stats import noise_of, ratio_interval

    order = random.Random(seed)
    for number in range(rounds):
        run.progress(0.3 + 0.7 * number / rounds, 1.0, f"round {number + 1} of {rounds}")
        going = [(arm, arm.times) for arm in arms if not arm.failure]
        if going and going[0][0] is arms[0]:
            going.append((arms[0], arms[0].again))
        shuffled = order.sample(going, len(going))
        spent: dict[int, float] = {}
        for arm, times in [*shuffled, *reversed(shuffled)]:
            with _marking(arm):
                spent[id(times)] = spent.get(id(times), 0.0) + _time(make, arm, run) / 2
        for arm, times in going:
            if not arm.failure:
                times.append(spent[id(times)])
    run.progress(1.0, 1.0, "done")
    base = arms[0]
    if base.failure:
        return 0.0
    return noise_of(ratio_interval(base.again, base.times))


def _time(make: Callable[[Arm], np.ndarray], arm: Arm, run: Run) -> float:
    """Seconds: elapsed on an accelerator, whose work is waited for; else processor time divided by threads."""
    import torch

    if run.device == "cuda":
        torch.cuda.synchronize()
        began = time.perf_counter()
        make(arm)
        torch.cuda.synchronize()
        return time.perf_counter() - began
    began = time.process_time()
    make(arm)
    return max(1e-9, (time.process_time() - began) / max(1, torch.get_num_threads()))


def _relative(found: np.ndarray, true: np.ndarray) -> float:
    return float(np.linalg.norm(found - true) / max(float(np.linalg.norm(true)), 1e-30))


def _psnr(found: np.ndarray, true: np.ndarray) -> float | None:
    """dB of pictures in 0..1; None where they are equal."""
    square = float(((found.astype(np.float64) - true) ** 2).mean())
    return None if square == 0 else round(-10 * float(np.log10(square)), 2)


def table_of(arms: list[Arm], noise: float) -> Table:
    """A row a kernel, after the baseline against itself."""
    from meshloom.kernels.attention.stats import judge, ratio_interval

    unit = arms[0].unit
    columns = (
        *("kernel", "status", "verdict", "speed-up", "speed-up low", "speed-up high", "ms"),
        *(f"difference from baseline ({unit})", f"noise floor ({unit})", "relative error to fp64"),
        *("equal when repeated", "accuracy", "attention calls", "by a fallback"),
    )
    base = arms[0]
    rows: list[tuple[Any, ...]] = []
    if base.times:
        held = ratio_interval(base.again, base.times)
        ratio = [round(part, 4) for part in (held.middle, held.low, held.high)]
        said = f"noise \u00b1 {noise:.1%}"
        rows.append(("A/A (baseline again)", "ok", said, *ratio, None, *([None] * 7)))
    for arm in arms:
        ratio_words: list[Any] = ["baseline" if arm is base else "", None, None, None]
        if base.times and arm.times and arm is not base:
            held = ratio_interval(arm.times, base.times)
            ratio = [round(part, 4) for part in (held.middle, held.low, held.high)]
            ratio_words = [judge(held, noise), *ratio]
        rows.append(
            (
                arm.kernel.id,
                f"failed: {arm.failure}" if arm.failure else "ok",
                *ratio_words,
                None if arm.failure else float(f"{1000 * arm.seconds:.4g}"),
                _said(arm.difference, arm.repeats),
                _said(arm.floor, True),
                None if arm.error is None else float(f"{arm.error:.3g}"),
                None if arm.repeats is None else str(arm.repeats).lower(),
                "exact" if arm.kernel.exact else "lossy",
                arm.calls,
                arm.fell_back,
            )
        )
    return Table(columns, tuple(rows))


def _said(difference: float | None, known: bool | None) -> Any:
    """A figure; "none" where pictures are equal to the bit."""
    if difference is None:
        return "none" if known is not None else None
    return float(f"{difference:.4g}")
