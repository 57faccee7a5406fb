"""What goes wrong, one by one: told with the call, the reason and what would help; nothing is left behind."""

from __future__ import annotations

import os
from typing import ClassVar

import pytest
import torch

from meshloom.kernels.attention import adapters_torch, isolated, registry
from meshloom.kernels.attention.bench import Plan, compare
from meshloom.kernels.attention.device import DeviceCaps, device_caps
from meshloom.kernels.attention.impl.sdpa import Math
from meshloom.kernels.attention.inputs import random_call
from meshloom.kernels.attention.kernel import AttentionError, Kernel
from meshloom.kernels.attention.policy import Policy
from meshloom.kernels.attention.spec import AttnSpec

CPU = device_caps("cpu")
T4 = DeviceCaps("cuda", "T4", sm=75, memory=16 << 30)
A100 = DeviceCaps("cuda", "A100", sm=80, memory=80 << 30)
H200 = DeviceCaps("cuda", "H200", sm=90, memory=141 << 30)


def installed(kernel_id: str, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    """That kernel as if its package were there: what is asked next is seen."""
    from meshloom.kernels.registry import YES

    kernel = registry.get(kernel_id)
    monkeypatch.setattr(type(kernel), "installed", lambda self: YES)
    return kernel


@pytest.mark.parametrize(
    ("kernel_id", "text", "device", "reason"),
    [
        ("own.triton", "h24 n4096 d128 bf16", T4, "needs sm_80 or newer; this is sm_75"),
        ("own.gluon", "h24 n4096 d128 bf16", A100, "needs sm_90 to sm_90; this is sm_80"),
        ("flash_attn.3", "h24 n4096 d128 bf16", A100, "needs sm_90 to sm_90; this is sm_80"),
        ("sage.3", "h24 n4096 d128 bf16", H200, "needs sm_120 to sm_129; this is sm_90"),
        ("sage.1", "h24 n4096 d64 dv32 bf16", A100, "values as wide as keys"),
        ("own.gluon", "h24 n4096 d72 bf16", H200, "multiple of 64, not 72"),
        ("flash_attn.2", "h24 n4096 d320 bf16", A100, "up to 256, not 320"),
        ("sage.2", "h24 n4096 d256 bf16", H200, "up to 128, not 256"),
        ("own.triton", "h24 n4096 d96 bf16", A100, "power of two, not 96"),
        ("flash_attn.3", "h24 n4096 d128 bf16 mask=key_padding", H200, "takes no key_padding mask"),
        ("own.gluon", "h24 n4096 d128 bf16 mask=bool_qk", H200, "takes no bool_qk mask"),
        ("xformers", "h24 n4096 d128 bf16 mask=bool_qk", A100, "takes no bool_qk mask"),
        ("flash_attn.2", "h24 n4096 d128 fp32", A100, "takes fp16, bf16, not fp32"),
    ],
    ids=lambda held: held.replace(" ", "-") if isinstance(held, str) else str(held),
)
def test_architecture_head_dimension_mask_and_dtype(kernel_id, text, device, reason, monkeypatch):
    spec = AttnSpec.parse(text, "cuda")
    with pytest.raises(AttentionError) as caught:
        registry.need(installed(kernel_id, monkeypatch), spec, device)
    assert str(caught.value).startswith(f"{kernel_id} cannot compute {spec} on {device}: ")
    assert reason in str(caught.value)
    assert "these can: " in caught.value.fix and "sdpa.math" in caught.value.fix


CRASHING = """
import ctypes
from meshloom.kernels.attention import registry
from meshloom.kernels.attention.impl.sdpa import Math

@registry.register
class Crashes(Math):
    id = "test.crashes"
    def run(self, q, k, v, mask, causal, scale, out):
        print("about to read from nowhere", flush=True)
        ctypes.string_at(8)
"""


class Crashes(Math):
    """In the process that verifies it, it reads memory that is not there; here it is never to run."""

    id = "test.crashes"
    risky = True
    ran: ClassVar[list[int]] = []

    def run(self, q, k, v, mask, causal, scale, out):
        self.ran.append(1)
        return super().run(q, k, v, mask, causal, scale, out)


def test_illegal_access_takes_down_the_process_that_verifies_and_not_this(tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(CRASHING)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    call = random_call(AttnSpec.parse("h1 n16 d32 fp32"))
    with pytest.raises(AttentionError, match=r"test\.crashes.* died \(signal SIGSEGV\)") as caught:
        Policy(Crashes())(*call[:3])
    assert "about to read from nowhere" in caught.value.log
    assert Crashes.ran == []
    plan = Plan(rounds=6, warm_up=0.01, least=0.002, settle=0, ceiling=False)
    rows = compare([Math(), Crashes()], [AttnSpec.parse("h1 n16 d32 fp32")], plan).specs[0].rows
    assert [row.status for row in rows] == ["ok", "failed"] and "SIGSEGV" in rows[1].reason


def test_what_was_verified_is_not_verified_again(monkeypatch):
    asked = []

    class Passes(Math):
        id = "test.passes"
        risky = True

    def verify(kernel, device):
        asked.append(kernel.id)
        return isolated.Report(kernel.id, "", device, (isolated_case,))

    from meshloom.kernels.attention.check import CaseResult

    isolated_case = CaseResult("one", "h1", "pass")
    monkeypatch.setattr(isolated, "verify_apart", verify)
    call = random_call(AttnSpec.parse("h1 n16 d32 fp32"))
    for _ in range(2):
        Policy(Passes())(*call[:3])
    assert asked == ["test.passes"]


def test_a_wrong_kernel_of_ours_is_not_let_into_a_model(monkeypatch):
    from meshloom.kernels.attention.check import CaseResult

    class Wrong(Math):
        id = "test.wrong"
        risky = True

    bad = CaseResult("logits of 80", "h1", "fail", "largest error 3, allowed 0.1")
    monkeypatch.setattr(
        isolated, "verify_apart", lambda kernel, device: isolated.Report("test.wrong", "", device, (bad,))
    )
    with pytest.raises(AttentionError, match=r"fails 1 of 1 cases: logits of 80: largest error 3"):
        Policy(Wrong())(*random_call(AttnSpec.parse("h1 n16 d32 fp32"))[:3])


def state() -> tuple[object, ...]:
    """What is process-wide and could be left changed."""
    cuda = torch.backends.cuda
    flags = (cuda.flash_sdp_enabled(), cuda.mem_efficient_sdp_enabled(), cuda.math_sdp_enabled())
    return (
        *flags,
        cuda.cudnn_sdp_enabled(),
        torch.get_num_threads(),
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
        torch.overrides._get_current_function_mode(),
        torch.get_rng_state().sum().item(),
        torch.are_deterministic_algorithms_enabled(),
    )


@pytest.mark.parametrize("kernel_id", ["sdpa.math", "sdpa.flash", "sdpa.default", "own.cpu_bf16", "flex"])
def test_nothing_process_wide_is_changed(kernel_id):
    spec = AttnSpec.parse("h2 n64 d64 bf16")
    kernel = registry.get(kernel_id)
    if not kernel.supports(spec, CPU):
        pytest.skip(str(kernel.supports(spec, CPU)))
    before, call = state(), random_call(spec)
    kernel(*call[:3])
    assert state() == before


@pytest.mark.parametrize("kernel_id", ["sdpa.flash", "sdpa.efficient", "sdpa.cudnn"])
def test_nothing_process_wide_is_changed_by_an_exception(kernel_id):
    """Called with what fits nowhere."""
    before, call = state(), random_call(AttnSpec.parse("h1 n8 d8 fp32"))
    with pytest.raises(RuntimeError), adapters_torch.use(Policy(Math())):
        registry.get(kernel_id)(call.q, call.k[..., :4], call.v)
    assert state() == before


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("CUDA error: an illegal memory access"), r"failed on b1 h1 n16 .*illegal memory"),
        (AttentionError("does not compile", log="line 3: error"), "does not compile"),
    ],
)
def test_what_a_kernel_raises_in_a_model_names_the_call(error, said):
    class Raises(Math):
        id = "test.raises"

        def run(self, q, k, v, mask, causal, scale, out):
            raise error

    with pytest.raises(AttentionError, match=said):
        Policy(Raises())(*random_call(AttnSpec.parse("h1 n16 d32 fp32"))[:3])


def test_out_of_memory_goes_through_to_whoever_can_free_some():
    class Hungry(Math):
        id = "test.hungry"

        def run(self, q, k, v, mask, causal, scale, out):
            raise torch.OutOfMemoryError("tried to allocate 3 TiB")

    with pytest.raises(torch.OutOfMemoryError):
        Policy(Hungry())(*random_call(AttnSpec.parse("h1 n16 d32 fp32"))[:3])
