"""Which attention calls a model makes."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from meshloom.graph_runtime.models.sampling import Job, make_picture
from meshloom.graph_runtime.models.values import ModelRef, PromptEmbeddings
from meshloom.graph_runtime.spec import NodeError, Range, Run, Slider, node
from meshloom.graph_runtime.types import Figure, Image, Series, Table, Text
from meshloom.nodes.kernels._patch import watching, with_census


class Counted(NamedTuple):
    """table: a row a shape: how often, how long, which share of the whole run
    figure: the share of each shape
    shapes: the shapes, one a line, as kernels.compare takes them
    attention: percent of the run's time that attention takes
    """

    table: Table
    figure: Figure
    shapes: Text
    attention: float


@node("Attention census", aliases=("profile", "count", "shapes", "which attention", "trace"), gpu=True)
def census(
    model: ModelRef,
    prompt: PromptEmbeddings,
    images: list[Image] | None = None,
    steps: Annotated[int, Slider(2, 100)] = 2,
    reference_side: Annotated[int, Range(128, 2048, 32, unit="px")] = 1024,
    *,
    run: Run,
) -> Counted:
    """Run a model for a few steps and record every attention call: shape, dtype, mask, how often, how long.

    Denoiser, text encoder and autoencoder alike, as far as they call torch's attention from Python. How much
    another kernel can win follows: Amdahl's law with the share that attention has.

    model: from models.load or models.tiny_checkpoint.
    prompt: from image.encode_prompt.
    images: for an editing model: the pictures to edit.
    steps: the calls of a step repeat, so few are enough.
    reference_side: as in image.edit_with_prompt; it decides the lengths.
    """
    task = "edit" if images else "text to image"
    job = Job(task, prompt, tuple(images or ()), steps=steps, reference_side=reference_side)
    with watching() as found:
        make_picture(with_census(model), job, run)
    held = next(left for left in reversed(found) if hasattr(left, "entries"))
    if not held.entries:
        raise NodeError("no attention call was seen", hint="a kernel applied to the model counts for itself")
    columns = ("shape", "calls", "ms together", "ms each", "% of the run", "TFLOP each")
    rows = [
        (
            str(entry.spec),
            entry.count,
            round(1000 * entry.seconds, 3),
            round(1000 * entry.seconds / entry.count, 4),
            round(100 * entry.share, 2),
            float(f"{entry.spec.flops / 1e12:.4g}"),
        )
        for entry in held.entries
    ]
    share = 100 * held.attention_share
    double = held.predicted(2.0)
    rows.append(("all attention", sum(e.count for e in held.entries), None, None, round(share, 2), None))
    rows.append((f"attention twice as fast: the run {double:.2f}x as fast", None, None, None, None, None))
    bars = np.array([100 * entry.share for entry in held.entries])
    figure = Figure(
        "Attention", "shape", "% of the run", (Series("share", np.arange(1.0, len(bars) + 1), bars, "bars"),)
    )
    shapes = "\n".join(str(entry.spec) for entry in held.entries)
    return Counted(Table(columns, tuple(rows)), figure, Text(shapes), share)
