"""Our CUDA C++ flash attention by ``mma.sync``, once with few registers and once with many.

The same source twice, for one question: does occupancy pay? *Low* reads its query fragments from shared memory
for every block of 32 keys, so that four CTAs fit on a multiprocessor; *high* keeps them in registers and takes 128
keys at once. Compiled by NVRTC on first use.
"""

from __future__ import annotations

import ctypes
import functools
import math
from pathlib import Path
from typing import Any, ClassVar

from meshloom.kernels.attention.compile_cuda import (
    INSTALL,
    Function,
    compile_cuda,
    find_cuobjdump,
    find_nvrtc,
)
from meshloom.kernels.attention.device import DeviceCaps
from meshloom.kernels.attention.kernel import AttentionError, Kernel, Limits
from meshloom.kernels.attention.resources import Resources, from_cubin
from meshloom.kernels.attention.spec import YES, AttnSpec, Verdict, no

SOURCE = Path(__file__).with_name("mma_flash.cu")
LOG2_E = 1.4426950408889634
BLOCK_M = 64
#: Keys of a block that there may be.
BLOCKS = (32, 64, 128)


class Place(ctypes.Structure):
    """Strides in elements, as the kernel has them."""

    _fields_ = (("batch", ctypes.c_longlong), ("row", ctypes.c_longlong), ("head", ctypes.c_longlong))

    @classmethod
    def of(cls, tensor: Any) -> Place:
        return cls(*tensor.stride()[:3])


@functools.cache
def _function(arch: str, words: tuple[tuple[str, int], ...], shared: int) -> Function:
    cubin = compile_cuda(SOURCE.read_text(encoding="utf-8"), SOURCE.name, arch, dict(words))
    return Function(cubin, "attend", shared)


class _Mma(Kernel):
    source = "own"
    licence = "Apache-2.0"
    install = INSTALL
    sources = (SOURCE,)
    limits = Limits(("cuda",), ("fp16", "bf16"), 128, 64, (80, 999))
    writes_out = True
    risky = True
    compiles = True
    #: 0: as the class has it. ``ctas``: that a multiprocessor should hold, which bounds registers.
    options: ClassVar = {"block_n": 0, "ctas": 0}
    block_n: int
    in_registers: bool
    ctas: int

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.block_n = self.chosen["block_n"] or self.block_n
        self.ctas = self.chosen["ctas"] or self.ctas

    def installed(self) -> Verdict:
        return YES if find_nvrtc() else no("NVRTC is not installed", INSTALL)

    def also(self, spec: AttnSpec, device: DeviceCaps) -> Verdict:
        if self.block_n not in BLOCKS:
            return no(f"takes a block_n of {', '.join(map(str, BLOCKS))}, not {self.block_n}")
        return YES if spec.d in (64, 128) else no(f"takes head dimensions 64 and 128, not {spec.d}")

    def defines(self, spec: AttnSpec) -> dict[str, int]:
        """The macros that its source is compiled with."""
        return {
            "HEAD": spec.d,
            "BLOCK_N": self.block_n,
            "QUERY_IN_REGISTERS": int(self.in_registers),
            "MIN_CTAS": self.ctas,
            "BF16": int(spec.dtype == "bf16"),
            "CAUSAL": int(spec.causal),
        }

    def shared(self, spec: AttnSpec) -> int:
        """Bytes of shared memory a CTA."""
        return (BLOCK_M + 2 * self.block_n) * (spec.d + 8) * 2

    def run(self, q, k, v, mask, causal, scale, out):  # type: ignore[no-untyped-def]
        import torch

        if not scale > 0:
            raise AttentionError(f"{self.id}: the scale is {scale}; expected a number above 0")
        q, k, v = (t if _aligned(t) else t.contiguous() for t in (q, k, v))
        spec = AttnSpec.of(q, k, v, None, causal)
        major, minor = torch.cuda.get_device_capability(q.device)
        with torch.cuda.device(q.device):
            function = _function(f"sm_{major}{minor}", tuple(self.defines(spec).items()), self.shared(spec))
            pointers = [ctypes.c_void_p(tensor.data_ptr()) for tensor in (q, k, v, out)]
            sizes = [ctypes.c_int(held) for held in (spec.nq, spec.nk, spec.hq, spec.hq // spec.hkv)]
            strides = [Place.of(tensor) for tensor in (q, k, v, out)]
            function.launch(
                (math.ceil(spec.nq / BLOCK_M), spec.b * spec.hq),
                128,
                torch.cuda.current_stream().cuda_stream,
                [*pointers, ctypes.c_float(scale * LOG2_E), *sizes, *strides],
            )
        return out

    def resources(self, spec: AttnSpec, arch: str) -> list[Resources]:
        import time

        cuobjdump = find_cuobjdump()
        if cuobjdump is None:
            raise AttentionError("cuobjdump is not installed", 'pip install "meshloom[kernels]"')
        began = time.perf_counter()
        cubin = compile_cuda(SOURCE.read_text(encoding="utf-8"), SOURCE.name, arch, self.defines(spec))
        where = "registers" if self.in_registers else "shared memory"
        return [
            from_cubin(
                cubin,
                cuobjdump,
                kernel=self.id,
                variant=f"n{self.block_n}, queries in {where}, {self.ctas} CTAs asked for",
                arch=arch,
                threads=128,
                shared=self.shared(spec),
                seconds=time.perf_counter() - began,
            )
        ]


def _aligned(tensor: Any) -> bool:
    """Whether 16 bytes can be copied at once from every row."""
    strides = tensor.stride()
    return strides[3] == 1 and all(held % 8 == 0 for held in strides[:3]) and tensor.data_ptr() % 16 == 0


class Low(_Mma):
    id = "own.mma_low"
    title = "Meshloom, mma.sync with few registers"
    block_n = 32
    in_registers = False
    ctas = 4


class High(_Mma):
    id = "own.mma_high"
    title = "Meshloom, mma.sync with many registers"
    block_n = 128
    in_registers = True
    ctas = 1


KERNELS = (Low, High)
