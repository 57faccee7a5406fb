"""Kernels of attention against each other, inside a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple

from meshloom.graph_runtime.models.sampling import Job
from meshloom.graph_runtime.models.values import ModelRef, PromptEmbeddings
from meshloom.graph_runtime.spec import NodeError, Range, Run, Seed, Slider, node
from meshloom.graph_runtime.types import Figure, Image, Table
from meshloom.nodes.kernels._values import AttentionKernel


class ComparedInModel(NamedTuple):
    """table: a row a kernel, after the baseline against itself
    differences: how far each output is from the baseline's over its time, beside the noise floor
    rounds: every round that was measured
    pictures: one a kernel that made one, the baseline's first; none in the mode of one step
    best: the exact kernel that takes the least time, the earlier one where they are equal
    """

    table: Table
    differences: Figure
    rounds: Figure
    pictures: list[Image]
    best: AttentionKernel


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
    reference_side: Annotated[int, Range(128, 2048, 32, unit="px")] = 1024,
    take: Annotated[int, Range(1, None)] = 1,
    *,
    run: Run,
) -> ComparedInModel:
    """Time kernels of attention inside a model, and measure what they change in its output.

    Interleaved in rounds as in kernels.compare (ABC CBA), the baseline a second time as the noise. Beside every
    difference stands the noise floor: how far the plain computation (sdpa.math, exact too) is from the baseline.
    Two exact kernels do not give equal pictures, and a difference no larger than the floor says nothing against a
    kernel. One that crashes or gives NaN is marked so; the others go on.

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
    reference_side: as in image.edit_with_prompt.
    take: figures are kept like every result; another number measures again.
    """
    from meshloom.nodes.kernels._arms_showing import differences_figure, rounds_figure
    from meshloom.nodes.kernels._in_model import measure_pictures, measure_step, table_of

    kernels = [baseline, second, *(others or ())]
    task: Literal["edit", "text to image"] = "edit" if images else "text to image"
    job = Job(
        task,
        prompt,
        tuple(images or ()),
        steps=steps,
        guidance=guidance,
        seed=seed,
        reference_side=reference_side,
    )
    measure = measure_step if mode == "transformer step" else measure_pictures
    arms, noise = measure(model, job, kernels, rounds, seed + take, run)
    if all(arm.failure for arm in arms):
        reasons = "; ".join(f"{arm.kernel.id}: {arm.failure}" for arm in arms)
        raise NodeError(
            f"no kernel could be measured: {reasons}", hint="kernels.attention lists what can be used"
        )
    for arm in arms:
        if arm.failure:
            run.warn(f"{arm.kernel.id} failed: {arm.failure}")
    timed = [arm for arm in arms if not arm.failure and (arm.kernel.exact or not baseline.exact)]
    best = baseline
    if timed:
        least = min(arm.seconds for arm in timed)
        best = next(arm.kernel for arm in timed if arm.seconds <= least * (1 + min(noise, 0.2)))
    pictures = [arm.picture for arm in arms if arm.picture is not None]
    return ComparedInModel(
        table_of(arms, noise), differences_figure(arms), rounds_figure(arms), pictures, best
    )
