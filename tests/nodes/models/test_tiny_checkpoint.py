from __future__ import annotations

import typing

import pytest

from meshloom.graph_runtime.models import tiny
from meshloom.graph_runtime.models.loading import modules, open_pipeline
from meshloom.nodes.models.tiny_checkpoint import tiny_checkpoint


@pytest.mark.parametrize("kind", tiny.KINDS)
def test_each_is_of_the_real_classes(kind, warm_run):
    model = tiny_checkpoint(kind)
    loaded = open_pipeline(model, warm_run)
    assert type(loaded.pipe).__name__ == kind
    assert type(loaded.pipe).__module__.startswith("diffusers.")
    classes = {type(part).__name__ for part in modules(loaded.pipe).values()}
    assert classes == {
        "QwenImageTransformer2DModel",
        "AutoencoderKLQwenImage",
        "Qwen2_5_VLForConditionalGeneration",
    }
    assert 1_000_000 < loaded.bytes() < 5_000_000


def test_every_kind_can_be_chosen():
    hints = typing.get_type_hints(tiny_checkpoint)
    assert typing.get_args(hints["pipeline"]) == tiny.KINDS


def test_the_reference_says_what_it_is():
    model = tiny_checkpoint(seed=4)
    assert tiny.parse(model.source) == ("QwenImageEditPlusPipeline", 4)
    assert "random" in model.content
    assert tiny.parse("owner/name") is None
    assert tiny.parse("tiny:os.system:0") is None
