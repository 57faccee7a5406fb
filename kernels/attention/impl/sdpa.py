"""The backends of torch's ``scaled_dot_product_attention``, each pinned, and its own choice.

https://docs.pytorch.org/docs/stable/generated/torch.nn.attention.sdpa_kernel.html; the pin is a context manager
that restores what was set, also after an exception. Its flags are process-wide: calls are kept apart by a lock.
"""

from __future__ import annotations

import threading

import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from meshloom.kernels.attention.device import DeviceCaps
from meshloom.kernels.attention.kernel import EVERY_MASK, Kernel, Limits
from meshloom.kernels.attention.masks import causal_mask, repeat_heads
from meshloom.kernels.attention.spec import AttnSpec, MaskKind
from meshloom.kernels.registry import YES, Verdict, no

_PIN = threading.RLock()
_HALF = ("fp16", "bf16")
_ALL = ("fp64", "fp32", "fp16", "bf16")


class _Sdpa(Kernel):
    backend: SDPBackend | None

    def run(self, q, k, v, mask, causal, scale, out):  # type: ignore[no-untyped-def]
        # Heads are repeated here (a view is enough for most backends): `enable_gqa` is not known to all.
        k, v = repeat_heads(k, q.shape[2]), repeat_heads(v, q.shape[2])
        if causal and q.shape[1] != k.shape[1]:
            mask, causal = causal_mask(q.shape[1], k.shape[1], q.device), False
        q, k, v = q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)
        arguments = {"attn_mask": mask, "is_causal": causal, "scale": scale}
        if self.backend is None:
            return F.scaled_dot_product_attention(q, k, v, **arguments).transpose(1, 2)
        with _PIN, sdpa_kernel([self.backend]):
            return F.scaled_dot_product_attention(q, k, v, **arguments).transpose(1, 2)


class Math(_Sdpa):
    id = "sdpa.math"
    title = "torch, whole matrix of scores"
    backend = SDPBackend.MATH
    limits = Limits(("cpu", "cuda", "mps"), _ALL, 1 << 16, 1, (0, 999), EVERY_MASK, value_dim=True)

    def also(self, spec: AttnSpec, device: DeviceCaps) -> Verdict:
        scores = 4 * spec.b * spec.hq * spec.nq * spec.nk * 2
        if device.memory and scores > device.memory:
            return no(f"its matrix of scores takes {scores >> 30} GiB; the device has {device.memory >> 30}")
        return YES


class Flash(_Sdpa):
    id = "sdpa.flash"
    title = "torch, FlashAttention-2"
    backend = SDPBackend.FLASH_ATTENTION
    limits = Limits(("cpu", "cuda"), ("fp32", *_HALF), 256, 1, masks=EVERY_MASK, ragged_causal=True)

    def also(self, spec: AttnSpec, device: DeviceCaps) -> Verdict:
        if device.kind == "cpu":
            return YES
        if spec.dtype == "fp32":
            return no("takes fp16, bf16 on CUDA, not fp32", "cast to bf16")
        if spec.mask is not MaskKind.NONE:
            return no("takes no mask on CUDA", "choose sdpa.efficient or flex")
        if spec.causal and spec.nq != spec.nk:
            return no("aligns causal at the top left, which differs where there are more keys than queries")
        return YES


class Efficient(_Sdpa):
    id = "sdpa.efficient"
    title = "torch, memory-efficient (CUTLASS)"
    backend = SDPBackend.EFFICIENT_ATTENTION
    limits = Limits(("cuda",), ("fp32", *_HALF), 1 << 16, 8, (50, 999), EVERY_MASK, value_dim=True)


class CuDnn(_Sdpa):
    id = "sdpa.cudnn"
    title = "torch, cuDNN"
    backend = SDPBackend.CUDNN_ATTENTION
    limits = Limits(("cuda",), _HALF, 256, 8, masks=EVERY_MASK)

    def also(self, spec: AttnSpec, device: DeviceCaps) -> Verdict:
        if not torch.backends.cudnn.is_available():
            return no("this torch comes without cuDNN", "install a CUDA build of torch")
        if spec.d > 128 and device.sm < 90:
            return no(f"takes a head dimension up to 128 below sm_90, not {spec.d}")
        return YES


class Default(_Sdpa):
    id = "sdpa.default"
    title = "torch, its own choice of backend"
    backend = None
    limits = Limits(("cpu", "cuda", "mps"), _ALL, 1 << 16, 1, (0, 999), EVERY_MASK, value_dim=True)


KERNELS = (Math, Flash, Efficient, CuDnn, Default)
