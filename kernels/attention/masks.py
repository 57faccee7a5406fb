"""Masks and grouped heads spelled out, for kernels that do not know them."""

from __future__ import annotations

import torch

from meshloom.kernels.attention.spec import AttnSpec, MaskKind


def causal_mask(nq: int, nk: int, device: torch.device | str = "cpu") -> torch.Tensor:
    """(Nq, Nk) bool, true = may be seen, aligned at the bottom right."""
    return torch.ones(nq, nk, dtype=torch.bool, device=device).tril(nk - nq)


def four_dimensions(mask: torch.Tensor) -> torch.Tensor:
    """The mask as (B|1, H|1, Nq|1, Nk)."""
    return mask[(None,) * (4 - mask.ndim)]


def repeat_heads(tensor: torch.Tensor, heads: int) -> torch.Tensor:
    """(B, S, Hkv, D) to (B, S, heads, D), each key head for its group of query heads."""
    return tensor if tensor.shape[2] == heads else tensor.repeat_interleave(heads // tensor.shape[2], dim=2)


def make_mask(spec: AttnSpec, seed: int = 0, dead_rows: bool = False) -> torch.Tensor | None:
    """A mask of the kind that ``spec`` names, drawn by ``seed``. ``dead_rows``: some queries may see no key."""
    if spec.mask is MaskKind.NONE:
        return None
    generator = torch.Generator().manual_seed(seed)
    if spec.mask is MaskKind.KEY_PADDING:
        lengths = torch.randint(max(1, spec.nk // 2), spec.nk + 1, (spec.b,), generator=generator)
        mask = (torch.arange(spec.nk) < lengths[:, None])[:, None, None, :]
    elif spec.mask is MaskKind.BOOL_QK:
        mask = torch.rand(spec.b, 1, spec.nq, spec.nk, generator=generator) < 0.7
        mask[..., 0] = True
        if dead_rows:
            mask[:, :, :: max(1, spec.nq // 3)] = False
    else:
        from meshloom.kernels.attention.spec import torch_dtype

        mask = 3 * torch.randn(spec.b, spec.hq, spec.nq, spec.nk, generator=generator)
        mask = mask.to(torch_dtype(spec.dtype))
    return mask.to(spec.device)
