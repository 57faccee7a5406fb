"""A CUDA C++ kernel that the user wrote, in the race with all others. Its interface is that of ``_cuda_launch``."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from meshloom.kernels.attention.compile_cuda import INSTALL, find_nvrtc
from meshloom.kernels.attention.device import DeviceCaps
from meshloom.kernels.attention.impl._cuda_launch import Program, launch, report
from meshloom.kernels.attention.kernel import Kernel, Limits
from meshloom.kernels.attention.resources import Resources
from meshloom.kernels.attention.spec import AttnSpec
from meshloom.kernels.registry import YES, Verdict, no


class CudaSource(Kernel):
    id = "own.cuda"
    title = "A CUDA kernel of your own"
    source = "own"
    licence = "Apache-2.0"
    install = INSTALL
    sources = (Path(__file__).with_name("_cuda_launch.py"),)
    limits = Limits(("cuda",), ("fp16", "bf16"), 256, 8, (80, 999))
    #: ``macros``: pairs of a name and a number; ``shared``: bytes of dynamic shared memory.
    options: ClassVar = {
        "name": "",
        "source": "",
        "macros": (),
        "head_dim": 128,
        "block_m": 64,
        "threads": 128,
        "shared": 0,
    }
    writes_out = True
    risky = True
    compiles = True

    @property
    def label(self) -> str:
        return f"{self.id}:{self.chosen['name']}" if self.chosen["name"] else self.id

    def installed(self) -> Verdict:
        return YES if find_nvrtc() else no("NVRTC is not installed", INSTALL)

    def also(self, spec: AttnSpec, device: DeviceCaps) -> Verdict:
        if not self.chosen["source"]:
            return no("has no source", "choose it by kernels.cuda_source, which takes a file")
        if spec.d != self.chosen["head_dim"]:
            return no(f"is for a head dimension of {self.chosen['head_dim']}, not {spec.d}")
        return YES

    def program(self, spec: AttnSpec) -> Program:
        given = {"HEAD": spec.d, "BF16": int(spec.dtype == "bf16"), "CAUSAL": int(spec.causal)}
        words = {**given, **dict(self.chosen["macros"])}
        name = self.chosen["name"] or "kernel.cu"
        sizes = (self.chosen[what] for what in ("block_m", "threads", "shared"))
        return Program(self.chosen["source"], name, tuple(words.items()), *sizes)

    def run(self, q, k, v, mask, causal, scale, out):  # type: ignore[no-untyped-def]
        program = self.program(AttnSpec.of(q, k, v, None, causal))
        return launch(self.label, program, q, k, v, causal, scale, out)

    def resources(self, spec: AttnSpec, arch: str) -> list[Resources]:
        macros = ", ".join(f"{name}={held}" for name, held in self.chosen["macros"])
        return [report(self.label, macros, self.program(spec), arch)]


KERNELS = (CudaSource,)
