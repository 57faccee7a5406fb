from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.errors import ModelError
from meshloom.nodes.image.encode_prompt import encode_prompt
from meshloom.nodes.image.text_to_image import text_to_image
from meshloom.nodes.models.tiny_checkpoint import tiny_checkpoint


def test_a_prompt_and_a_seed_make_a_picture(warm_run):
    model = tiny_checkpoint("QwenImagePipeline")
    prompt = encode_prompt(model, None, "an owl", run=warm_run)
    size = {"steps": 2, "width": 96, "height": 64}
    one, same = (text_to_image(model, prompt, **size, run=warm_run) for _ in range(2))
    assert one.pixels.shape == (64, 96, 3)
    assert np.array_equal(one.pixels, same.pixels)
    assert not np.array_equal(one.pixels, text_to_image(model, prompt, seed=1, **size, run=warm_run).pixels)
    cat = encode_prompt(model, None, "a cat", run=warm_run)
    assert not np.array_equal(one.pixels, text_to_image(model, cat, **size, run=warm_run).pixels)


def test_an_editing_model_is_told_apart(warm_run):
    from meshloom.graph_runtime.models.values import PromptEmbeddings

    model = tiny_checkpoint()
    prompt = PromptEmbeddings("an owl", "", model.source)
    with pytest.raises(ModelError, match="no text to image pipeline for a QwenImageEditPlusPipeline"):
        text_to_image(model, prompt, 1, width=64, height=64, run=warm_run)
