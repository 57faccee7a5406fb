"""The gate lets every kernel through that computes attention, and none that does not quite."""

from __future__ import annotations

from typing import ClassVar

import pytest
import torch

from meshloom.kernels.attention import registry
from meshloom.kernels.attention.check import Report, check_case, plain, verify
from meshloom.kernels.attention.device import device_caps
from meshloom.kernels.attention.impl.reference import attend64
from meshloom.kernels.attention.impl.sdpa import Math
from meshloom.kernels.attention.inputs import Case, adversarial, fewer_heads, random_call
from meshloom.kernels.attention.spec import AttnSpec

CPU = device_caps("cpu")


#: Those of which this file asks the whole gate; flex, which takes seconds a case, has a test of its own.
ON_A_PROCESSOR = ("reference.fp64", "sdpa.math", "sdpa.flash", "sdpa.default", "own.cpu_bf16")


def test_no_kernel_of_this_processor_is_left_out():
    wanted = [AttnSpec.parse(f"h2 n129 d64 {dtype}") for dtype in ("fp32", "fp16", "bf16")]
    able = {
        held.kernel.id for spec in wanted for held in registry.explain(spec, CPU) if held.verdict
    }  # own.triton, too, where all runs in Triton's interpreter: see test_isolated
    assert able - {"own.triton"} <= {*ON_A_PROCESSOR, "flex"}


@pytest.mark.parametrize("kernel_id", ON_A_PROCESSOR)
def test_what_runs_on_a_processor_passes(kernel_id):
    kernel = registry.get(kernel_id)
    spec = AttnSpec.parse("h2 n129 d64 bf16")
    if not kernel.supports(spec, CPU):
        pytest.skip(str(kernel.supports(spec, CPU)))
    report = verify(kernel)
    assert report.passed, str(report)
    ran = [held for held in report.results if held.status == "pass"]
    assert len(ran) >= 40
    assert all(0 <= held.rel_error < 0.02 for held in ran)


def test_flex_passes_too():
    report = verify(registry.get("flex"), dtypes=["fp32"], dims=[64])
    assert report.passed, str(report)


def test_the_reference_is_the_definition():
    """Written out once more, without blocks, for a case with everything in it."""
    call = random_call(AttnSpec.parse("b2 h4 hkv2 n9 nk13 d8 fp32 mask=bool_qk"), seed=3)
    out, lse = attend64(*call)
    for b in range(2):
        for h in range(4):
            logits = call.q[b, :, h].double() @ call.k[b, :, h // 2].double().T / 8**0.5
            logits[~call.mask[b, 0]] = -torch.inf
            weights = torch.exp(logits) / torch.exp(logits).sum(1, keepdim=True)
            torch.testing.assert_close(
                out[b, :, h], weights @ call.v[b, :, h // 2].double(), atol=1e-12, rtol=0
            )
            torch.testing.assert_close(lse[b, h], torch.log(torch.exp(logits).sum(1)), atol=1e-12, rtol=0)


def test_a_query_without_keys_gives_zeros():
    call = random_call(AttnSpec.parse("h1 n6 d8 fp32 mask=bool_qk"), dead_rows=True)
    dead = ~call.mask[0, 0].any(dim=1)
    assert dead.any() and not dead.all()
    for out in (attend64(*call)[0], plain(call)):
        assert (out[0, dead] == 0).all() and (out[0, ~dead] != 0).all()


class Faulty(Math):
    """A kernel with one of the faults that kernels had."""

    options: ClassVar = {"fault": ""}

    def run(self, q, k, v, mask, causal, scale, out):
        match self.chosen["fault"]:
            case "mask ignored":
                mask = None
            case "causal ignored":
                causal = False
            case "causal at the top left":
                if causal:
                    mask, causal = torch.ones(q.shape[1], k.shape[1], dtype=torch.bool).tril(), False
            case "scale of another head dimension":
                scale *= 1.01
            case "changes K":
                k -= k.mean(dim=1, keepdim=True)
            case "heads taken round robin" if k.shape[2] < q.shape[2]:
                k, v = (t.repeat(1, 1, q.shape[2] // t.shape[2], 1) for t in (k, v))
            case "last key left out" if (
                k.shape[1] % 64 == 1 and k.shape[1] > 1 and mask is None and not causal
            ):
                k, v = k[:, :-1], v[:, :-1]
            case "no maximum taken off":
                logits = torch.einsum("bihd,bjhd->bhij", q, k.repeat_interleave(q.shape[2] // k.shape[2], 2))
                weights = torch.exp((logits * scale).half().float()).half().float()
                values = v.repeat_interleave(q.shape[2] // v.shape[2], 2).float()
                found = torch.einsum("bhij,bjhd->bihd", weights / weights.sum(3, keepdim=True), values)
                return (
                    found.to(q.dtype)
                    if mask is None and not causal
                    else super().run(q, k, v, mask, causal, scale, out)
                )
            case "strides ignored" if not k.is_contiguous():
                k = k.transpose(1, 2).reshape(k.shape)
        found = super().run(q, k, v, mask, causal, scale, out).clone()
        match self.chosen["fault"]:
            case "last rows not written" if found.shape[1] > 128:
                found[:, 128:] = torch.nan
            case "differs from run to run":
                found += torch.randn_like(found) * 1e-7
            case "eight bits":
                step = found.abs().max() / 127
                found = (found / step).round() * step
            case "other dtype":
                found = found.double()
        return found


FAULTS = (
    "mask ignored",
    "causal ignored",
    "causal at the top left",
    "scale of another head dimension",
    "changes K",
    "heads taken round robin",
    "last key left out",
    "no maximum taken off",
    "strides ignored",
    "last rows not written",
    "differs from run to run",
    "eight bits",
    "other dtype",
)


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_caught(fault):
    kernel = Faulty(fault=fault)
    report = verify(kernel, dtypes=["fp32"], dims=[64])
    assert not report.passed
    assert report.faults and all(held.message for held in report.faults)


def test_without_a_fault_it_passes():
    assert verify(Faulty(), dtypes=["fp32"], dims=[64]).passed


def test_a_lossy_kernel_is_judged_by_its_signal_to_noise():
    lossy = Faulty(fault="eight bits")
    lossy.exact = False
    assert verify(lossy, dtypes=["fp32"], dims=[64]).passed


def test_a_kernel_that_raises_is_a_result_and_the_rest_goes_on():
    class Raises(Math):
        def run(self, q, k, v, mask, causal, scale, out):
            if causal:
                raise RuntimeError("no such thing")
            return super().run(q, k, v, mask, causal, scale, out)

    report = verify(Raises(), dtypes=["fp32"], dims=[64])
    assert {held.status for held in report.results} == {"pass", "error"}
    assert "RuntimeError: no such thing" in report.faults[0].message


def test_captured_tensors_are_cases_too():
    call = random_call(AttnSpec.parse("h3 n50 d32 fp32"), seed=9)
    report = verify(registry.get("sdpa.flash"), dtypes=[], captured=[("layer 3, step 1", call)])
    assert [(held.name, held.status) for held in report.results] == [("layer 3, step 1, fp32", "pass")]


def test_of_large_captured_calls_some_heads_are_checked():
    call = random_call(AttnSpec.parse("h8 hkv4 n40 d32 fp32 mask=additive"), seed=9)
    few = fewer_heads(call, 2 * 2 * 40 * 40)
    assert str(few.spec) == "b1 h4 hkv2 n40 d32 fp32 mask=additive"
    whole, part = attend64(*call)[0], attend64(*few)[0]
    assert torch.equal(part, whole[:, :, [0, 1, 6, 7]])
    assert fewer_heads(call, 1 << 30) is call
    assert fewer_heads(call, 1).q.shape[2] == 2


def test_what_is_supported_nowhere_has_not_passed():
    report = verify(registry.get("sdpa.cudnn"), dtypes=["bf16"], dims=[64])
    assert not report.passed and not report.faults
    assert "supports none" in str(report)


def test_report_survives_json():
    report = verify(registry.get("sdpa.math"), dtypes=["fp32"], dims=[64])
    assert str(Report.from_json(report.to_json())) == str(report)


def test_progress_can_end_the_gate():
    def stop(share: float, name: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verify(registry.get("sdpa.math"), progress=stop)


def test_cases_are_the_same_each_time():
    one, two = (list(adversarial("fp32", "cpu")) for _ in range(2))
    for first, second in zip(one, two, strict=True):
        assert first.name == second.name
        assert all(torch.equal(a, b) for a, b in zip(first.make()[:3], second.make()[:3], strict=True))


def test_no_kernel_s_case_depends_on_another():
    """A kernel that writes into its inputs spoils only its own case."""
    case = next(iter(adversarial("fp32", "cpu")))
    assert check_case(Faulty(fault="changes K"), case, CPU).status == "fail"
    assert check_case(Faulty(), Case(case.name, case.spec, case.make), CPU).status == "pass"
