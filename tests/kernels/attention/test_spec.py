"""Specs: text and back, and the arithmetic that figures rest on."""

from __future__ import annotations

import itertools

import pytest
import torch

from meshloom.kernels.attention.spec import AttnSpec, MaskKind, SpecSyntaxError, mask_kind


@pytest.mark.parametrize(
    "text",
    [
        "b1 h24 n4096 d128 bf16",
        "b2 h8 hkv2 n17 nk200 d64 dv32 fp16 causal",
        "b1 h1 n1 d8 fp32 mask=key_padding",
    ],
)
def test_text_and_back(text):
    assert str(AttnSpec.parse(text)) == text
    assert AttnSpec.parse(text.replace(" ", "")) == AttnSpec.parse(text)
    assert AttnSpec.parse(text.replace(" ", ", ").upper()) == AttnSpec.parse(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("h24 n4096", "missing"),
        ("h24 n4096 d128 bf17", "bf17"),
        ("h24 n4096 d128 mask=odd", "mask is one of"),
        ("h3 hkv2 n1 d8", "do not divide"),
        ("h0 n1 d8 b1", "at least 1"),
        ("h1 n1 d8 quickly", "not understood"),
    ],
)
def test_what_is_no_spec_is_told(text, said):
    with pytest.raises(SpecSyntaxError, match=said):
        AttnSpec.parse(text)


def test_spec_of_a_call():
    q, k = torch.zeros(2, 5, 6, 8).bfloat16(), torch.zeros(2, 7, 3, 8).bfloat16()
    mask = torch.ones(2, 1, 1, 7, dtype=torch.bool)
    spec = AttnSpec.of(q, k, k, mask)
    assert str(spec) == "b2 h6 hkv3 n5 nk7 d8 bf16 mask=key_padding"
    assert spec.strides is None
    assert AttnSpec.of(q[:, :, ::2], k, k).strides is not None


def test_causal_pairs_are_counted_one_by_one():
    for nq, nk in itertools.product((1, 3, 5), (1, 4, 9)):
        spec = AttnSpec(1, 1, nq, 8, nk=nk, causal=True)
        assert spec.pairs == sum(j <= i + nk - nq for i in range(nq) for j in range(nk))


def test_flops_are_those_everyone_counts():
    assert AttnSpec.parse("b1 h24 n4096 d128").flops == 4 * 24 * 4096**2 * 128


@pytest.mark.parametrize(
    ("mask", "kind"),
    [
        (None, MaskKind.NONE),
        (torch.ones(2, 1, 1, 9, dtype=torch.bool), MaskKind.KEY_PADDING),
        (torch.ones(9, 9, dtype=torch.bool), MaskKind.BOOL_QK),
        (torch.zeros(2, 4, 9, 9), MaskKind.ADDITIVE),
    ],
)
def test_mask_kinds(mask, kind):
    assert mask_kind(mask) is kind
