"""Kernels of attention against each other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, NamedTuple

import numpy as np

from meshloom.graph_runtime.spec import Multiline, NodeError, Range, Run, Seed, node
from meshloom.graph_runtime.types import Figure, File, Image, Table, Text
from meshloom.nodes.kernels._choosing import label_of, opened, parse_specs
from meshloom.nodes.kernels._values import AttentionKernel


class Compared(NamedTuple):
    """table: a row a kernel and shape, after the baseline against itself
    speed: TFLOP/s over the length
    errors: relative error against speed
    rounds: every round that was measured
    picture: the times as bars
    best: the exact kernel that takes the least time over all shapes, the earlier one where they are equal
    data: all of it as JSON, with the conditions
    """

    table: Table
    speed: Figure
    errors: Figure
    rounds: Figure
    picture: Image
    best: AttentionKernel
    data: File


@node(
    "Compare kernels",
    aliases=("benchmark", "A/B", "speed", "attention", "flash attention", "profile"),
    gpu=True,
)
def compare(
    baseline: AttentionKernel,
    second: AttentionKernel,
    third: AttentionKernel | None = None,
    fourth: AttentionKernel | None = None,
    others: Sequence[AttentionKernel] | None = None,
    called: Text | None = None,
    shapes: Annotated[str, Multiline()] = "b1 h8 n1024 d128 bf16",
    rounds: Annotated[int, Range(6, 200)] = 10,
    check: bool = True,
    seed: Annotated[int, Seed()] = 0,
    take: Annotated[int, Range(1, None)] = 1,
    *,
    run: Run,
) -> Compared:
    """Time kernels of attention against each other, and say which differences are real.

    Every kernel passes the correctness gate first. Then rounds are measured in which all kernels take part forth
    and back (ABC CBA) on the same inputs, the baseline a second time under another name: how far it is from itself
    (A/A) is the noise. A kernel is called faster or slower only if the whole 95 % interval of the paired ratios
    says so and the difference exceeds the noise. On a processor time is processor time divided by threads. A
    kernel that cannot compute a shape, fails the gate or crashes is marked so, and the others go on.

    baseline: what the others are compared with.
    second: a kernel to compare.
    third: another.
    fourth: another.
    others: any number of further ones.
    called: shapes to measure instead of those written below, such as a model's own from kernels.census.
    shapes: one a line: b = batch, h = heads, hkv = heads of keys, n = length, nk = length of keys, d = head
      dimension, a dtype (bf16, fp16, fp32), causal, mask=key_padding.
    rounds: more rounds make narrower intervals.
    check: run the correctness gate before timing.
    seed: of the inputs.
    take: figures are kept like every result; another number measures again.
    """
    from meshloom.kernels.attention.bench import Plan
    from meshloom.kernels.attention.bench import compare as measure
    from meshloom.kernels.attention.command import clean
    from meshloom.nodes.kernels._picture import picture_of
    from meshloom.nodes.kernels._showing import error_figure, rounds_figure, speed_figure, table_of

    given = [baseline, second, third, fourth, *(others or ())]
    chosen = [kernel for kernel in given if kernel is not None]
    specs = parse_specs(called.text if called else shapes, run.device)

    def progress(share: float, message: str) -> None:
        run.progress(share, 1.0, message)

    result = measure(
        [opened(kernel) for kernel in chosen], specs, Plan(rounds=rounds, seed=seed, gate=check), progress
    )
    best = result.best(lossy=all(not kernel.exact for kernel in chosen))
    if not any(row.status == "ok" for _, row in result.rows):
        reasons = "; ".join(f"{row.kernel}: {row.reason}" for _, row in result.rows)
        raise NodeError(
            f"no kernel could be measured: {reasons}", hint="kernels.attention lists what can be used"
        )
    for held, row in result.rows:
        if row.status == "failed":
            run.warn(f"{row.kernel} failed on {held.spec}: {row.reason}")
    told = json.dumps(clean({**result.to_json(), "take": take}), indent=1)
    return Compared(
        table_of(result),
        speed_figure(result),
        error_figure(result),
        rounds_figure(result),
        picture_of(result),
        next((kernel for kernel in chosen if label_of(kernel) == best), baseline),
        File("attention.json", np.frombuffer(told.encode(), np.uint8)),
    )
