"""Pipelines of other families by reference: Stable Diffusion, tiny and random, from the real classes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from meshloom.graph_runtime.errors import ModelError
from meshloom.graph_runtime.models.inspect import inspect
from meshloom.graph_runtime.models.loading import libraries
from meshloom.graph_runtime.models.sampling import Job, encode_prompt, make_picture
from meshloom.graph_runtime.models.values import ModelRef
from meshloom.graph_runtime.types import Image, Mask

RAMP = Image(np.indices((64, 64)).sum(axis=0)[:, :, None].repeat(3, 2).astype(np.uint8))


def tokenizer(folder: Path):
    from transformers import CLIPTokenizer

    letters = [chr(code) for code in range(33, 127)]
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({word: index for index, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77), len(
        words
    )


def write(folder: Path, kind: str, channels: int) -> Path:
    import diffusers
    from transformers import CLIPTextConfig, CLIPTextModel

    libraries()
    scratch = folder / "scratch"
    scratch.mkdir(parents=True)
    words, size = tokenizer(scratch)
    torch.manual_seed(0)
    pipe = getattr(diffusers, kind)(
        vae=diffusers.AutoencoderKL(
            block_out_channels=(8, 16),
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            norm_num_groups=4,
        ),
        text_encoder=CLIPTextModel(
            CLIPTextConfig(
                hidden_size=32, intermediate_size=37, num_attention_heads=4, num_hidden_layers=2, vocab_size=size,
                bos_token_id=size - 2, eos_token_id=size - 1,
            )
        ),
        tokenizer=words,
        unet=diffusers.UNet2DConditionModel(
            block_out_channels=(8, 16), layers_per_block=1, in_channels=channels, norm_num_groups=4,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), cross_attention_dim=32, sample_size=32,
        ),
        scheduler=diffusers.DDIMScheduler(beta_schedule="scaled_linear", clip_sample=False, steps_offset=1),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip
    pipe.save_pretrained(str(folder / "model"), safe_serialization=True)
    return folder / "model"


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    base = tmp_path_factory.mktemp("other")
    return {
        "edit": write(base / "edit", "StableDiffusionInstructPix2PixPipeline", 8),
        "plain": write(base / "plain", "StableDiffusionPipeline", 4),
    }


def ref(folders, which: str) -> ModelRef:
    return ModelRef(str(folders[which]), dtype="float32")


def test_it_loads_dry(folders):
    assert [part.name for part in inspect(folders["edit"])] == ["text_encoder", "unet", "vae"]
    assert all(part.loads for part in inspect(folders["edit"]))


def test_an_editing_pipeline_by_reference(folders, warm_run):
    model = ref(folders, "edit")
    prompt = encode_prompt(model, "make it blue", "", [RAMP], warm_run)
    assert prompt.names == ()  # encoded where the picture is made
    job = Job("edit", prompt, (RAMP,), steps=3, guidance=5.0, width=96)
    one, same = make_picture(model, job, warm_run), make_picture(model, job, warm_run)
    assert one.pixels.shape == (64, 64, 3) and np.array_equal(one.pixels, same.pixels)
    assert "chooses the size by itself" in warm_run.warnings[0]
    other = encode_prompt(model, "make it red", "", [RAMP], warm_run)
    assert not np.array_equal(
        make_picture(model, Job("edit", other, (RAMP,), steps=3), warm_run).pixels, one.pixels
    )
    assert "step 3 of 3" in [said for *_, said in warm_run.progressed]
    with pytest.raises(ModelError, match="a mask cannot be used with StableDiffusionInstructPix2Pix"):
        make_picture(model, Job("edit", prompt, (RAMP,), Mask(np.ones((64, 64), np.float32)), 3), warm_run)


def test_text_and_image_to_image_as_diffusers_chooses(folders, warm_run):
    model = ref(folders, "plain")
    prompt = encode_prompt(model, "an owl", "dull", [], warm_run)
    made = make_picture(model, Job("text to image", prompt, steps=3, width=64, height=32), warm_run)
    assert made.pixels.shape == (32, 64, 3)
    assert warm_run.previews[-1].pixels.shape == (16, 32, 3)
    over = make_picture(model, Job("image to image", prompt, (RAMP,), steps=4, strength=0.5), warm_run)
    assert over.pixels.shape == (64, 64, 3)
    with pytest.raises(ModelError, match="takes one picture"):
        make_picture(model, Job("image to image", prompt, (RAMP, RAMP), steps=4), warm_run)


def test_the_wrong_kind_of_model_is_told(folders, warm_run):
    model = ref(folders, "plain")
    prompt = encode_prompt(model, "an owl", "", [], warm_run)
    with pytest.raises(ModelError, match="is no editing pipeline"):
        make_picture(model, Job("edit", prompt, (RAMP,), steps=2), warm_run)
