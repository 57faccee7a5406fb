"""The definition in double precision: what all others are measured against."""

from __future__ import annotations

import torch

from meshloom.kernels.attention.kernel import EVERY_MASK, Kernel, Limits
from meshloom.kernels.attention.masks import causal_mask, four_dimensions

#: Scores held at once, in elements: 256 MB.
MOST = 1 << 25


def attend64(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    mask: torch.Tensor | None = None,
    causal: bool = False,
    scale: float | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """(B, Nq, Hq, Dv) float64 and the log-sum-exp (B, Hq, Nq) float64, head by head and in blocks of queries."""
    batch, nq, heads, d = q.shape
    nk, group = k.shape[1], heads // k.shape[2]
    scale = d**-0.5 if scale is None else scale
    out = torch.empty(batch, nq, heads, v.shape[3], dtype=torch.float64, device=q.device)
    lse = torch.empty(batch, heads, nq, dtype=torch.float64, device=q.device)
    step = max(1, MOST // nk)
    held = None if mask is None else four_dimensions(mask)
    below = causal_mask(nq, nk, q.device) if causal else None
    for b in range(batch):
        for h in range(heads):
            key, value = k[b, :, h // group].double(), v[b, :, h // group].double()
            for first in range(0, nq, step):
                rows = slice(first, min(nq, first + step))
                logits = (q[b, rows, h].double() * scale) @ key.T
                if held is not None:
                    part = held[b % held.shape[0], h % held.shape[1]]
                    part = part if part.shape[0] == 1 else part[rows]
                    if part.dtype == torch.bool:
                        logits.masked_fill_(~part, -torch.inf)
                    else:
                        logits += part.double()
                if below is not None:
                    logits.masked_fill_(~below[rows], -torch.inf)
                total = torch.logsumexp(logits, dim=1, keepdim=True)
                weights = torch.exp(logits - total.masked_fill(total == -torch.inf, 0))
                out[b, rows, h] = weights @ value
                lse[b, h, rows] = total[:, 0]
    return out, lse


class Reference(Kernel):
    id = "reference.fp64"
    title = "Definition in double precision"
    source = "own"
    licence = "Apache-2.0"
    limits = Limits(
        ("cpu", "cuda"),
        ("fp64", "fp32", "fp16", "bf16"),
        1 << 16,
        1,
        (0, 999),
        EVERY_MASK,
        value_dim=True,
    )

    def run(self, q, k, v, mask, causal, scale, out):  # type: ignore[no-untyped-def]
        return attend64(q, k, v, mask, causal, scale)[0].to(q.dtype)


KERNELS = (Reference,)
