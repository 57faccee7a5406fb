"""Kernels of attention against each other, inside a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple

import numpy as np

from meshloom.graph_runtime.models.sampling import Job
from meshloom.graph_runtime.models.values import ModelRef, PromptEmbeddings
from meshloom.graph_runtime.spec import NodeError, Range, Run, Seed, Slider, node
from meshloom.graph_runtime.types import Figure, File, Image, Table
from meshloom.nodes.kernels._values import AttentionKernel


class ComparedInModel(NamedTuple):
    """table: a row a kernel, after the baseline against itself
    pictures: one a kernel that made one, the baseline's first; none in the mode of one step
    best: the exact kernel that takes the least time, the earlier one where they are equal
    rounds: every round that was measured, over the baseline's
    errors: difference against time, with the noise floor
    picture: the times as bars, above what each kernel made
    data: all of it as JSON, with the conditions
    """

    table: Table
    pictures: list[Image]
    best: AttentionKernel
    rounds: Figure
    errors: Figure
    picture: Image
    data: File


@node(
    "Compare kernels in a model",
    aliases=("A/B", "benchmark", "image difference", "end to end", "attention", "pipeline"),
    gpu=True,
)
def compare_in_model(
    model: ModelRef,
    prompt: PromptEmbeddings,
    baseline: AttentionKernel,
    second: AttentionKernel,
    images: list[Image] | None = None,
    others: Sequence[AttentionKernel] | None = None,
    mode: Literal["transformer step", "full pipeline"] = "transformer step",
    rounds: Annotated[int, Range(6, 100)] = 6,
    steps: Annotated[int, Slider(2, 100)] = 4,
    guidance: Annotated[float, Slider(1.0, 10.0)] = 4.0,
    seed: Annotated[int, Seed()] = 0,
    width: Annotated[int, Range(0, 4096, 16, unit="px")] = 0,
    height: Annotated[int, Range(0, 4096, 16, unit="px")] = 0,
    reference_side: Annotated[int, Range(128, 2048, 32, unit="px")] = 1024,
    check: bool = True,
    take: Annotated[int, Range(1, None)] = 1,
    *,
    run: Run,
) -> ComparedInModel:
    """Time kernels of attention inside a model, and measure what they change in its output.

    Every kernel passes the correctness gate first, also on queries, keys and values of the model itself. Then
    rounds are interleaved as in kernels.compare (ABC CBA), the baseline a second time as the noise. Beside every
    difference stands the noise floor: how far the plain computation (sdpa.math, exact too) is from the baseline.
    Two exact kernels do not give equal pictures, and a difference no larger than the floor says nothing against a
    kernel. One that crashes or gives NaN is marked so; the others go on. The predicted speed-up is Amdahl's law
    with the time each spends in attention; where the measured one is far from it, something else changed too.

    model: from models.load or models.tiny_checkpoint; a kernel applied to it is replaced.
    prompt: from image.encode_prompt.
    baseline: what the others are compared with.
    second: a kernel to compare.
    images: for an editing model: the pictures to edit.
    others: any number of further kernels.
    mode: transformer step = one forward pass of the denoiser, with its error to double precision; full pipeline =
      whole pictures with their differences.
    rounds: each round runs every kernel twice.
    steps: of the picture.
    guidance: of the picture.
    seed: of the picture.
    width: of the picture; 0 = after the first picture, or the model's own.
    height: of the picture; 0 = after the first picture, or the model's own.
    reference_side: as in image.edit_with_prompt.
    check: run the correctness gate before timing.
    take: figures are kept like every result; another number measures again.
    """
    import json

    from meshloom.kernels.attention.command import clean
    from meshloom.kernels.attention.conditions import conditions
    from meshloom.nodes.kernels._in_model import Plan, measure
    from meshloom.nodes.kernels._in_model_showing import data_of, errors_figure, rounds_figure, table_of
    from meshloom.nodes.kernels._picture import picture_of_arms

    kernels = [baseline, second, *(others or ())]
    task: Literal["edit", "text to image"] = "edit" if images else "text to image"
    job = Job(
        task,
        prompt,
        tuple(images or ()),
        steps=steps,
        guidance=guidance,
        seed=seed,
        width=width,
        height=height,
        reference_side=reference_side,
    )
    arms, noise = measure(model, job, kernels, Plan(mode, rounds, seed + take, check), run)
    if all(arm.failure for arm in arms):
        reasons = "; ".join(f"{arm.name}: {arm.failure}" for arm in arms)
        raise NodeError(
            f"no kernel could be measured: {reasons}", hint="kernels.attention lists what can be used"
        )
    for arm in arms:
        if arm.failure:
            run.warn(f"{arm.name} failed: {arm.failure}")
    timed = [arm for arm in arms if not arm.failure and (arm.kernel.exact or not baseline.exact)]
    best = baseline
    if timed:
        least = min(arm.seconds for arm in timed)
        best = next(arm.kernel for arm in timed if arm.seconds <= least * (1 + min(noise, 0.2)))
    told = json.dumps(clean({**data_of(arms, noise, mode, conditions(run.device)), "take": take}), indent=1)
    return ComparedInModel(
        table_of(arms, noise, mode),
        [arm.picture for arm in arms if arm.picture is not None],
        best,
        rounds_figure(arms),
        errors_figure(arms, mode),
        picture_of_arms(arms, noise, f"Attention in a model, {mode}"),
        File("attention_in_model.json", np.frombuffer(told.encode(), np.uint8)),
    )
