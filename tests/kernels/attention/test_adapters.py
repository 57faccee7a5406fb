"""A kernel inside real model classes (tiny, random weights): right results, and everything put back."""

from __future__ import annotations

import copy
import importlib.util

import pytest
import torch
import torch.nn.functional as F

from meshloom.kernels.attention import adapters_torch, registry
from meshloom.kernels.attention.census import record
from meshloom.kernels.attention.check import verify
from meshloom.kernels.attention.impl.sdpa import Flash, Math
from meshloom.kernels.attention.kernel import AttentionError
from meshloom.kernels.attention.policy import Policy

needs_diffusers = pytest.mark.skipif(importlib.util.find_spec("diffusers") is None, reason="no diffusers")
needs_transformers = pytest.mark.skipif(
    importlib.util.find_spec("transformers") is None, reason="no transformers"
)

TRUE = registry.get("reference.fp64")


class NoMasks(Math):
    """As FlashAttention-2 and 3 are."""

    id = "test.no_masks"
    limits = registry.get("flash_attn.2").limits.__class__(("cpu",), ("fp32",), 256, 8)


class Nan(Math):
    id = "test.nan"

    def run(self, q, k, v, mask, causal, scale, out):
        return super().run(q, k, v, mask, causal, scale, out) * torch.nan


# ------------------------------------------------------------------------------------------------ diffusers


@pytest.fixture(scope="module")
def qwen():
    from diffusers import QwenImageTransformer2DModel

    torch.manual_seed(0)
    return QwenImageTransformer2DModel(
        num_layers=2,
        attention_head_dim=64,
        num_attention_heads=2,
        joint_attention_dim=32,
        in_channels=16,
        out_channels=4,
        axes_dims_rope=(16, 24, 24),
    ).eval()


def forward(model, padded: bool = False):
    generator = torch.Generator().manual_seed(1)
    batch = 2 if padded else 1
    mask = torch.ones(batch, 9, dtype=torch.bool)
    if padded:
        mask[1, 5:] = False
    with torch.no_grad():
        return model(
            hidden_states=torch.randn(batch, 48, 16, generator=generator),
            encoder_hidden_states=torch.randn(batch, 9, 32, generator=generator),
            encoder_hidden_states_mask=mask if padded else None,
            timestep=torch.full((batch,), 0.5),
            img_shapes=[[(1, 6, 8)]] * batch,
            return_dict=False,
        )[0]


def diffusers_state(model):
    from diffusers.models import attention_dispatch as dispatch

    names, found = dispatch.AttentionBackendName, dispatch._AttentionBackendRegistry
    return copy.copy(
        (
            list(names),
            dict(names._value2member_map_),
            hasattr(names, "MESHLOOM"),
            found._active_backend,
            dict(found._backends),
            dict(found._constraints),
            dict(found._supported_arg_names),
            [dict(vars(module.processor)) for module in model.modules() if hasattr(module, "processor")],
        )
    )


@needs_diffusers
@pytest.mark.parametrize("padded", [False, True])
def test_diffusers_model_with_a_kernel_is_the_model(qwen, padded):
    from meshloom.kernels.attention.adapters_diffusers import use

    before, plain = diffusers_state(qwen), forward(qwen, padded)
    policy = Policy(TRUE)
    with use(qwen, policy) as count:
        found = forward(qwen, padded)
    assert count == 2
    assert sum(policy.calls.values()) == 2
    mask = " mask=key_padding" if padded else ""
    assert {spec for spec, _ in policy.calls} == {f"b{2 if padded else 1} h2 n57 d64 fp32{mask}"}
    assert 0 < (found - plain).norm() / plain.norm() < 1e-5
    assert diffusers_state(qwen) == before
    assert torch.equal(forward(qwen, padded), plain)


@needs_diffusers
def test_diffusers_is_as_before_after_an_exception(qwen):
    from meshloom.kernels.attention.adapters_diffusers import use

    before, plain = diffusers_state(qwen), forward(qwen)
    with pytest.raises(AttentionError, match=r"test\.nan gave NaN"), use(qwen, Policy(Nan())):
        forward(qwen)
    assert diffusers_state(qwen) == before
    assert torch.equal(forward(qwen), plain)


@needs_diffusers
def test_two_uses_one_in_the_other(qwen):
    from meshloom.kernels.attention.adapters_diffusers import use

    before, outer, inner = diffusers_state(qwen), Policy(TRUE), Policy(Math())
    with use(qwen, outer):
        with use(qwen, inner):
            forward(qwen)
        forward(qwen)
    assert sum(outer.calls.values()) == sum(inner.calls.values()) == 2
    assert diffusers_state(qwen) == before


@needs_diffusers
def test_what_a_kernel_cannot_is_an_error_and_a_fallback_only_where_asked_for(qwen):
    from meshloom.kernels.attention.adapters_diffusers import use

    with (
        pytest.raises(
            AttentionError, match=r"cannot compute b2 h2 n57 d64 fp32 mask=key_padding.*takes no key_padding"
        ),
        use(qwen, Policy(NoMasks())),
    ):
        forward(qwen, padded=True)
    policy = Policy(NoMasks(), [Math()])
    with use(qwen, policy):
        forward(qwen, padded=True)
        forward(qwen, padded=False)
    assert policy.fell_back == 2 and sum(policy.calls.values()) == 4


@needs_diffusers
def test_a_choice_made_by_the_user_of_the_model_survives(qwen):
    from diffusers.models.attention_dispatch import AttentionBackendName

    from meshloom.kernels.attention.adapters_diffusers import processors, use

    own = processors(qwen)[0]
    own._attention_backend = AttentionBackendName._NATIVE_MATH
    try:
        with use(qwen, Policy(TRUE)):
            forward(qwen)
        assert own._attention_backend is AttentionBackendName._NATIVE_MATH
    finally:
        del own._attention_backend


@needs_diffusers
def test_calls_captured_from_a_model_go_through_the_gate(qwen):
    from meshloom.kernels.attention.adapters_diffusers import use

    policy = Policy(Math(), keep=2)
    with use(qwen, policy):
        forward(qwen, padded=True)
    report = verify(Flash(), dtypes=[], captured=policy.captured)
    assert [held.status for held in report.results] == ["pass", "pass"]
    assert "mask=key_padding" in report.results[0].spec


# --------------------------------------------------------------------------------------------- transformers


@pytest.fixture(scope="module")
def language_model():
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(0)
    config = Qwen2Config(
        hidden_size=64,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        vocab_size=50,
        max_position_embeddings=64,
    )
    return Qwen2ForCausalLM(config).eval()


def logits(model, padded: bool):
    tokens = torch.arange(24).reshape(2, 12) % 50
    mask = torch.ones(2, 12, dtype=torch.long)
    if padded:
        mask[0, :5] = 0
    with torch.no_grad():
        return model(input_ids=tokens, attention_mask=mask).logits[:, 5:]


@needs_transformers
@pytest.mark.parametrize("padded", [False, True])
def test_transformers_model_with_a_kernel_is_the_model(language_model, padded):
    from transformers.masking_utils import AttentionMaskInterface
    from transformers.modeling_utils import AttentionInterface

    from meshloom.kernels.attention.adapters_transformers import use

    tables = (AttentionInterface._global_mapping, AttentionMaskInterface._global_mapping)
    before = [dict(table) for table in tables]
    plain = logits(language_model, padded)
    policy = Policy(TRUE)
    with use(language_model, policy) as count:
        found = logits(language_model, padded)
    assert count >= 1 and sum(policy.calls.values()) == 2
    assert (found - plain).norm() / plain.norm() < 1e-5
    spec = next(iter(policy.calls))[0]
    assert spec.startswith("b2 h4 hkv2 n12 d16 fp32")
    assert ("mask" in spec) == padded and ("causal" in spec) == (not padded)
    assert [dict(table) for table in tables] == before
    assert language_model.config._attn_implementation == "sdpa"
    assert torch.equal(logits(language_model, padded), plain)


@needs_transformers
def test_transformers_is_as_before_after_an_exception(language_model):
    from meshloom.kernels.attention.adapters_transformers import use

    plain = logits(language_model, True)
    with pytest.raises(AttentionError, match="gave NaN"), use(language_model, Policy(Nan())):
        logits(language_model, True)
    assert torch.equal(logits(language_model, True), plain)


# ---------------------------------------------------------------------------------------------------- torch


def old_style(n: int = 6, nk: int = 9, **words):
    generator = torch.Generator().manual_seed(2)
    q = torch.randn(1, 2, n, 16, generator=generator)
    k, v = (torch.randn(1, 2, nk, 16, generator=generator) for _ in range(2))
    return F.scaled_dot_product_attention(q, k, v, **words)


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"is_causal": True},
        {"scale": 0.3},
        {"attn_mask": torch.arange(9)[None] < torch.arange(2, 8)[:, None]},
        {"attn_mask": torch.linspace(-2, 0, 54).reshape(6, 9)},
    ],
    ids=["plain", "causal at the top left", "scale", "bool mask", "added mask"],
)
def test_torch_s_function_computed_by_a_kernel(words):
    plain, policy = old_style(**words), Policy(TRUE)
    with adapters_torch.use(policy):
        found = old_style(**words)
    assert sum(policy.calls.values()) == 1
    torch.testing.assert_close(found, plain, atol=1e-6, rtol=1e-5)
    assert torch.equal(old_style(**words), plain) and sum(policy.calls.values()) == 1


def test_dropout_is_refused_with_advice():
    with pytest.raises(AttentionError, match="dropout") as caught, adapters_torch.use(Policy(Math())):
        old_style(dropout_p=0.1)
    assert "eval" in caught.value.fix


# --------------------------------------------------------------------------------------------------- census


def test_census_counts_every_call():
    plain = old_style()
    with record(keep=1) as census:
        assert torch.equal(old_style(), plain)
        old_style()
        old_style(n=3)
        torch.randn(300, 300) @ torch.randn(300, 300)
    told = {str(entry.spec): entry.count for entry in census.entries}
    assert told == {"b1 h2 n6 nk9 d16 fp32": 2, "b1 h2 n3 nk9 d16 fp32": 1}
    assert 0 < census.attention_share < 1
    assert census.predicted(1.0) == pytest.approx(1.0)
    assert 1 < census.predicted(1e9) == pytest.approx(1 / (1 - census.attention_share))
    assert len(census.captured) == 1


@needs_diffusers
def test_census_of_a_diffusers_model(qwen):
    with record() as census:
        forward(qwen)
    (entry,) = census.entries
    assert str(entry.spec) == "b1 h2 n57 d64 fp32" and entry.count == 2
    assert entry.spec.strides is not None or entry.seconds > 0
