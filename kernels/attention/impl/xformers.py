"""xformers' memory-efficient attention. https://github.com/facebookresearch/xformers"""

from __future__ import annotations

from meshloom.kernels.attention.kernel import Kernel, Limits
from meshloom.kernels.attention.masks import causal_mask, four_dimensions, repeat_heads
from meshloom.kernels.attention.spec import MaskKind


class Xformers(Kernel):
    id = "xformers"
    title = "xformers, memory-efficient"
    source = "library"
    risky = True
    packages = ("xformers",)
    install = "pip install xformers"
    limits = Limits(
        ("cuda",),
        ("fp32", "fp16", "bf16"),
        256,
        8,
        (50, 90),
        frozenset({MaskKind.NONE, MaskKind.ADDITIVE}),
        ragged_causal=True,
    )

    def run(self, q, k, v, mask, causal, scale, out):  # type: ignore[no-untyped-def]
        from xformers import ops

        k, v = repeat_heads(k, q.shape[2]), repeat_heads(v, q.shape[2])
        bias = None
        if causal and q.shape[1] == k.shape[1]:
            bias = ops.LowerTriangularMask()
        elif causal:
            mask = q.new_zeros(q.shape[1], k.shape[1])
            mask.masked_fill_(~causal_mask(q.shape[1], k.shape[1], q.device), float("-inf"))
        if mask is not None:
            shape = (q.shape[0], q.shape[2], q.shape[1], k.shape[1])
            # The kernel reads rows of the bias aligned to eight elements.
            padded = q.new_zeros(*shape[:3], -(-shape[3] // 8) * 8)
            bias = padded[..., : shape[3]]
            bias.copy_(four_dimensions(mask).expand(shape))
        return ops.memory_efficient_attention(q, k, v, attn_bias=bias, scale=scale)


KERNELS = (Xformers,)
