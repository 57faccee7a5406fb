"""Our CUDA C++ kernels without a GPU: the source run on the processor, and compiled to machine code."""

from __future__ import annotations

import ctypes
import math
import shutil
import subprocess

import pytest
import torch

from meshloom.kernels.attention import registry
from meshloom.kernels.attention.check import check_case
from meshloom.kernels.attention.compile_cuda import compile_cuda, find_cuobjdump, find_nvrtc
from meshloom.kernels.attention.device import DeviceCaps, device_caps
from meshloom.kernels.attention.impl import _cuda_launch, cuda_mma
from meshloom.kernels.attention.inputs import Case, adversarial, random_call
from meshloom.kernels.attention.kernel import AttentionError, Kernel, Limits
from meshloom.kernels.attention.spec import AttnSpec

KERNELS = ("own.mma_low", "own.mma_high")
H200 = DeviceCaps("cuda", "H200", sm=90, memory=141 << 30)

needs_nvrtc = pytest.mark.skipif(
    find_nvrtc() is None or find_cuobjdump() is None, reason="no NVRTC, no cuobjdump"
)
needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="no g++")


class Emulated(Kernel):
    """The CUDA source, its grid run by threads of the processor: each lane's fragments are those of the GPU."""

    id = "test.emulated"
    limits = Limits(("cpu",), ("fp16", "bf16"), 128, 64)
    writes_out = True

    def __init__(self, kernel: Kernel, folder) -> None:
        super().__init__()
        self.kernel, self.folder, self.built = kernel, folder, {}

    def run(self, q, k, v, mask, causal, scale, out):
        spec = AttnSpec.of(q, k, v, None, causal)
        function = self._function(tuple(self.kernel.defines(spec).items()))
        q, k, v = (t if _cuda_launch.aligned(t) else t.contiguous() for t in (q, k, v))
        places = (_cuda_launch.Place * 4)(*(_cuda_launch.Place.of(tensor) for tensor in (q, k, v, out)))
        function(
            *(ctypes.c_void_p(tensor.data_ptr()) for tensor in (q, k, v, out)),
            ctypes.c_float(scale * _cuda_launch.LOG2_E),
            *(ctypes.c_int(held) for held in (spec.nq, spec.nk, spec.hq, spec.hq // spec.hkv)),
            places,
            ctypes.c_int(math.ceil(spec.nq / cuda_mma.BLOCK_M)),
            ctypes.c_int(spec.b * spec.hq),
        )
        return out

    def _function(self, words):
        if words not in self.built:
            library = self.folder / f"emulated{len(self.built)}.so"
            defines = [f"-D{key}={held}" for key, held in words]
            command = [
                "g++",
                "-std=c++20",
                "-O1",
                "-shared",
                "-fPIC",
                "-pthread",
                "-w",
                "-DEMULATED",
                *defines,
            ]
            subprocess.run([*command, "-x", "c++", str(cuda_mma.SOURCE), "-o", str(library)], check=True)
            self.built[words] = ctypes.CDLL(str(library)).run_emulated
        return self.built[words]


@needs_compiler
@pytest.mark.parametrize("kernel_id", KERNELS)
@pytest.mark.parametrize("dtype", ["bf16", "fp16"])
def test_the_source_computes_attention_lane_by_lane(kernel_id, dtype, tmp_path):
    kernel = Emulated(registry.get(kernel_id), tmp_path)
    base = AttnSpec(1, 1, 70, 64, dtype)
    cases = [Case("ragged", base, lambda: random_call(base))]
    wanted = AttnSpec(1, 2, 33, 64, dtype, hkv=1, nk=150, causal=True)
    cases.append(Case("causal, grouped, more keys", wanted, lambda: random_call(wanted, 1)))
    dead = AttnSpec(1, 1, 90, 64, dtype, nk=40, causal=True)
    cases.append(Case("causal, queries without keys", dead, lambda: random_call(dead, 2)))
    kernel.deterministic = False  # only once: that it repeats is for a GPU to show
    for case in cases:
        held = check_case(kernel, case, device_caps("cpu"))
        assert held.status == "pass", held


@needs_compiler
def test_head_dimension_128_lane_by_lane(tmp_path):
    kernel = Emulated(registry.get("own.mma_low"), tmp_path)
    kernel.deterministic = False
    spec = AttnSpec(1, 1, 40, 128, "bf16", nk=70)
    held = check_case(kernel, Case("D 128", spec, lambda: random_call(spec)), device_caps("cpu"))
    assert held.status == "pass", held


@needs_nvrtc
@pytest.mark.parametrize("kernel_id", KERNELS)
@pytest.mark.parametrize("arch", ["sm_80", "sm_90a"])
def test_it_compiles_to_tensor_cores_without_spilling(kernel_id, arch):
    (held,) = registry.get(kernel_id).resources(AttnSpec.parse("h24 n4096 d128 bf16"), arch)
    assert held.spilled == 0
    assert held.opcodes["HMMA"] >= 64 and held.opcodes["LDGSTS"] > 0


@needs_nvrtc
def test_low_leaves_more_ctas_room_than_high():
    spec = AttnSpec.parse("h24 n4096 d128 bf16")
    (low,), (high,) = (registry.get(name).resources(spec, "sm_90a") for name in KERNELS)
    assert low.registers < high.registers
    assert low.ctas >= 2 * high.ctas


@needs_nvrtc
def test_the_compiler_s_log_is_in_the_error():
    with pytest.raises(AttentionError, match="does not compile for sm_90a") as caught:
        compile_cuda("nonsense;", "broken.cu", "sm_90a", {})
    assert "broken.cu" in caught.value.log and "nonsense" in caught.value.log


@pytest.mark.parametrize("kernel_id", KERNELS)
@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_where_there_is_no_gpu_it_says_so(kernel_id):
    kernel = registry.get(kernel_id)
    said = "not on cpu" if find_nvrtc() else "NVRTC is not installed"
    assert said in str(kernel.supports(AttnSpec.parse("h1 n8 d64"), device_caps("cpu")))
    refused = kernel.supports(AttnSpec.parse("h1 n8 d96", "cuda"), H200)
    assert not refused


def test_cases_of_the_gate_it_will_meet():
    """The kernel takes the gate's cases on CUDA, views of fused projections included."""
    spec = next(case.spec for case in adversarial("bf16", "cuda", 128))
    verdict = registry.get("own.mma_low").supports(spec, H200)
    assert verdict or "NVRTC" in verdict.reason
