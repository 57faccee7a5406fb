"""A picture made over."""

from __future__ import annotations

from typing import Annotated

from meshloom.graph_runtime.models.sampling import Job, make_picture
from meshloom.graph_runtime.models.values import ModelRef, PromptEmbeddings
from meshloom.graph_runtime.spec import Range, Run, Seed, Slider, node
from meshloom.graph_runtime.types import Image


@node("Image to image", aliases=("img2img", "i2i", "restyle", "diffusion", "variation"), gpu=True)
def image_to_image(
    model: ModelRef,
    prompt: PromptEmbeddings,
    image: Image,
    strength: Annotated[float, Slider(0.0, 1.0)] = 0.6,
    steps: Annotated[int, Slider(1, 100)] = 40,
    guidance: Annotated[float, Slider(1.0, 20.0)] = 4.0,
    seed: Annotated[int, Seed()] = 0,
    width: Annotated[int, Range(0, 4096, 16, unit="px")] = 0,
    height: Annotated[int, Range(0, 4096, 16, unit="px")] = 0,
    *,
    run: Run,
) -> Image:
    """Make a picture anew from a prompt, beginning at a picture instead of at noise.

    The pipeline is chosen as diffusers' AutoPipelineForImage2Image does. SDEdit: Meng et al. 2021.

    model: from models.load.
    prompt: from image.encode_prompt, of the same model.
    image: the picture to begin with.
    strength: how far to go from it; 0 keeps it, 1 forgets it. Only this share of the steps is run.
    steps: how many steps a whole way from noise would have.
    guidance: how strongly to follow the prompt; its useful range depends on the model.
    seed: which noise to add.
    width: of the result; 0 = after the picture.
    height: of the result; 0 = after the picture.
    """
    job = Job(
        "image to image",
        prompt,
        (image,),
        steps=steps,
        guidance=guidance,
        seed=seed,
        width=width,
        height=height,
        strength=strength,
    )
    return make_picture(model, job, run)
