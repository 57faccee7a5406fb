"""Pictures from words."""

from __future__ import annotations

from typing import Annotated

from meshloom.graph_runtime.models.sampling import Job, make_picture
from meshloom.graph_runtime.models.values import ModelRef, PromptEmbeddings
from meshloom.graph_runtime.spec import Range, Run, Seed, Slider, node
from meshloom.graph_runtime.types import Image


@node("Text to image", aliases=("txt2img", "t2i", "generate", "diffusion", "qwen image", "flux"), gpu=True)
def text_to_image(
    model: ModelRef,
    prompt: PromptEmbeddings,
    steps: Annotated[int, Slider(1, 100)] = 40,
    guidance: Annotated[float, Slider(1.0, 20.0)] = 4.0,
    seed: Annotated[int, Seed()] = 0,
    width: Annotated[int, Range(32, 4096, 16, unit="px")] = 1024,
    height: Annotated[int, Range(32, 4096, 16, unit="px")] = 1024,
    *,
    run: Run,
) -> Image:
    """Make a picture of a prompt with any text-to-image model of diffusers.

    The pipeline is chosen as diffusers' AutoPipelineForText2Image does.

    model: from models.load.
    prompt: from image.encode_prompt, of the same model.
    steps: how many steps from noise to picture.
    guidance: how strongly to follow the prompt; its useful range depends on the model.
    seed: which noise to begin with.
    width: of the picture.
    height: of the picture.
    """
    job = Job("text to image", prompt, steps=steps, guidance=guidance, seed=seed, width=width, height=height)
    return make_picture(model, job, run)
