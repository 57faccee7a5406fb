"""Kernels against each other: interleaved, paired, with an A/A null, and a verdict that may be "no difference".

A round times every arm once in random order and once more in the reverse order (ABC CBA), on inputs that rotate
from round to round, so that drift of clocks and load falls on all arms alike; the ratio of two arms is taken
within a round. The first kernel is the baseline and also takes part under a second name: what the benchmark says
of a kernel against itself is the noise of everything else it says. On CUDA time is what events measure; on the
CPU it is the processor time of the whole process, with the elapsed time beside it.
"""

from __future__ import annotations

import gc
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

import torch

from meshloom.kernels.attention import isolated
from meshloom.kernels.attention.check import Report, verify
from meshloom.kernels.attention.conditions import Watch, conditions
from meshloom.kernels.attention.device import DeviceCaps, device_caps
from meshloom.kernels.attention.impl.reference import attend64
from meshloom.kernels.attention.inputs import Call, random_call
from meshloom.kernels.attention.kernel import AttentionError, Kernel
from meshloom.kernels.attention.nvml import Reading
from meshloom.kernels.attention.spec import AttnSpec, torch_dtype
from meshloom.kernels.attention.stats import Interval, judge, median_interval, noise_of, ratio_interval

SCHEMA = "meshloom.attention.bench/2"
NULL = "null"

Progress = Callable[[float, str], None]
#: What the gate said, by (place of the kernel, dtype, head dimension).
Gates = dict[tuple[int, str, int], Report | AttentionError]


@dataclass(frozen=True)
class Plan:
    """How to measure. ``rounds``: at least six, for an interval; ``least``: seconds a sample should take."""

    rounds: int = 10
    warm_up: float = 0.3
    least: float = 0.02
    #: Seconds of rest before each sample on the CPU: threads of the one before spin that long for more work.
    settle: float = 0.02
    inputs: int = 2
    seed: int = 0
    gate: bool = True
    #: Also measure what a large matrix product reaches.
    ceiling: bool = True
    #: Queries whose result is compared with double precision.
    checked_queries: int = 32


@dataclass
class Row:
    """One kernel on one spec. ``status``: ok, unsupported or failed (``reason`` says why).

    ``ms``: of one call: on CUDA by events, on the CPU processor time divided by threads; ``wall_ms``: elapsed.
    ``speedup``: over the baseline, paired; ``gemm_share``: of this device's measured matrix product.
    """

    kernel: str
    title: str
    fingerprint: str
    exact: bool
    status: str = "ok"
    reason: str = ""
    ms: float = math.nan
    ms_low: float = math.nan
    ms_high: float = math.nan
    wall_ms: float = math.nan
    tflops: float = math.nan
    gemm_share: float = math.nan
    speedup: float = math.nan
    speedup_low: float = math.nan
    speedup_high: float = math.nan
    verdict: str = ""
    rel_error: float = math.nan
    max_error: float = math.nan
    extra_mib: float = math.nan
    #: Milliseconds of one call in each round.
    rounds: list[float] = field(default_factory=list)


@dataclass
class SpecResult:
    """All kernels on one spec. ``null``: the baseline against itself; ``noise``: by what fraction they differ."""

    spec: str
    length: int
    tflop: float
    gemm_tflops: float
    null: Interval | None
    noise: float
    foreign_load: float
    #: Of a GPU, after each round.
    readings: list[Reading]
    drifted: list[int]
    rows: list[Row]


@dataclass
class Result:
    """A whole comparison."""

    conditions: dict[str, Any]
    plan: Plan
    specs: list[SpecResult]

    def to_json(self) -> dict[str, Any]:
        return {"schema": SCHEMA, **asdict(self)}

    @property
    def rows(self) -> list[tuple[SpecResult, Row]]:
        return [(held, row) for held in self.specs for row in held.rows]

    def best(self, lossy: bool = False) -> str | None:
        """The exact kernel that takes the least time over all specs; ties within the noise go to the earlier."""
        names = [row.kernel for row in self.specs[0].rows] if self.specs else []
        totals: dict[str, float] = {}
        for name in names:
            rows = [row for _, row in self.rows if row.kernel == name]
            if all(row.status == "ok" and (row.exact or lossy) for row in rows):
                totals[name] = sum(math.log(row.ms) for row in rows) / len(rows)
        if not totals:
            return None
        known = [held.noise for held in self.specs if math.isfinite(held.noise)]
        slack = math.log1p(min(max(known, default=0.0), 0.2))
        least = min(totals.values())
        return next(name for name, total in totals.items() if total <= least + slack)


def compare(
    kernels: Sequence[Kernel],
    specs: Sequence[AttnSpec],
    plan: Plan = Plan(),
    progress: Progress = lambda share, message: None,
    keep: Callable[[Result], None] = lambda result: None,
) -> Result:
    """Measure ``kernels`` (the first is the baseline) on each of ``specs``.

    A kernel that is unsupported, fails the gate, raises, runs out of memory or gives NaN is marked so; the others
    finish. What ``progress`` raises ends the comparison; ``keep`` gets what there is after each spec.
    """
    found: list[SpecResult] = []
    gates: Gates = {}
    said = conditions(specs[0].device if specs else "cpu")
    for index, spec in enumerate(specs):

        def told(share: float, message: str, index: int = index, spec: AttnSpec = spec) -> None:
            progress((index + share) / len(specs), f"{spec}: {message}")

        found.append(_compare(kernels, spec, plan, gates, told))
        keep(Result(said, plan, found))
    return Result(said, plan, found)


@dataclass
class _Arm:
    kernel: Kernel
    row: Row
    calls: int = 1
    times: list[float] = field(default_factory=list)
    walls: list[float] = field(default_factory=list)


def _compare(
    kernels: Sequence[Kernel],
    spec: AttnSpec,
    plan: Plan,
    gates: Gates,
    progress: Progress,
) -> SpecResult:
    caps = device_caps(spec.device)
    progress(0.0, "inputs")
    calls = [random_call(spec, plan.seed + index) for index in range(plan.inputs)]
    truth = _truth(calls[0], plan)
    rows = [Row(kernel.label, kernel.title, kernel.fingerprint(caps), kernel.exact) for kernel in kernels]
    arms: list[_Arm] = []
    for index, (kernel, row) in enumerate(zip(kernels, rows, strict=True)):

        def told(share: float, case: str, index: int = index, kernel: Kernel = kernel) -> None:
            progress(0.3 * (index + share) / len(kernels), f"checking {kernel.label}, {case}")

        told(0.0, "support")
        arm = _Arm(kernel, row)
        if _admit(arm, index, spec, caps, plan, gates, told) and _attempt(
            arm, lambda arm=arm: _first(arm, calls[0], truth, plan)
        ):
            arms.append(arm)
    progress(0.3, "matrix product")
    gemm = _gemm_tflops(spec) if arms and plan.ceiling else math.nan
    null: _Arm | None = None
    if arms and arms[0].kernel is kernels[0]:
        base = arms[0]
        null = _Arm(base.kernel, Row(NULL, "", "", True), base.calls)
    watch = Watch(spec.device)
    order = random.Random(plan.seed)
    for number in range(plan.rounds):
        progress(0.3 + 0.7 * number / plan.rounds, f"round {number + 1} of {plan.rounds}")
        _round([*arms, *([null] if null else [])], calls[number % len(calls)], order, watch, plan)
        arms = [arm for arm in arms if arm.row.status == "ok"]
        if null is not None and null.row.status != "ok":
            null = None
    watched = watch.end()
    against = (
        ratio_interval(null.times, arms[0].times) if null and arms and arms[0].kernel is kernels[0] else None
    )
    noise = noise_of(against) if against else math.nan
    for arm in arms:
        _conclude(arm, arms[0] if against else None, noise, spec, gemm)
    progress(1.0, "done")
    return SpecResult(
        str(spec),
        spec.nq,
        spec.flops / 1e12,
        gemm,
        against,
        noise,
        watched.load,
        watched.readings,
        watched.drifted,
        rows,
    )


def _admit(
    arm: _Arm,
    index: int,
    spec: AttnSpec,
    caps: DeviceCaps,
    plan: Plan,
    gates: Gates,
    progress: Progress,
) -> bool:
    """Whether the kernel supports the spec and passes the gate (once a dtype and device)."""
    verdict = arm.kernel.supports(spec, caps)
    if not verdict:
        arm.row.status, arm.row.reason = "unsupported", str(verdict)
        return False
    if not plan.gate:
        return True
    key = (index, spec.dtype, spec.d)
    if key not in gates:
        try:
            isolated.clear(arm.kernel, spec.device)
        except AttentionError as error:
            gates[key] = error
        else:
            gates[key] = verify(arm.kernel, spec.device, [spec.dtype], [spec.d], progress=progress)
    held = gates[key]
    if isinstance(held, AttentionError) or not held.passed:
        arm.row.status, arm.row.reason = "failed", f"the gate: {held}"
        return False
    return True


def _attempt(arm: _Arm, work: Callable[[], None]) -> bool:
    """Do ``work``; what goes wrong marks the arm."""
    try:
        work()
    except torch.OutOfMemoryError as error:
        arm.row.status, arm.row.reason = "failed", f"out of memory: {str(error).splitlines()[0]}"
        torch.cuda.empty_cache()
    except Exception as error:  # of any library, compiler or driver
        arm.row.status, arm.row.reason = "failed", f"{type(error).__name__}: {error}"
    return arm.row.status == "ok"


def _first(arm: _Arm, call: Call, truth: tuple[torch.Tensor, torch.Tensor], plan: Plan) -> None:
    """The first calls: result against double precision, memory, warm-up, and how many calls fill a sample."""
    cuda = call.q.device.type == "cuda"
    if cuda:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        held = torch.cuda.memory_allocated()
    out = _call(arm.kernel, call)
    if cuda:
        torch.cuda.synchronize()
        own = out.numel() * out.element_size()
        arm.row.extra_mib = max(0, torch.cuda.max_memory_allocated() - held - own) / 2**20
    if not torch.isfinite(out).all():
        raise ArithmeticError("NaN or infinity in its output")
    queries, true = truth
    error = out[:, queries].double() - true
    arm.row.max_error = error.abs().max().item()
    arm.row.rel_error = (error.norm() / true.norm().clamp_min(1e-30)).item()
    spent, end = [], time.perf_counter() + plan.warm_up
    while not spent or time.perf_counter() < end:
        spent.append(_time(arm.kernel, call, 1)[0])
    arm.calls = max(1, min(1000, math.ceil(plan.least / max(median(spent), 1e-6))))


def _truth(call: Call, plan: Plan) -> tuple[torch.Tensor, torch.Tensor]:
    """Some queries and the exact result for these: all keys, all heads."""
    spec = call.spec
    count = min(spec.nq, plan.checked_queries)
    queries = torch.linspace(0, spec.nq - 1, count, device=call.q.device).round().long()
    mask = call.mask
    if spec.causal:
        allowed = torch.arange(spec.nk, device=call.q.device) <= (queries + spec.nk - spec.nq)[:, None]
        mask = allowed[None, None]
    elif mask is not None and mask.shape[2] > 1:
        mask = mask[:, :, queries]
    true, _ = attend64(call.q[:, queries], call.k, call.v, mask, False, call.scale)
    return queries, true


def _call(kernel: Kernel, call: Call) -> torch.Tensor:
    return kernel(call.q, call.k, call.v, mask=call.mask, causal=call.causal, scale=call.scale)


def _time(kernel: Kernel, call: Call, calls: int) -> tuple[float, float]:
    """(seconds of one call, elapsed seconds of one call)."""
    if call.q.device.type == "cuda":
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        for _ in range(calls):
            _call(kernel, call)
        end.record()
        end.synchronize()
        seconds = begin.elapsed_time(end) / 1000 / calls
        return seconds, seconds
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(calls):
        _call(kernel, call)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return cpu / calls / max(1, torch.get_num_threads()), wall / calls


def _round(arms: list[_Arm], call: Call, order: random.Random, watch: Watch, plan: Plan) -> None:
    """Every arm forth and back; the garbage collector stays out of it."""
    shuffled = order.sample(arms, len(arms))
    sums: dict[int, list[tuple[float, float]]] = {}
    collects = gc.isenabled()
    gc.disable()
    try:
        for arm in [*shuffled, *reversed(shuffled)]:
            if arm.row.status == "ok":
                if call.q.device.type == "cpu":
                    time.sleep(plan.settle)
                _attempt(
                    arm,
                    lambda arm=arm: sums.setdefault(id(arm), []).append(_time(arm.kernel, call, arm.calls)),
                )
    finally:
        if collects:
            gc.enable()
    for arm in arms:
        spent = sums.get(id(arm), [])
        if len(spent) == 2:
            arm.times.append(max(1e-9, (spent[0][0] + spent[1][0]) / 2))
            arm.walls.append((spent[0][1] + spent[1][1]) / 2)
    watch.round()


def _conclude(arm: _Arm, base: _Arm | None, noise: float, spec: AttnSpec, gemm: float) -> None:
    row = arm.row
    row.rounds = [1000 * seconds for seconds in arm.times]
    held = median_interval(row.rounds)
    row.ms, row.ms_low, row.ms_high = held.middle, held.low, held.high
    row.wall_ms = 1000 * median(arm.walls)
    row.tflops = spec.flops / (row.ms / 1000) / 1e12
    row.gemm_share = row.tflops / gemm
    if base is None:
        return
    if arm is base:
        row.speedup = row.speedup_low = row.speedup_high = 1.0
        row.verdict = "baseline"
        return
    speedup = ratio_interval(arm.times, base.times)
    row.speedup, row.speedup_low, row.speedup_high = speedup.middle, speedup.low, speedup.high
    row.verdict = judge(speedup, noise)


def _gemm_tflops(spec: AttnSpec) -> float:
    """What a large matrix product reaches on this device: the ceiling that a kernel may be measured by."""
    cuda = spec.device == "cuda"
    if not cuda and spec.dtype == "fp16":
        return math.nan  # takes minutes on processors without fp16 products
    size = 8192 if cuda else 2048
    generator = torch.Generator().manual_seed(0)
    a, b = (
        torch.randn(size, size, generator=generator).to(torch_dtype(spec.dtype)).to(spec.device)
        for _ in range(2)
    )
    best = math.inf
    for _ in range(10 if cuda else 3):
        if cuda:
            begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            begin.record()
            a @ b
            end.record()
            end.synchronize()
            best = min(best, begin.elapsed_time(end) / 1000)
        else:
            spent = time.process_time()
            a @ b
            best = min(best, (time.process_time() - spent) / max(1, torch.get_num_threads()))
    return 2 * size**3 / max(best, 1e-9) / 1e12
