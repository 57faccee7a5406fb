"""Our Gluon kernel for Hopper without a GPU: its source run by threads, and compiled to machine code."""

from __future__ import annotations

import importlib.util
import math
import re
from pathlib import Path

import pytest
import torch

from meshloom.kernels.attention import registry
from meshloom.kernels.attention.check import check_case
from meshloom.kernels.attention.device import DeviceCaps, device_caps
from meshloom.kernels.attention.impl import gluon_flash
from meshloom.kernels.attention.inputs import Case, random_call
from meshloom.kernels.attention.isolated import call_main
from meshloom.kernels.attention.kernel import AttentionError, Kernel, Limits
from meshloom.kernels.attention.spec import AttnSpec

from . import _gluon_words as words

SOURCE = Path(gluon_flash.__file__).with_name("_gluon_flash_kernel.py")
needs_triton = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None, reason="triton is not installed"
)


class Emulated(Kernel):
    """The kernel's own source, its barriers and asynchronous copies done by threads."""

    id = "test.gluon"
    limits = Limits(("cpu",), ("fp16", "bf16"), 128, 64)
    writes_out = True

    def __init__(self, source: Path = SOURCE, block_n: int = 32, stages: int = 2) -> None:
        super().__init__()
        self.module, self.block_n, self.stages = words.load(source), block_n, stages

    def run(self, q, k, v, mask, causal, scale, out):
        nq, heads, d = q.shape[1:]
        boxes = ((q, 64), (k, self.block_n), (v, self.block_n), (out, 64))
        words.launch(
            self.module.gluon_forward,
            (math.ceil(nq / gluon_flash.BLOCK_M), q.shape[0] * heads),
            *(words.Descriptor(tensor, [1, rows, 1, d]) for tensor, rows in boxes),
            *(scale * gluon_flash.LOG2_E, nq, k.shape[1], heads, heads // k.shape[2]),
            BLOCK_N=self.block_n,
            HEAD=d,
            STAGES=self.stages,
            CAUSAL=causal,
            DTYPE=q.dtype,
        )
        return out


def check(text: str, kernel: Kernel) -> None:
    spec = AttnSpec.parse(text)
    held = check_case(kernel, Case(text, spec, lambda: random_call(spec)), device_caps("cpu"))
    assert held.status == "pass", held


@pytest.mark.parametrize(
    "text",
    [
        "b1 h1 n129 nk97 d64 bf16",
        "b2 h2 hkv1 n40 nk300 d64 fp16",
        "b1 h1 n1 nk1 d128 bf16",
        "b1 h1 n200 d64 bf16 causal",
        "b1 h2 hkv1 n70 nk300 d64 bf16 causal",
        "b1 h1 n200 nk40 d64 fp16 causal",
    ],
)
def test_the_source_computes_attention(text):
    check(text, Emulated())


@pytest.mark.parametrize(("block_n", "stages"), [(64, 1), (64, 3)])
def test_rings_of_other_lengths(block_n, stages):
    check("b1 h1 n70 nk330 d64 bf16", Emulated(block_n=block_n, stages=stages))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (r"mbarrier\.wait\(k_free.*\n", "\n"),
        (r"mbarrier\.wait\(v_ready\.index\(before\).*\n", "\n"),
        (r"warpgroup_mma_wait\(1, deps=\[coming\]\)", "warpgroup_mma_wait(2, deps=[coming])"),
        (r"    fence_async_shared\(\)\n", ""),
        (r"acc = acc \* gl\.expand_dims\(gl\.convert_layout\(shrink.*\n", "pass\n"),
    ],
    ids=["ring overwritten", "values too early", "scores too early", "no fence", "sums not shrunk"],
)
def test_a_fault_of_its_kind_is_seen(right, wrong, tmp_path, monkeypatch):
    """What runs the source would show, sooner or later, the faults that such kernels have."""
    monkeypatch.setattr(words, "PATIENCE", 0.5)
    source, count = re.subn(right, wrong, SOURCE.read_text(encoding="utf-8"), count=1)
    assert count == 1
    broken = tmp_path / "broken.py"
    broken.write_text(source, encoding="utf-8")
    with pytest.raises(AssertionError):
        for _turn in range(25):  # a race is not lost every time
            check("b1 h1 n64 nk300 d64 bf16", Emulated(broken))


@needs_triton
def test_it_compiles_to_what_hopper_is_for():
    (held,) = call_main("compile", "own.gluon", "--spec", "h24 n4096 d128 bf16", "--arch", "sm_90")
    assert held["spilled"] == 0 and held["threads"] == 384 and held["registers"] == 168
    assert held["opcodes"]["HGMMA"] >= 48 and held["opcodes"]["UTMALDG"] >= 4


@needs_triton
def test_other_architectures_are_refused_with_advice():
    kernel = registry.get("own.gluon")
    a100 = DeviceCaps("cuda", "A100", sm=80)
    spec = AttnSpec.parse("h24 n4096 d128", "cuda")
    assert kernel.supports(spec, a100).reason == "needs sm_90 to sm_90; this is sm_80"
    assert kernel.supports(spec, DeviceCaps("cuda", "H200", sm=90))
    with pytest.raises(AttentionError, match="is for sm_90, not sm_80"):
        kernel.resources(spec, "sm_80")
    with pytest.raises(AttentionError, match="block_n is 96"):
        registry.get("own.gluon", block_n=96).resources(spec, "sm_90")


@needs_triton
def test_tensors_that_tma_cannot_read_are_laid_out_anew():
    assert gluon_flash._aligned(torch.zeros(1, 8, 2, 64).bfloat16())
    assert not gluon_flash._aligned(torch.zeros(1, 8, 2, 65).bfloat16()[..., 1:])
    assert not gluon_flash._aligned(torch.zeros(1, 8, 64, 2).bfloat16().transpose(2, 3))
