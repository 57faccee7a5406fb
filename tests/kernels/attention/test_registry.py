"""The registry: every kernel answers for itself, and a refusal says why and what to do."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.metadata
import importlib.util

import pytest
import torch

from meshloom.kernels.attention import registry
from meshloom.kernels.attention.catalogue import KERNELS
from meshloom.kernels.attention.device import DeviceCaps, device_caps
from meshloom.kernels.attention.kernel import AttentionError, Kernel
from meshloom.kernels.attention.spec import AttnSpec, MaskKind

CPU = device_caps("cpu")
H200 = DeviceCaps("cuda", "H200", sm=90, memory=141 << 30)
A100 = DeviceCaps("cuda", "A100", sm=80, memory=80 << 30)
QWEN = AttnSpec.parse("b1 h24 n4156 d128 bf16")
QWEN_CUDA = dataclasses.replace(QWEN, device="cuda")


@pytest.mark.parametrize("kernel_id", KERNELS)
def test_every_kernel_says_what_it_is(kernel_id):
    kernel = registry.get(kernel_id)
    assert kernel.id == kernel_id
    assert len(kernel.title) > 5
    assert kernel.licence in ("BSD-3-Clause", "Apache-2.0", "MIT")
    if kernel.source in ("library", "hub"):
        assert kernel.install


ABSENT = [name for name in KERNELS if not registry.get(name).installed()]


@pytest.mark.parametrize("kernel_id", ABSENT)
def test_what_is_absent_is_refused_with_the_way_to_get_it(kernel_id):
    verdict = registry.get(kernel_id).supports(QWEN_CUDA, H200)
    assert not verdict
    assert "not installed" in verdict.reason or "MESHLOOM_HUB_KERNELS" in verdict.fix
    assert verdict.fix


@pytest.mark.parametrize(
    ("kernel_id", "spec", "device", "said"),
    [
        ("sdpa.cudnn", QWEN, CPU, "not on cpu"),
        ("sdpa.flash", dataclasses.replace(QWEN_CUDA, mask=MaskKind.KEY_PADDING), H200, "no mask on CUDA"),
        ("sdpa.flash", dataclasses.replace(QWEN_CUDA, d=512, dv=512), H200, "up to 256"),
        ("sdpa.flash", dataclasses.replace(QWEN_CUDA, dtype="fp32"), H200, "not fp32"),
        ("sdpa.flash", dataclasses.replace(QWEN_CUDA, nk=9000, causal=True), H200, "top left"),
        ("sdpa.math", dataclasses.replace(QWEN_CUDA, nq=131072, nk=131072), H200, "GiB"),
        ("own.cpu_bf16", QWEN, DeviceCaps("cpu", "an old one"), "AVX512-BF16"),
        ("own.cpu_bf16", dataclasses.replace(QWEN, dtype="fp32"), CPU, "not fp32"),
        ("sdpa.default", dataclasses.replace(QWEN, dropout=0.1), CPU, "dropout"),
    ],
)
def test_refusals_name_the_reason(kernel_id, spec, device, said):
    verdict = registry.get(kernel_id).supports(spec, device)
    assert not verdict
    assert said in str(verdict)


def test_an_architecture_too_old_is_named():
    limits = registry.get("flash_attn.3").limits
    assert limits.refuse(QWEN_CUDA, H200)
    assert limits.refuse(QWEN_CUDA, A100).reason == "needs sm_90 to sm_90; this is sm_80"


def test_explain_lists_all_and_candidates_those_that_can():
    told = registry.explain(QWEN, CPU)
    assert [held.kernel.id for held in told] == list(registry.ids())
    able = {held.id for held in registry.candidates(QWEN, CPU)}
    assert {"reference.fp64", "sdpa.math", "sdpa.flash", "sdpa.default"} <= able
    assert able == {held.kernel.id for held in told if held.verdict and held.kernel.exact}


def test_need_names_spec_reason_and_what_would_work():
    with pytest.raises(AttentionError) as caught:
        registry.need(registry.get("sdpa.cudnn"), QWEN, CPU)
    assert "b1 h24 n4156 d128 bf16" in str(caught.value)
    assert "not on cpu" in str(caught.value)
    assert "sdpa.flash" in caught.value.fix


def test_unknown_names_and_options_are_told():
    with pytest.raises(AttentionError, match="no kernel is called") as caught:
        registry.get("sdpa.fast")
    assert "sdpa.flash" in caught.value.fix
    with pytest.raises(AttentionError, match="no option blocks") as caught:
        registry.get("own.triton", blocks=3)
    assert "block_m" in caught.value.fix


def test_fingerprints_hold_options_device_and_source(tmp_path, monkeypatch):
    kernel = registry.get("own.triton")
    same = registry.get("own.triton").fingerprint(H200)
    assert kernel.fingerprint(H200) == same
    others = {kernel.fingerprint(A100), registry.get("own.triton", warps=4).fingerprint(H200)}
    source = tmp_path / "kernel.py"
    source.write_text("one")
    monkeypatch.setattr(kernel, "sources", (source,))
    others.add(kernel.fingerprint(H200))
    source.write_text("two")
    others.add(kernel.fingerprint(H200))
    assert len(others | {same}) == 5


def test_one_s_own_kernel_can_be_added():
    class Mine(Kernel):
        id = "test.mine"
        title = "from a test"
        limits = registry.get("sdpa.math").limits

        def run(self, q, k, v, mask, causal, scale, out):
            return torch.zeros_like(q)

    try:
        registry.register(Mine)
        assert "test.mine" in registry.ids()
        assert isinstance(registry.get("test.mine"), Mine)
        with pytest.raises(ValueError, match="taken"):
            registry.register(type("Other", (Kernel,), {"id": "sdpa.math"}))
    finally:
        registry._added.pop("test.mine", None)


def test_the_hub_s_package_is_not_taken_for_a_folder_called_kernels(tmp_path, monkeypatch):
    (tmp_path / "kernels").mkdir()
    (tmp_path / "kernels" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert importlib.util.find_spec("kernels") is not None
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version("kernels")
        pytest.skip("the package is installed")
    assert registry.get("hub.flash_attn_3").installed().reason == "kernels is not installed"


def test_a_label_says_options_and_is_read_back():
    assert registry.parse("sdpa.math").label == "sdpa.math"
    kernel = registry.parse("own.triton:block_m=64,warps=4")
    assert kernel.label == "own.triton:block_m=64,warps=4" and kernel.chosen["block_m"] == 64
    assert registry.parse(kernel.label).fingerprint(H200) == kernel.fingerprint(H200)
    with pytest.raises(AttentionError, match="no option"):
        registry.parse("own.triton:fast")
    with pytest.raises(AttentionError, match="no option blocks"):
        registry.parse("own.triton:blocks=3")


def test_variants_of_a_kernel_differ_in_name_and_machine_code_and_blocks_are_checked():
    assert "takes a block_n of 32" in str(
        registry.get("own.mma_low", block_n=48).supports(QWEN_CUDA, H200)
    ) or (not registry.get("own.mma_low").installed())
    labels = {registry.get("own.mma_low", ctas=count).label for count in (0, 3, 5)}
    assert labels == {"own.mma_low", "own.mma_low:ctas=3", "own.mma_low:ctas=5"}
