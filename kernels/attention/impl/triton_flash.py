"""Our Triton flash attention: on CUDA, and for checking in Triton's interpreter on the CPU.

The interpreter (``TRITON_INTERPRET=1`` when Python starts) runs the same source with numpy. Its bf16 truncates
instead of rounding, so bf16 is left to a GPU.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from meshloom.kernels.attention.device import DeviceCaps
from meshloom.kernels.attention.kernel import AttentionError, Kernel, Limits
from meshloom.kernels.attention.masks import four_dimensions
from meshloom.kernels.attention.resources import Resources
from meshloom.kernels.attention.spec import AttnSpec, MaskKind
from meshloom.kernels.registry import YES, Verdict, no

LOG2_E = 1.4426950408889634
INTERPRET = "TRITON_INTERPRET"
_MASKS = frozenset({MaskKind.NONE, MaskKind.KEY_PADDING})


class TritonFlash(Kernel):
    id = "own.triton"
    title = "Meshloom, Triton flash attention"
    source = "own"
    licence = "Apache-2.0"
    packages = ("triton",)
    install = 'pip install "meshloom[kernels]" (Linux; torch for CUDA brings it along)'
    sources = (Path(__file__).with_name("_triton_flash_kernel.py"),)
    limits = Limits(("cuda", "cpu"), ("fp32", "fp16", "bf16"), 256, 16, (80, 999), _MASKS, value_dim=True)
    options: ClassVar = {"block_m": 0, "block_n": 0, "warps": 0, "stages": 0, "registers": 0}
    writes_out = True
    risky = True
    compiles = True

    def also(self, spec: AttnSpec, device: DeviceCaps) -> Verdict:
        if spec.d & (spec.d - 1) or spec.dv & (spec.dv - 1):
            return no(f"takes a head dimension that is a power of two, not {spec.d}")
        if device.kind == "cpu":
            if os.environ.get(INTERPRET) != "1":
                fix = f"start with {INTERPRET}=1 to check it in Triton's interpreter (very slow)"
                return no("compiles for GPUs; there is none here", fix)
            if spec.dtype == "bf16":
                return no("Triton's interpreter does not round bf16", "check fp16 or fp32 in it")
        return YES

    def config(self, spec: AttnSpec) -> dict[str, int]:
        """Block sizes, warps and pipeline stages: as chosen, else by head dimension and dtype."""
        wide = max(spec.d, spec.dv)
        if spec.dtype == "fp32":
            default = (64, 32, 4, 2)
        elif wide <= 64:
            default = (128, 64, 4, 3)
        elif wide <= 128:
            default = (128, 64, 8, 3)
        else:
            default = (64, 64, 8, 2)
        names = ("block_m", "block_n", "warps", "stages")
        return {name: self.chosen[name] or held for name, held in zip(names, default, strict=True)}

    def run(self, q, k, v, mask, causal, scale, out):  # type: ignore[no-untyped-def]
        from meshloom.kernels.attention.impl._triton_flash_kernel import flash_forward

        if not scale > 0:
            raise AttentionError(f"{self.id}: the scale is {scale}; expected a number above 0")
        q, k, v = (t if t.stride(3) == 1 else t.contiguous() for t in (q, k, v))
        batch, nq, heads, d = q.shape
        nk = k.shape[1]
        config = self.config(AttnSpec.of(q, k, v))
        interpreted = q.device.type == "cpu"
        if interpreted:  # small blocks: the loop over programs is what takes the time
            config = {**config, "block_m": min(64, config["block_m"]), "block_n": min(64, config["block_n"])}
        pad, pad_batch = q, 0
        if mask is not None:
            pad = four_dimensions(mask)[:, 0, 0].to(q.device).byte().contiguous()
            pad_batch = 0 if pad.shape[0] == 1 else pad.stride(0)
        grid = (-(-nq // config["block_m"]), batch * heads)
        flash_forward[grid](
            *(q, k, v, out, pad, scale * LOG2_E, nq, nk, heads, heads // k.shape[2]),
            *(q.stride(0), q.stride(1), q.stride(2), k.stride(0), k.stride(1), k.stride(2)),
            *(v.stride(0), v.stride(1), v.stride(2), out.stride(0), out.stride(1), out.stride(2), pad_batch),
            BLOCK_M=config["block_m"],
            BLOCK_N=config["block_n"],
            HEAD=d,
            WIDE=v.shape[3],
            CAUSAL=causal,
            PADDED=mask is not None,
            UPCAST=interpreted,
            num_warps=config["warps"],
            num_stages=config["stages"],
            maxnreg=self.chosen["registers"] or None,
            enable_fp_fusion=True,
        )
        return out

    def resources(self, spec: AttnSpec, arch: str) -> list[Resources]:
        from meshloom.kernels.attention.compile_triton import compiled
        from meshloom.kernels.attention.impl._triton_flash_kernel import flash_forward

        config = self.config(spec)
        element = {"fp32": "*fp32", "fp16": "*fp16", "bf16": "*bf16"}[spec.dtype]
        pointers = {"q": element, "k": element, "v": element, "out": element, "pad": "*u8"}
        constants = {
            "BLOCK_M": config["block_m"],
            "BLOCK_N": config["block_n"],
            "HEAD": spec.d,
            "WIDE": spec.dv,
            "CAUSAL": spec.causal,
            "PADDED": spec.mask is MaskKind.KEY_PADDING,
            "UPCAST": False,
        }
        variant = "m{block_m} n{block_n} w{warps} s{stages}".format(**config)
        return [
            compiled(
                flash_forward,
                self.id,
                variant,
                arch,
                pointers,
                constants,
                warps=config["warps"],
                stages=config["stages"],
                registers=self.chosen["registers"] or None,
            )
        ]


KERNELS = (TritonFlash,)
