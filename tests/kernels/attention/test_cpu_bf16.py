"""Our kernel for processors with AVX512-BF16, beyond what the gate asks of every kernel."""

from __future__ import annotations

import pytest
import torch

from meshloom.kernels.attention import registry
from meshloom.kernels.attention.device import device_caps
from meshloom.kernels.attention.impl.reference import attend64
from meshloom.kernels.attention.inputs import Call, random_call
from meshloom.kernels.attention.spec import AttnSpec

KERNEL = registry.get("own.cpu_bf16")
able = KERNEL.supports(AttnSpec.parse("h1 n1 d64 bf16"), device_caps("cpu"))
pytestmark = pytest.mark.skipif(not able, reason=str(able))


def run(call: Call) -> torch.Tensor:
    return KERNEL(call.q, call.k, call.v, mask=call.mask, causal=call.causal, scale=call.scale)


@pytest.mark.parametrize(
    "text",
    [
        "b1 h1 n1300 d64 causal",
        "b1 h1 n600 nk1300 d64 causal",
        "b2 h6 hkv2 n65 nk513 d96",
        "b1 h2 n5 nk1025 d256 dv32",
        "b2 h2 n70 nk700 d64 mask=additive",
        "b1 h1 n64 nk2 d32 causal",
    ],
)
def test_more_than_one_block_of_keys(text):
    call = random_call(AttnSpec.parse(text), seed=1)
    true, _ = attend64(*call)
    error = (run(call).double() - true).norm() / true.norm()
    assert error < 3e-3


@pytest.mark.parametrize("broken", ["q", "k", "v"])
@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_what_is_not_finite_shows(broken, value):
    call = random_call(AttnSpec.parse("h2 hkv1 n70 d64"))
    getattr(call, broken)[0, 3, 0, 5] = value
    out = run(call)
    if broken == "q":
        assert torch.isnan(out[0, 3, 0]).all()
        assert torch.isfinite(out[0, 4:]).all() and torch.isfinite(out[0, 3, 1]).all()
    elif broken == "k":
        assert torch.isnan(out).all()
    else:
        assert not torch.isfinite(out[..., 5]).any()
        assert torch.isfinite(out[..., 6]).all()


def test_large_negative_numbers_in_a_mask_are_not_minus_infinity():
    """Pipelines mask with the smallest finite number; a row full of it is an average and not zeros."""
    call = random_call(AttnSpec.parse("h1 n40 d32"))
    mask = torch.full((1, 1, 40, 40), torch.finfo(torch.bfloat16).min).bfloat16()
    mask[..., 20:, :10] = 0
    out = run(call._replace(mask=mask))
    mean = call.v[0, :, 0].float().mean(0)
    torch.testing.assert_close(out[0, 0, 0].float(), mean, atol=2e-3, rtol=1e-2)
    true, _ = attend64(call.q, call.k[:, :10], call.v[:, :10])
    torch.testing.assert_close(out[0, 20:].double(), true[0, 20:], atol=2e-2, rtol=1e-2)


def test_result_does_not_depend_on_the_number_of_threads():
    call = random_call(AttnSpec.parse("h1 n700 d64 causal"))
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = run(call)
        torch.set_num_threads(3)
        assert torch.equal(run(call), one)
    finally:
        torch.set_num_threads(threads)


def test_scale_may_be_negative_or_zero():
    call = random_call(AttnSpec.parse("h1 n50 d32"))
    for scale in (-0.3, 0.0):
        true, _ = attend64(*call[:3], scale=scale)
        assert (run(call._replace(scale=scale)).double() - true).norm() / true.norm() < 4e-3
