from __future__ import annotations

import numpy as np

from meshloom.graph_runtime.types import Image
from meshloom.nodes.image.encode_prompt import encode_prompt
from meshloom.nodes.image.image_to_image import image_to_image
from meshloom.nodes.models.tiny_checkpoint import tiny_checkpoint


def test_strength_is_how_far_it_goes(warm_run):
    model = tiny_checkpoint("QwenImagePipeline")
    prompt = encode_prompt(model, None, "an owl", run=warm_run)
    ramp = Image(np.indices((64, 96)).sum(axis=0)[:, :, None].repeat(3, 2).astype(np.uint8))
    made = {
        strength: image_to_image(model, prompt, ramp, strength, 4, width=96, height=64, run=warm_run).pixels
        for strength in (0.25, 0.5, 1.0)
    }
    assert made[0.5].shape == (64, 96, 3)
    assert not np.array_equal(made[0.25], made[0.5])
    again = image_to_image(model, prompt, ramp, 0.5, 4, width=96, height=64, run=warm_run).pixels
    assert np.array_equal(made[0.5], again)
    other = Image(255 - ramp.pixels)
    low, high = (
        np.abs(
            image_to_image(model, prompt, other, strength, 4, width=96, height=64, run=warm_run).pixels - held
        ).mean()
        for strength, held in ((0.25, made[0.25]), (1.0, made[1.0]))
    )
    assert low > high  # the less is kept of the picture, the less it matters which one
    assert "step 1 of 1" in [said for *_, said in warm_run.progressed]


def test_size_follows_the_picture(warm_run):
    model = tiny_checkpoint("QwenImagePipeline")
    prompt = encode_prompt(model, None, "an owl", "", run=warm_run)
    wide = Image(np.zeros((40, 80, 3), np.uint8))
    made = image_to_image(model, prompt, wide, 0.5, 2, width=128, run=warm_run)
    assert (made.width, made.height) == (128, 64)
