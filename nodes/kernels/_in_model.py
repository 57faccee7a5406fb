"""Kernels measured inside a model: gated, interleaved rounds, differences of what comes out, a noise floor."""

from __future__ import annotations

import contextlib
import gc
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from meshloom.graph_runtime.models.running import is_out_of_memory, with_pipeline
from meshloom.graph_runtime.models.sampling import Job, make_picture
from meshloom.graph_runtime.models.values import ModelRef
from meshloom.graph_runtime.spec import Cancelled, NodeError, Run
from meshloom.graph_runtime.types import Image
from meshloom.nodes.kernels._choosing import kernel_of, label_of, value_of
from meshloom.nodes.kernels._gating import gate
from meshloom.nodes.kernels._patch import computed_by, watching, with_kernel
from meshloom.nodes.kernels._values import AttentionKernel
from meshloom.nodes.kernels._within import Within

if TYPE_CHECKING:
    from meshloom.kernels.attention.policy import Policy

#: Exact kernels whose difference from the baseline is the noise floor: the first that works and is not the baseline.
FLOORS = ("sdpa.math", "sdpa.default", "reference.fp64")
#: Calls of each kind that are kept for the gate.
KEEP = 3


@dataclass
class Arm:
    """One kernel. ``times``: seconds of each round; ``again``: the baseline's under another name.

    ``difference``: of its output from the baseline's: relative for a step, PSNR in dB for pictures (None where
    equal); ``floor``: that of ``floor_kernel``; ``error``: relative, to double precision (steps only);
    ``attention``: seconds of each run spent in attention; ``checked``: what the gate said.
    """

    kernel: AttentionKernel
    failure: str = ""
    checked: str = ""
    times: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)
    attention: list[float] = field(default_factory=list)
    calls: int = 0
    fell_back: int = 0
    picture: Image | None = None
    repeats: bool | None = None
    difference: float | None = None
    floor: float | None = None
    floor_kernel: str = ""
    error: float | None = None

    @property
    def name(self) -> str:
        return label_of(self.kernel)

    @property
    def seconds(self) -> float:
        return median(self.times)


@dataclass
class Plan:
    """``mode``: transformer step or full pipeline; ``rounds``: at least six; ``check``: the gate first."""

    mode: str
    rounds: int
    seed: int
    check: bool = True


#: Computes the output with an arm's kernel; keeps so many calls of each kind in the policy.
Make = Callable[[Arm, int], "tuple[np.ndarray, Policy]"]


def measure(
    model: ModelRef, job: Job, kernels: list[AttentionKernel], plan: Plan, run: Run
) -> tuple[list[Arm], float]:
    """Each kernel measured, the first the baseline; and the noise of A/A as a fraction."""
    told = Within(run)
    arms = [Arm(kernel) for kernel in kernels]
    if plan.mode == "full pipeline":
        return arms, _measure(arms, _pictures(model, job, told), plan, told)
    inputs: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    told.part(0.0, 0.05, "what the denoiser is given")
    _capture(model, job, inputs, told)
    parts = "image" if job.prompt.arrays else "all"

    def work(loaded: Any) -> float:
        return _measure(arms, _steps(_denoiser(loaded.pipe), inputs[0], told), plan, told)

    return arms, with_pipeline(model, told, parts, work)  # type: ignore[arg-type]


def _pictures(model: ModelRef, job: Job, told: Within) -> Make:
    """Whole pictures."""

    def make(arm: Arm, keep: int) -> tuple[np.ndarray, Policy]:
        with watching(keep) as found:
            picture = make_picture(with_kernel(model, arm.kernel), job, told)
        if arm.picture is None:
            arm.picture = Image(picture.pixels, arm.name)
        return picture.pixels, found[-1]

    return make


def _steps(denoiser: Any, inputs: tuple[tuple[Any, ...], dict[str, Any]], told: Within) -> Make:
    """One forward pass of the denoiser, on what the pipeline gives it in its first step."""

    def make(arm: Arm, keep: int) -> tuple[np.ndarray, Policy]:
        told.check()
        kernel = arm.kernel
        options = kernel.settings(), list(kernel.fallbacks)
        with computed_by(denoiser, kernel.id, *options, keep=keep, timed=True) as policy:
            out = denoiser(*inputs[0], **inputs[1])
        out = out[0] if isinstance(out, tuple) else out.sample
        found: np.ndarray = out.float().cpu().numpy()
        if not np.isfinite(found).all():
            raise NodeError("NaN or infinity in the denoiser's output")
        return found, policy

    return make


def _measure(arms: list[Arm], make: Make, plan: Plan, told: Within) -> float:
    """Fill the arms; the noise of A/A."""
    told.part(0.05, 0.1, "noise floor")
    floor, plain, captured = _floor(arms, make, told)
    for index, arm in enumerate(arms):
        told.part(0.1 + 0.1 * index / len(arms), 0.1 + 0.1 * (index + 1) / len(arms), f"gate of {arm.name}")
        if plan.check and captured:
            with _marking(arm):
                arm.checked = gate(arm.kernel, captured, lambda share, name: told.progress(share, 1.0, name))
    captured.clear()
    first: list[np.ndarray | None] = []
    for index, arm in enumerate(arms):
        told.part(
            0.2 + 0.15 * index / len(arms), 0.2 + 0.15 * (index + 1) / len(arms), f"first by {arm.name}"
        )
        first.append(None)
        if not arm.failure:
            with _marking(arm):
                first[-1] = make(arm, 0)[0]
                arm.repeats = bool(np.array_equal(first[-1], make(arm, 0)[0]))
    base = next(
        (held for held, arm in zip(first, arms, strict=True) if held is not None and not arm.failure), None
    )
    true = None
    if plan.mode != "full pipeline":
        exact = Arm(_exact("reference.fp64", told))
        with _marking(exact):
            true = make(exact, 0)[0]
    distance = _psnr if plan.mode == "full pipeline" else _relative
    for arm, held in zip(arms, first, strict=True):
        if held is not None and base is not None and not arm.failure:
            arm.difference = distance(held, base)
            arm.floor_kernel = floor
            arm.floor = None if plain is None else distance(plain, base)
            arm.error = None if true is None else _relative(held, true)
    return _rounds(arms, make, plan, told)


def _floor(arms: list[Arm], make: Make, told: Within) -> tuple[str, np.ndarray | None, list[Any]]:
    """(id, output, captured calls) of the first exact kernel that is not the baseline and works."""
    for name in FLOORS:
        if name != arms[0].kernel.id:
            arm = Arm(_exact(name, told))
            with _marking(arm):
                plain, policy = make(arm, KEEP)
                return name, plain, policy.captured
    return "", None, []


def _capture(model: ModelRef, job: Job, inputs: list[Any], run: Run) -> None:
    """Run two steps and keep what the denoiser was first called with."""

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


def _exact(name: str, run: Run) -> AttentionKernel:
    from meshloom.kernels.attention.device import device_caps

    return value_of(kernel_of(name, {}), device_caps(run.device))


@contextlib.contextmanager
def _marking(arm: Arm) -> Iterator[None]:
    """What goes wrong marks the arm; a cancel ends all."""
    full = False
    try:
        yield
    except Cancelled:
        raise
    except Exception as error:  # of any library, compiler or driver
        arm.failure = str(error).splitlines()[0] if str(error) else type(error).__name__
        full = is_out_of_memory(error)
    if full:  # here the failed attempt's tensors are no longer held by the exception
        import torch

        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _rounds(arms: list[Arm], make: Make, plan: Plan, told: Within) -> float:
    """Fill the times, ABC CBA; the noise of the baseline against itself."""
    from meshloom.kernels.attention.stats import noise_of, ratio_interval

    order = random.Random(plan.seed)
    for number in range(plan.rounds):
        low, high = (0.35 + 0.65 * at / plan.rounds for at in (number, number + 1))
        told.part(low, high, f"round {number + 1} of {plan.rounds}")
        going = [(arm, arm.times) for arm in arms if not arm.failure]
        if going and going[0][0] is arms[0]:
            going.append((arms[0], arms[0].again))
        shuffled = order.sample(going, len(going))
        spent: dict[int, float] = {}
        tasks = [*shuffled, *reversed(shuffled)]
        for index, (arm, times) in enumerate(tasks):
            part = [low + (high - low) * at / len(tasks) for at in (index, index + 1)]
            told.part(part[0], part[1], f"round {number + 1} of {plan.rounds}, {arm.name}")
            if not arm.failure:
                with _marking(arm):
                    spent[id(times)] = spent.get(id(times), 0.0) + _time(make, arm, told) / 2
        for arm, times in going:
            if not arm.failure:
                times.append(spent[id(times)])
    told.part(1.0, 1.0, "done")
    base = arms[0]
    if base.failure:
        return 0.0
    return noise_of(ratio_interval(base.again, base.times))


def _time(make: Make, arm: Arm, run: Run) -> float:
    """Seconds: elapsed on an accelerator, whose work is waited for; else processor time divided by threads."""
    import torch

    cuda = run.device == "cuda"
    if cuda:
        torch.cuda.synchronize()
    clock = time.perf_counter if cuda else time.process_time
    began = clock()
    _, policy = make(arm, 0)
    if cuda:
        torch.cuda.synchronize()
    spent = clock() - began
    arm.calls += sum(policy.calls.values())
    arm.fell_back += policy.fell_back
    arm.attention.append(policy.seconds)
    return max(1e-9, spent if cuda else spent / max(1, torch.get_num_threads()))


def _relative(found: np.ndarray, true: np.ndarray) -> float:
    return float(np.linalg.norm(found - true) / max(float(np.linalg.norm(true)), 1e-30))


def _psnr(found: np.ndarray, true: np.ndarray) -> float | None:
    """dB of pictures in 0..1; None where they are equal."""
    square = float(((found.astype(np.float64) - true) ** 2).mean())
    return None if square == 0 else round(-10 * float(np.log10(square)), 2)
