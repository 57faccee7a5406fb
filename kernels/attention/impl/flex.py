"""torch's FlexAttention: masks as functions, compiled on CUDA; step by step elsewhere, for checking.

https://pytorch.org/blog/flexattention/. The causal rule is always part of the mask function: passing it as a
flag beside an empty mask is how it gets lost elsewhere.
"""

from __future__ import annotations

import functools
import warnings

import torch

from meshloom.kernels.attention.device import DeviceCaps
from meshloom.kernels.attention.kernel import EVERY_MASK, Kernel, Limits
from meshloom.kernels.attention.masks import four_dimensions
from meshloom.kernels.attention.spec import AttnSpec
from meshloom.kernels.registry import YES, Verdict, no

#: Scores that the uncompiled form may hold, in elements.
MOST_EAGER = 1 << 28


@functools.cache
def _compiled():  # type: ignore[no-untyped-def]
    from torch.nn.attention.flex_attention import flex_attention

    return torch.compile(flex_attention, dynamic=False)


class Flex(Kernel):
    id = "flex"
    title = "torch FlexAttention"
    limits = Limits(("cpu", "cuda"), ("fp32", "fp16", "bf16"), 256, 8, (80, 999), EVERY_MASK, value_dim=True)

    def also(self, spec: AttnSpec, device: DeviceCaps) -> Verdict:
        if device.kind == "cpu" and spec.b * spec.hq * spec.nq * spec.nk > MOST_EAGER:
            return no(
                "holds the whole matrix of scores on the CPU, which is too large here", "use sdpa.flash"
            )
        return YES

    def run(self, q, k, v, mask, causal, scale, out):  # type: ignore[no-untyped-def]
        from torch.nn.attention.flex_attention import flex_attention

        shift = k.shape[1] - q.shape[1]
        held = None if mask is None else four_dimensions(mask).expand(q.shape[0], q.shape[2], q.shape[1], -1)

        def rule(score, b, h, i, j):  # type: ignore[no-untyped-def]
            if held is not None:
                part = held[b, h, i, j]
                score = torch.where(part, score, -torch.inf) if held.dtype == torch.bool else score + part
            return torch.where(j <= i + shift, score, -torch.inf) if causal else score

        arguments = {
            "score_mod": None if held is None and not causal else rule,
            "scale": scale,
            "enable_gqa": q.shape[2] != k.shape[2],
        }
        q, k, v = (tensor.transpose(1, 2) for tensor in (q, k, v))
        if q.device.type == "cuda":
            return _compiled()(q, k, v, **arguments).transpose(1, 2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it is not compiled, which is meant
            return flex_attention(q, k, v, **arguments).transpose(1, 2)


KERNELS = (Flex,)
