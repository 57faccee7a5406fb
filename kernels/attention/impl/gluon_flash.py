"""Our flash attention for Hopper in Gluon: TMA, warpgroup products, fetching and computing warps apart.

Has been compiled for sm_90 and its source run word by word on a processor, with barriers and asynchronous copies as
threads; it has not been run on a GPU. There it passes the gate in a process of its own before anything else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from meshloom.kernels.attention.device import DeviceCaps
from meshloom.kernels.attention.kernel import AttentionError, Kernel, Limits
from meshloom.kernels.attention.resources import Resources
from meshloom.kernels.attention.spec import AttnSpec, torch_dtype
from meshloom.kernels.registry import YES, Verdict, no

LOG2_E = 1.4426950408889634
#: Queries of a program, and of each of its two groups of warps.
BLOCK_M, PART_M = 128, 64
#: Keys of a block that there may be.
BLOCKS = (32, 64, 128, 256)
#: Of each thread at launch; 384 threads of a program share 65536.
REGISTERS = 168


class GluonFlash(Kernel):
    id = "own.gluon"
    title = "Meshloom, Gluon for Hopper"
    source = "own"
    licence = "Apache-2.0"
    packages = ("triton",)
    install = 'pip install "meshloom[kernels]" (Linux; torch for CUDA brings it along)'
    sources = (Path(__file__).with_name("_gluon_flash_kernel.py"),)
    limits = Limits(("cuda",), ("fp16", "bf16"), 128, 64, (90, 90))
    options: ClassVar = {"block_n": 128, "stages": 2}
    writes_out = True
    risky = True
    compiles = True

    def also(self, spec: AttnSpec, device: DeviceCaps) -> Verdict:
        return YES if spec.d in (64, 128) else no(f"takes head dimensions 64 and 128, not {spec.d}")

    def run(self, q, k, v, mask, causal, scale, out):  # type: ignore[no-untyped-def]
        from meshloom.kernels.attention.impl._gluon_flash_kernel import gluon_forward

        if not scale > 0:
            raise AttentionError(f"{self.id}: the scale is {scale}; expected a number above 0")
        q, k, v = (t if _aligned(t) else t.contiguous() for t in (q, k, v))
        written = out if _aligned(out) else out.new_empty(out.shape)
        spec = AttnSpec.of(q, k, v, None, causal)
        grid = (-(-spec.nq // BLOCK_M), spec.b * spec.hq)
        gluon_forward[grid](
            *self.descriptors(q, k, v, written),
            *(scale * LOG2_E, spec.nq, spec.nk, spec.hq, spec.hq // spec.hkv),
            **self.constants(spec),
            num_warps=4,
            maxnreg=REGISTERS,
            enable_fp_fusion=True,
        )
        return out if written is out else out.copy_(written)

    def descriptors(self, q: Any, k: Any, v: Any, out: Any) -> tuple[Any, ...]:
        """How TMA finds boxes of (B, S, H, D): queries and results by 64 rows, keys and values by blocks."""
        from triton.experimental.gluon.language import NVMMASharedLayout
        from triton.experimental.gluon.nvidia.hopper import TensorDescriptor

        block = self.chosen["block_n"]
        if block not in BLOCKS:
            raise AttentionError(f"{self.id}: block_n is {block}", f"it takes {', '.join(map(str, BLOCKS))}")
        found = []
        for tensor, rows in ((q, PART_M), (k, block), (v, block), (out, PART_M)):
            layout = NVMMASharedLayout(128, 16, rank=4)
            found.append(TensorDescriptor.from_tensor(tensor, [1, rows, 1, tensor.shape[3]], layout))
        return tuple(found)

    def constants(self, spec: AttnSpec) -> dict[str, Any]:
        """What the kernel is compiled for."""
        from triton.experimental.gluon import language as gl

        return {
            "BLOCK_N": self.chosen["block_n"],
            "HEAD": spec.d,
            "STAGES": self.chosen["stages"],
            "CAUSAL": spec.causal,
            "DTYPE": gl.bfloat16 if spec.dtype == "bf16" else gl.float16,
        }

    def resources(self, spec: AttnSpec, arch: str) -> list[Resources]:
        import torch

        from meshloom.kernels.attention.compile_triton import compiled
        from meshloom.kernels.attention.impl._gluon_flash_kernel import gluon_forward

        if arch.rstrip("a") != "sm_90":
            raise AttentionError(f"{self.id} is for sm_90, not {arch}", "choose own.triton or own.mma_low")
        like = torch.empty(1, 8, 1, spec.d, dtype=torch_dtype(spec.dtype))
        names = ("q", "k", "v", "out")
        boxes = {
            name: f"tensordesc<{spec.dtype}[{','.join(map(str, held.block_shape))}],{held.layout!r}>"
            for name, held in zip(names, self.descriptors(*[like] * 4), strict=True)
        }
        variant = "n{block_n} s{stages}".format(**self.chosen)
        constants = self.constants(spec)
        return [
            compiled(
                gluon_forward,
                self.id,
                variant,
                arch,
                boxes,
                constants,
                warps=4,
                stages=1,
                registers=REGISTERS,
            )
        ]


def _aligned(tensor: Any) -> bool:
    """Whether TMA can read or write it where it lies: rows of elements side by side, all else by 16 bytes."""
    strides = tensor.stride()
    return strides[3] == 1 and all(held % 8 == 0 for held in strides[:3]) and tensor.data_ptr() % 16 == 0


KERNELS = (GluonFlash,)
