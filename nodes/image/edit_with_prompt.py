"""Editing pictures in words."""

from __future__ import annotations

from typing import Annotated

from meshloom.graph_runtime.models.sampling import Job, make_picture
from meshloom.graph_runtime.models.values import ModelRef, PromptEmbeddings
from meshloom.graph_runtime.spec import Range, Run, Seed, Slider, node
from meshloom.graph_runtime.types import Image, Mask


@node(
    "Edit with a prompt",
    aliases=("qwen image edit", "instruct", "kontext", "diffusion", "inpaint with AI", "k sampler"),
    gpu=True,
)
def edit_with_prompt(
    model: ModelRef,
    prompt: PromptEmbeddings,
    images: list[Image],
    mask: Annotated[Mask | None, "input"] = None,
    steps: Annotated[int, Slider(1, 100)] = 40,
    guidance: Annotated[float, Slider(1.0, 10.0)] = 4.0,
    seed: Annotated[int, Seed()] = 0,
    width: Annotated[int, Range(0, 4096, 16, unit="px")] = 0,
    height: Annotated[int, Range(0, 4096, 16, unit="px")] = 0,
    reference_side: Annotated[int, Range(128, 2048, 32, unit="px")] = 1024,
    *,
    run: Run,
) -> Image:
    """Change pictures as a prompt says, with a diffusion model such as Qwen-Image-Edit.

    Give it several pictures to bring into one (a person, a dress, a place). Shows the picture as it comes and
    stops between two layers when cancelled. Any editing pipeline of diffusers works; a mask needs one of the
    Qwen-Image or Flux family. Result: float32, so that small differences between kernels stay visible.

    model: from models.load; adaptations and kernels laid over it hold here.
    prompt: from image.encode_prompt, of the same model and pictures.
    images: the pictures to edit; the first gives the shape of the result.
    mask: what may change; outside, the first picture stays to the pixel and the result has its size.
    steps: how many steps from noise to picture; 40 is usual, 4 to 8 with a distilled adaptation.
    guidance: how strongly to follow the prompt and leave the negative prompt; 1 = no such guidance.
    seed: which noise to begin with.
    width: of the result; 0 = after the first picture.
    height: of the result; 0 = after the first picture.
    reference_side: pictures are seen in the area of a square of this side; less is faster and sees less.
    """
    job = Job(
        "edit",
        prompt,
        tuple(images),
        mask,
        steps=steps,
        guidance=guidance,
        seed=seed,
        width=width,
        height=height,
        reference_side=reference_side,
    )
    return make_picture(model, job, run)
