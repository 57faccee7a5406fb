"""A model of noise, for trying what surrounds a model."""

from __future__ import annotations

from typing import Annotated, Literal

from meshloom.graph_runtime.models import tiny
from meshloom.graph_runtime.models.values import ModelRef
from meshloom.graph_runtime.spec import Seed, node


@node("Tiny random model (makes noise)", aliases=("test model", "dummy", "plumbing", "random weights"))
def tiny_checkpoint(
    pipeline: Literal[
        "QwenImageEditPlusPipeline", "QwenImageEditPipeline", "QwenImagePipeline"
    ] = "QwenImageEditPlusPipeline",
    seed: Annotated[int, Seed()] = 0,
    dtype: Literal["bfloat16", "float16", "float32"] = "float32",
) -> ModelRef:
    """Stand in for a real model with a tiny one of random weights, whose pictures are noise.

    The classes are the real ones of diffusers and transformers, with under a million weights: everything around
    a model (prompts, seeds, masks, kernels, the cache) can be tried in seconds on any machine, with nothing
    fetched. Put ``models.load`` in its place to make pictures. ``meshloom models tiny FOLDER`` writes one as
    files.

    pipeline: which class it is a tiny copy of.
    seed: which random weights.
    dtype: the type to calculate in.
    """
    return ModelRef(tiny.source_of(pipeline, seed), content=f"random {tiny.RECIPE}", dtype=dtype)
