"""Our CUDA C++ flash attention by ``mma.sync``, once with few registers and once with many.

The same source twice, for one question: does occupancy pay? *Low* reads its query fragments from shared memory
for every block of 32 keys, so that four CTAs fit on a multiprocessor; *high* keeps them in registers and takes 128
keys at once. Compiled by NVRTC on first use.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from meshloom.kernels.attention.compile_cuda import INSTALL, find_nvrtc
from meshloom.kernels.attention.device import DeviceCaps
from meshloom.kernels.attention.impl._cuda_launch import Program, launch, report
from meshloom.kernels.attention.kernel import Kernel, Limits
from meshloom.kernels.attention.resources import Resources
from meshloom.kernels.attention.spec import AttnSpec
from meshloom.kernels.registry import YES, Verdict, no

SOURCE = Path(__file__).with_name("mma_flash.cu")
BLOCK_M = 64
#: Keys of a block that there may be.
BLOCKS = (32, 64, 128)


class _Mma(Kernel):
    source = "own"
    licence = "Apache-2.0"
    install = INSTALL
    sources = (SOURCE, SOURCE.with_name("_cuda_launch.py"))
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

    def program(self, spec: AttnSpec) -> Program:
        source = SOURCE.read_text(encoding="utf-8")
        words = tuple(self.defines(spec).items())
        return Program(source, SOURCE.name, words, BLOCK_M, 128, self.shared(spec))

    def run(self, q, k, v, mask, causal, scale, out):  # type: ignore[no-untyped-def]
        program = self.program(AttnSpec.of(q, k, v, None, causal))
        return launch(self.id, program, q, k, v, causal, scale, out)

    def resources(self, spec: AttnSpec, arch: str) -> list[Resources]:
        where = "registers" if self.in_registers else "shared memory"
        variant = f"n{self.block_n}, queries in {where}, {self.ctas} CTAs asked for"
        return [report(self.id, variant, self.program(spec), arch)]


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
