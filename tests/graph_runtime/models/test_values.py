"""References to models: equal ones give equal keys, and each choice shows in the key."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from meshloom.graph_runtime.codecs import decode, digest, encode
from meshloom.graph_runtime.models.values import Lora, ModelRef, Patch, PromptEmbeddings

FULL = ModelRef(
    "owner/name",
    "main",
    "0123",
    loras=(Lora("/a.safetensors", "ff", 0.5),),
    patches=(Patch.of("attention", "math", {"b": 1, "a": None}, "f00d"),),
)


def test_a_reference_is_stored_and_found_again():
    held = b"".join(bytes(part) for part in encode(FULL))
    again = decode(held)
    assert digest(encode(again)) == digest(encode(FULL))
    assert again.patches[0].settings() == {"a": None, "b": 1}
    assert again.loras[0].strength == 0.5


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("revision", "v2"),
        ("content", "4567"),
        ("dtype", "float16"),
        ("offload", "model"),
        ("patches", ()),
        ("loras", ()),
    ],
)
def test_every_choice_is_in_the_key(field, value):
    other = dataclasses.replace(FULL, **{field: value})
    assert digest(encode(other)) != digest(encode(FULL))


def test_a_patch_takes_the_place_of_one_of_its_kind():
    other = Patch.of("attention", "flash", {}, "beef")
    more = FULL.patched(other).patched(Patch.of("census", "all", {}, ""))
    assert [(patch.kind, patch.name) for patch in more.patches] == [("attention", "flash"), ("census", "all")]
    assert FULL.patches[0].name == "math"


def test_options_in_another_order_are_the_same_patch():
    one = Patch.of("attention", "x", {"a": 1, "b": 2}, "f")
    other = Patch.of("attention", "x", {"b": 2, "a": 1}, "f")
    assert digest(encode(one)) == digest(encode(other))


@pytest.mark.parametrize("field", ["dtype", "device", "offload", "quantisation"])
def test_unknown_choices_are_refused(field):
    with pytest.raises(ValueError, match=f"ModelRef.{field}"):
        ModelRef("owner/name", **{field: "warp drive"})


def test_a_prompt_keeps_arrays_with_their_names():
    with pytest.raises(ValueError, match="1 names for 0 arrays"):
        PromptEmbeddings("a", "", "m", ("prompt_embeds",))
    held = PromptEmbeddings("a", " ", "m", ("prompt_embeds",), (np.ones((1, 2, 3), np.float32),))
    again = decode(b"".join(bytes(part) for part in encode(held)))
    assert again.arrays[0].shape == (1, 2, 3)
