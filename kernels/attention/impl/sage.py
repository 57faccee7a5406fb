"""SageAttention 1, 2 and 3: Q K^T in INT8 or less. Lossy, so it must be asked for.

https://github.com/thu-ml/SageAttention (Zhang et al., ICLR 2025 and later). It changes K in place in some
versions (the channel means are taken off), so it gets a copy.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util

from meshloom.kernels.attention.kernel import Kernel, Limits
from meshloom.kernels.registry import YES, Verdict, no


class _Sage(Kernel):
    source = "library"
    risky = True
    exact = False
    licence = "Apache-2.0"
    major: int

    def installed(self) -> Verdict:
        if importlib.util.find_spec("sageattention") is None:
            return no("sageattention is not installed", self.install)
        try:
            version = importlib.metadata.version("sageattention")
        except importlib.metadata.PackageNotFoundError:
            return no("sageattention is there without its version", self.install)
        if int(version.partition(".")[0]) != self.major:
            return no(f"sageattention is {version}; expected {self.major}.x", self.install)
        return YES

    def run(self, q, k, v, mask, causal, scale, out):  # type: ignore[no-untyped-def]
        from sageattention import sageattn

        return sageattn(q, k.clone(), v, tensor_layout="NHD", is_causal=causal, sm_scale=scale)


class One(_Sage):
    id = "sage.1"
    title = "SageAttention 1 (INT8 QK)"
    major = 1
    install = "pip install sageattention==1.0.6"
    limits = Limits(("cuda",), ("fp16", "bf16"), 128, 8, (80, 999), ragged_causal=False)


class Two(_Sage):
    id = "sage.2"
    title = "SageAttention 2 (INT8 QK, FP8 PV)"
    major = 2
    install = "build github.com/thu-ml/SageAttention from source (PyPI has 1.0.6 only)"
    limits = Limits(("cuda",), ("fp16", "bf16"), 128, 8, (80, 120), ragged_causal=False)


class Three(Kernel):
    id = "sage.3"
    title = "SageAttention 3 (FP4, Blackwell)"
    source = "library"
    risky = True
    exact = False
    licence = "Apache-2.0"
    packages = ("sageattn3",)
    install = "build the folder sageattention3_blackwell/ of github.com/thu-ml/SageAttention"
    limits = Limits(("cuda",), ("fp16", "bf16"), 128, 64, (120, 129), grouped=False, ragged_causal=False)

    def run(self, q, k, v, mask, causal, scale, out):  # type: ignore[no-untyped-def]
        from sageattn3 import sageattn3_blackwell

        d = q.shape[-1]
        q = q * (scale * d**0.5)  # it knows no scale of its own
        q, k, v = (tensor.transpose(1, 2).contiguous() for tensor in (q, k.clone(), v))
        return sageattn3_blackwell(q, k, v, is_causal=causal).transpose(1, 2)


KERNELS = (One, Two, Three)
