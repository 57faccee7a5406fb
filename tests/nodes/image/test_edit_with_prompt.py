from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from meshloom.graph_runtime.errors import Cancelled, ModelError
from meshloom.graph_runtime.models import tiny
from meshloom.graph_runtime.models.loading import modules, open_pipeline
from meshloom.graph_runtime.types import Image, Mask
from meshloom.nodes.image.edit_with_prompt import edit_with_prompt
from meshloom.nodes.image.encode_prompt import encode_prompt
from meshloom.nodes.models.tiny_checkpoint import tiny_checkpoint

RAMP = Image(
    (np.indices((96, 128)).sum(axis=0)[:, :, None] * np.array([1.1, 0.8, 0.5])).clip(0, 255).astype(np.uint8),
    "ramp.png",
)
SMALL: dict[str, int] = {"steps": 3, "reference_side": 128}


@pytest.fixture
def model():
    return tiny_checkpoint()


@pytest.fixture
def prompt(model, warm_run):
    return encode_prompt(model, [RAMP], "make it blue", run=warm_run)


def test_the_same_seed_is_the_same_picture(model, prompt, warm_run):
    one, same = (edit_with_prompt(model, prompt, [RAMP], **SMALL, run=warm_run) for _ in range(2))
    other = edit_with_prompt(model, prompt, [RAMP], seed=1, **SMALL, run=warm_run)
    assert one.pixels.dtype == np.float32 and one.pixels.shape == (112, 144, 3)
    assert np.array_equal(one.pixels, same.pixels)
    assert np.abs(one.pixels - other.pixels).mean() > 0.01
    assert one.name == "noise of a tiny random model"
    assert tiny.WARNING in warm_run.warnings


def test_as_the_pipeline_alone_makes_it(model, warm_run, monkeypatch):
    """Encoded inside it, in one go."""
    import torch
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus as module

    from meshloom.graph_runtime.models.sampling import pillow

    prompt = encode_prompt(model, [RAMP], "make it blue", run=warm_run)
    ours = edit_with_prompt(
        model, prompt, [RAMP], steps=2, seed=5, width=64, height=64, reference_side=128, run=warm_run
    )
    monkeypatch.setattr(module, "VAE_IMAGE_SIZE", 128 * 128)
    pipe = open_pipeline(model, warm_run).pipe
    theirs = pipe(
        [pillow(RAMP)],
        "make it blue",
        negative_prompt=" ",
        true_cfg_scale=4.0,
        num_inference_steps=2,
        width=64,
        height=64,
        generator=torch.Generator().manual_seed(5),
        output_type="np",
    ).images[0]
    assert np.array_equal(ours.pixels, theirs)


def test_settings_change_the_picture(model, prompt, warm_run):
    base = edit_with_prompt(model, prompt, [RAMP], **SMALL, run=warm_run).pixels
    for change in ({"guidance": 1.0}, {"steps": 4}, {"reference_side": 160, "width": 144, "height": 112}):
        other = edit_with_prompt(model, prompt, [RAMP], **{**SMALL, **change}, run=warm_run).pixels
        assert other.shape == base.shape and not np.array_equal(other, base), change
    plain = encode_prompt(model, [RAMP], "make it blue", "", run=warm_run)
    unguided = edit_with_prompt(model, plain, [RAMP], **SMALL, run=warm_run).pixels
    same = edit_with_prompt(model, prompt, [RAMP], **{**SMALL, "guidance": 1.0}, run=warm_run).pixels
    assert np.array_equal(unguided, same)


def test_sizes_follow_the_picture_or_what_is_asked(model, prompt, warm_run):
    def shape(**options):
        made = edit_with_prompt(model, prompt, [RAMP], steps=2, **options, run=warm_run)
        return made.width, made.height

    assert shape(reference_side=128) == (144, 112)
    assert shape(reference_side=128, width=64) == (64, 48)
    assert shape(reference_side=128, height=96) == (128, 96)
    assert shape(reference_side=128, width=70, height=41) == (64, 48)


def test_several_pictures(model, warm_run):
    other = Image(np.full((64, 64, 3), 90, np.uint8))
    prompt = encode_prompt(model, [RAMP, other], "put them together", run=warm_run)
    one = edit_with_prompt(model, prompt, [RAMP, other], **SMALL, run=warm_run)
    turned = edit_with_prompt(model, prompt, [other, RAMP], **SMALL, width=144, height=112, run=warm_run)
    assert one.pixels.shape == turned.pixels.shape == (112, 144, 3)
    assert not np.array_equal(one.pixels, turned.pixels)


def test_steps_are_told_and_shown(model, prompt, warm_run):
    edit_with_prompt(model, prompt, [RAMP], **SMALL, run=warm_run)
    assert [said for *_, said in warm_run.progressed if said.startswith("step")] == [
        "step 1 of 3",
        "step 2 of 3",
        "step 3 of 3",
    ]
    last = warm_run.previews[-1]
    assert last.pixels.shape == (14, 18, 3) and last.pixels.dtype == np.uint8


def test_a_cancel_stops_between_two_layers_and_leaves_nothing(model, prompt, warm_run, monkeypatch):
    before = edit_with_prompt(model, prompt, [RAMP], **SMALL, run=warm_run).pixels
    calls = 0

    def check() -> None:
        nonlocal calls
        calls += 1
        if calls > 10:
            raise Cancelled

    monkeypatch.setattr(warm_run, "check", check, raising=False)
    with pytest.raises(Cancelled):
        edit_with_prompt(model, prompt, [RAMP], **SMALL, run=warm_run)
    assert calls == 11
    monkeypatch.setattr(warm_run, "check", lambda: None)
    assert np.array_equal(edit_with_prompt(model, prompt, [RAMP], **SMALL, run=warm_run).pixels, before)
    whole = modules(open_pipeline(model, warm_run, "image").pipe).values()
    assert not any(part._forward_pre_hooks for held in whole for part in held.modules())


def test_outside_the_mask_the_picture_stays_to_the_bit(model, prompt, warm_run):
    coverage = np.zeros((96, 128), np.float32)
    coverage[20:60, 30:90] = 1
    made = edit_with_prompt(model, prompt, [RAMP], Mask(coverage), **SMALL, run=warm_run)
    assert made.pixels.shape == RAMP.pixels.shape
    assert np.array_equal(made.pixels[coverage == 0], RAMP.as_float()[coverage == 0])
    assert np.abs(made.pixels - RAMP.as_float())[coverage == 1].mean() > 0.05


def test_a_mask_of_everything_changes_nothing_of_the_way(model, prompt, warm_run):
    """The noise begun with is the pipeline's own, and nothing is put back."""
    size = {"width": 128, "height": 96, **SMALL}
    free = edit_with_prompt(model, prompt, [RAMP], **size, run=warm_run).pixels
    masked = edit_with_prompt(
        model, prompt, [RAMP], Mask(np.ones((96, 128), np.float32)), **size, run=warm_run
    )
    assert np.abs(masked.pixels - free.clip(0, 1)).max() < 1e-5


def test_what_the_mask_keeps_is_kept_in_the_latents_too(model, prompt, warm_run):
    """With nothing to change, what comes out of the decoder is the picture as the autoencoder sees it."""
    import torch

    from meshloom.graph_runtime.models.running import with_pipeline
    from meshloom.graph_runtime.models.sampling import Job, _run, pillow

    job = Job(
        "edit",
        prompt,
        (RAMP,),
        Mask(np.zeros((96, 128), np.float32)),
        3,
        width=128,
        height=96,
        reference_side=128,
    )
    made = with_pipeline(model, warm_run, "image", lambda loaded: _run(loaded, model, job, warm_run))
    pipe = open_pipeline(model, warm_run, "image").pipe
    pixels = pipe.image_processor.preprocess(pillow(RAMP), 96, 128).unsqueeze(2)
    with torch.no_grad():
        seen = pipe.vae.decode(pipe.vae.encode(pixels).latent_dist.mode()).sample[:, :, 0]
    wanted = (seen[0] / 2 + 0.5).clamp(0, 1).permute(1, 2, 0).numpy()
    assert np.abs(made - wanted).max() < 0.02


def test_the_older_pipeline_takes_one_picture(warm_run):
    model = tiny_checkpoint("QwenImageEditPipeline")
    prompt = encode_prompt(model, [RAMP], "make it blue", run=warm_run)
    made = edit_with_prompt(model, prompt, [RAMP], **SMALL, run=warm_run)
    assert made.pixels.shape == (112, 144, 3)
    with pytest.raises(ModelError, match="takes one picture; 2 are connected"):
        edit_with_prompt(model, prompt, [RAMP, RAMP], **SMALL, run=warm_run)


def test_sizes_of_references_are_set_back(model, prompt, warm_run):
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus as module

    before = module.VAE_IMAGE_SIZE
    edit_with_prompt(model, prompt, [RAMP], **SMALL, run=warm_run)
    assert before == module.VAE_IMAGE_SIZE == 1024 * 1024


def test_transparent_and_grey_pictures_are_taken(model, warm_run):
    for pixels in (np.full((64, 64, 4), 100, np.uint8), np.full((64, 64, 1), 0.5, np.float32)):
        image = Image(pixels)
        prompt = encode_prompt(model, [image], "x", "", run=warm_run)
        assert edit_with_prompt(model, prompt, [image], **SMALL, run=warm_run).pixels.shape == (128, 128, 3)


def test_what_is_wrong_is_told(model, prompt, warm_run):
    with pytest.raises(ModelError, match="feed both from the same"):
        edit_with_prompt(tiny_checkpoint(seed=1), prompt, [RAMP], **SMALL, run=warm_run)
    with pytest.raises(ModelError, match="no picture to start from"):
        edit_with_prompt(model, prompt, [], **SMALL, run=warm_run)
    with pytest.raises(ModelError, match="too small"):
        edit_with_prompt(model, prompt, [RAMP], **SMALL, width=16, run=warm_run)
    with pytest.raises(ModelError, match="expected at least 2"):
        edit_with_prompt(model, prompt, [RAMP], steps=1, run=warm_run)


def test_a_kernel_laid_over_the_model_holds_around_the_run_alone(model, prompt, warm_run, monkeypatch):
    """Another attention of diffusers' own, put on as a patch: nearly the same picture, and nothing stays."""
    import contextlib

    from meshloom.graph_runtime.models import patches
    from meshloom.graph_runtime.models.values import Patch

    @contextlib.contextmanager
    def use(pipe, patch):
        from diffusers.models.attention_dispatch import AttentionBackendName

        held = [
            (part.processor, part.processor._attention_backend)
            for part in pipe.transformer.modules()
            if hasattr(getattr(part, "processor", None), "_attention_backend")
        ]
        assert len(held) == 3
        try:
            for processor, _ in held:
                processor._attention_backend = AttentionBackendName(patch.name)
            yield
        finally:
            for processor, before in held:
                processor._attention_backend = before

    monkeypatch.setitem(patches._KINDS, "attention", use)
    usual = edit_with_prompt(model, prompt, [RAMP], **SMALL, run=warm_run).pixels
    patched = model.patched(Patch("attention", "_native_math", "{}", "math 1"))
    other = edit_with_prompt(patched, prompt, [RAMP], **SMALL, run=warm_run).pixels
    assert 0 < np.abs(other - usual).max() < 1e-3
    again = edit_with_prompt(model, prompt, [RAMP], **SMALL, run=warm_run).pixels
    assert np.array_equal(again, usual)


def test_a_picture_of_nan_is_an_error(model, prompt, warm_run):
    spoiled = dataclasses.replace(
        prompt, arrays=tuple(np.full_like(array, np.nan) for array in prompt.arrays)
    )
    with pytest.raises(ModelError, match="made NaN instead of a picture"):
        edit_with_prompt(model, spoiled, [RAMP], **SMALL, run=warm_run)
