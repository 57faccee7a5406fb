from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.errors import ModelError
from meshloom.graph_runtime.models.values import ModelRef
from meshloom.graph_runtime.types import Image
from meshloom.nodes.image.encode_prompt import encode_prompt
from meshloom.nodes.models.tiny_checkpoint import tiny_checkpoint

GREY = Image(np.full((48, 64, 3), 128, np.uint8))
RED = Image(np.full((64, 64, 3), (200, 20, 20), np.uint8))


def test_words_and_pictures_both_count(warm_run):
    def encoded(images, prompt="make it blue"):
        return encode_prompt(tiny_checkpoint(), images, prompt, run=warm_run)

    grey, same, red, other = encoded([GREY]), encoded([GREY]), encoded([RED]), encoded([GREY], "make it red")
    assert grey.names == ("prompt_embeds", "negative_prompt_embeds")
    assert grey.arrays[0].dtype == np.float32 and grey.arrays[0].shape[2] == 32
    assert np.array_equal(grey.arrays[0], same.arrays[0])
    assert not np.array_equal(grey.arrays[0], other.arrays[0][:, : grey.arrays[0].shape[1]])
    assert red.arrays[0].shape != grey.arrays[0].shape or not np.allclose(red.arrays[0], grey.arrays[0])


def test_as_the_pipeline_itself_would_encode(warm_run, monkeypatch):
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus as module

    from meshloom.graph_runtime.models.loading import open_pipeline
    from meshloom.graph_runtime.models.sampling import pillow

    made = encode_prompt(tiny_checkpoint(), [RED], "make it blue", run=warm_run)
    pipe = open_pipeline(tiny_checkpoint(), warm_run).pipe
    seen: dict[str, np.ndarray] = {}
    usual = pipe.encode_prompt

    def spy(**given):
        embeds, mask = usual(**given)
        seen.setdefault("prompt_embeds", embeds.float().numpy())
        return embeds, mask

    pipe.encode_prompt = spy
    monkeypatch.setattr(module, "VAE_IMAGE_SIZE", 64 * 64)
    try:
        pipe([pillow(RED)], "make it blue", num_inference_steps=2, width=64, height=64, true_cfg_scale=1.0)
    finally:
        del pipe.encode_prompt
    assert np.array_equal(made.arrays[0], seen["prompt_embeds"])


def test_several_pictures_are_seen_one_after_the_other(warm_run):
    one = encode_prompt(tiny_checkpoint(), [RED], "x", "", run=warm_run)
    two = encode_prompt(tiny_checkpoint(), [RED, GREY], "x", "", run=warm_run)
    assert one.names == ("prompt_embeds",)
    assert two.arrays[0].shape[1] > one.arrays[0].shape[1] + 100


def test_bfloat16_goes_through_without_loss(warm_run):
    import torch

    made = encode_prompt(tiny_checkpoint(dtype="bfloat16"), [RED], "x", "", run=warm_run).arrays[0]
    assert torch.equal(torch.from_numpy(made.copy()), torch.from_numpy(made.copy()).bfloat16().float())


def test_text_to_image_models_take_no_pictures(warm_run):
    model = tiny_checkpoint("QwenImagePipeline")
    made = encode_prompt(model, None, "an owl", run=warm_run)
    assert made.names[0] == "prompt_embeds"


def test_what_is_lacking_is_told(warm_run):
    with pytest.raises(ModelError, match="expected at least one"):
        encode_prompt(tiny_checkpoint(), None, "x", run=warm_run)
    with pytest.raises(ModelError, match="the prompt is empty"):
        encode_prompt(tiny_checkpoint(), [RED], "  ", run=warm_run)
    with pytest.raises(ModelError, match="takes one picture; 2 are connected"):
        encode_prompt(tiny_checkpoint("QwenImageEditPipeline"), [RED, GREY], "x", run=warm_run)


def test_other_models_take_the_words_as_they_are(warm_run):
    made = encode_prompt(
        ModelRef("x/y", pipeline="FluxKontextPipeline"), None, "an owl", "dull", run=warm_run
    )
    assert (made.text, made.negative, made.names) == ("an owl", "dull", ())
