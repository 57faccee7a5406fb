"""Tri Dao's FlashAttention 2, 3 and 4 as installed packages. https://github.com/Dao-AILab/flash-attention"""

from __future__ import annotations

import importlib

from meshloom.kernels.attention.kernel import Kernel, Limits
from meshloom.kernels.registry import Verdict, no


class _FlashAttn(Kernel):
    source = "library"
    risky = True
    module: str

    def installed(self) -> Verdict:
        found = super().installed()
        try:
            return found and (
                _probe(self.module) or no(f"{self.module} has no flash_attn_func", self.install)
            )
        except ImportError as error:  # built for another torch or CUDA: the loader's words say which
            return no(f"{self.module} is installed but does not load: {error}", self.install)

    def run(self, q, k, v, mask, causal, scale, out):  # type: ignore[no-untyped-def]
        function = importlib.import_module(self.module).flash_attn_func
        found = function(q, k, v, softmax_scale=scale, causal=causal)
        return found[0] if isinstance(found, tuple) else found


def _probe(module: str) -> Verdict:
    from meshloom.kernels.registry import YES

    return YES if hasattr(importlib.import_module(module), "flash_attn_func") else no("")


class Two(_FlashAttn):
    id = "flash_attn.2"
    title = "FlashAttention-2"
    packages = ("flash_attn",)
    module = "flash_attn"
    install = "pip install flash-attn --no-build-isolation (builds with nvcc, hours)"
    limits = Limits(("cuda",), ("fp16", "bf16"), 256, 8, (80, 999))


class Three(_FlashAttn):
    id = "flash_attn.3"
    title = "FlashAttention-3 (Hopper)"
    packages = ("flash_attn_interface",)
    module = "flash_attn_interface"
    install = (
        "build it from the folder hopper/ of github.com/Dao-AILab/flash-attention, or use hub.flash_attn_3"
    )
    limits = Limits(("cuda",), ("fp16", "bf16"), 256, 8, (90, 90))


class Four(_FlashAttn):
    id = "flash_attn.4"
    title = "FlashAttention-4 (CuTe DSL)"
    packages = ("flash_attn", "cutlass")
    module = "flash_attn.cute"
    install = "pip install --pre flash-attn-4"
    limits = Limits(("cuda",), ("fp16", "bf16"), 256, 8, (80, 129))

    def installed(self) -> Verdict:
        try:
            return super().installed()
        except ModuleNotFoundError as error:
            return no(f"{error.name} is not installed", self.install)


KERNELS = (Two, Three, Four)
