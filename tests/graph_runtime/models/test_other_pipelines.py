"""Pipelines of other families by reference: Stable Diffusion, tiny and random, from the real classes."""

from __future__ import annotations

import json
from dataclasses import replace
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


def write_flux(folder: Path) -> Path:
    import diffusers
    from transformers import CLIPTextConfig, CLIPTextModel, T5Config, T5EncoderModel, T5Tokenizer

    libraries()
    scratch = folder / "scratch"
    scratch.mkdir(parents=True)
    words, size = tokenizer(scratch)
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((chr(code), -1.0) for code in range(97, 123))]
    torch.manual_seed(0)
    pipe = diffusers.FluxKontextPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=diffusers.AutoencoderKL(
            block_out_channels=(8, 16), down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2, norm_num_groups=4, latent_channels=4,
            shift_factor=0.1, scaling_factor=1.5, use_quant_conv=False, use_post_quant_conv=False,
        ),
        text_encoder=CLIPTextModel(
            CLIPTextConfig(
                hidden_size=32, intermediate_size=37, num_attention_heads=4, num_hidden_layers=2, vocab_size=size,
                bos_token_id=size - 2, eos_token_id=size - 1, projection_dim=32,
            )
        ),
        tokenizer=words,
        text_encoder_2=T5EncoderModel(
            T5Config(vocab_size=256, d_model=32, d_kv=8, d_ff=37, num_layers=1, num_heads=4)
        ),
        tokenizer_2=T5Tokenizer(vocab=pieces, extra_ids=0),
        transformer=diffusers.FluxTransformer2DModel(
            patch_size=1, in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16,
            num_attention_heads=2, joint_attention_dim=32, pooled_projection_dim=32, axes_dims_rope=[4, 4, 8],
            guidance_embeds=True,
        ),
    )  # fmt: skip
    pipe.save_pretrained(str(folder / "model"), safe_serialization=True)
    return folder / "model"


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    base = tmp_path_factory.mktemp("other")
    return {
        "edit": write(base / "edit", "StableDiffusionInstructPix2PixPipeline", 8),
        "flux": write_flux(base / "flux"),
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


def test_a_model_that_was_taught_its_guidance(folders, warm_run):
    model = ref(folders, "flux")
    prompt = encode_prompt(model, "make it blue", "dull", [RAMP], warm_run)
    job = Job("edit", prompt, (RAMP,), steps=3, guidance=2.5, width=64, height=48, reference_side=128)
    made = make_picture(model, job, warm_run)
    assert made.pixels.shape == (48, 64, 3)
    assert "the negative prompt does not count" in warm_run.warnings[0]
    assert warm_run.previews[-1].pixels.shape == (24, 32, 3)
    other = make_picture(model, replace(job, guidance=9.0), warm_run)
    assert not np.array_equal(made.pixels, other.pixels)
    size = {"width": 64, "height": 64}
    free = make_picture(model, replace(job, **size), warm_run).pixels
    whole = make_picture(
        model, replace(job, mask=Mask(np.ones((64, 64), np.float32)), **size), warm_run
    ).pixels
    assert np.abs(whole - free.clip(0, 1)).max() < 1e-5
    none = make_picture(
        model, replace(job, mask=Mask(np.zeros((64, 64), np.float32)), **size), warm_run
    ).pixels
    assert np.array_equal(none, RAMP.as_float())
