"""A prompt as a model sees it."""

from __future__ import annotations

from typing import Annotated

from meshloom.graph_runtime.models.sampling import encode_prompt as encode
from meshloom.graph_runtime.models.values import ModelRef, PromptEmbeddings
from meshloom.graph_runtime.spec import Multiline, Run, node
from meshloom.graph_runtime.types import Image


@node(
    "Encode a prompt", aliases=("clip text encode", "conditioning", "text encoder", "instruction"), gpu=True
)
def encode_prompt(
    model: ModelRef,
    images: Annotated[list[Image] | None, "input"] = None,
    prompt: Annotated[str, Multiline()] = "",
    negative_prompt: Annotated[str, Multiline()] = " ",
    *,
    run: Run,
) -> PromptEmbeddings:
    """Turn words, and the pictures they speak of, into what a diffusion model is guided by.

    Apart from the node that makes the picture, so that another seed, size or number of steps encodes nothing
    anew, and the text encoder need not be in memory while the picture is made. Of models other than the
    Qwen-Image family the words go on as they are, and are encoded where the picture is made.

    model: the model that will make the picture.
    images: the pictures to be edited, in the order of "Picture 1, Picture 2..." in the prompt.
    prompt: what to change or show.
    negative_prompt: what to keep away from, by true classifier-free guidance, which takes twice the time; a
      space guides away from no prompt at all; empty = no such guidance.
    """
    return encode(model, prompt, negative_prompt, images or [], run)
