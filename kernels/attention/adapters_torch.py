"""A kernel in place of torch's own ``scaled_dot_product_attention``, in whatever code calls it from Python.

By ``torch.overrides.TorchFunctionMode``: in force within the ``with`` and this thread only, eager code only. It
reaches what has no choice of its own: VAEs, older diffusers processors, one's own models.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

from meshloom.kernels.attention.policy import Policy, top_left


def arguments(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attn_mask: torch.Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> tuple[tuple[torch.Tensor, ...], torch.Tensor | None, bool, float | None, float]:
    """((q, k, v) as (B, S, H, D), mask, causal aligned at the bottom right, scale, dropout) of torch's call."""
    q, k, v = (tensor.transpose(1, 2) for tensor in (query, key, value))
    attn_mask, is_causal = top_left(attn_mask, is_causal, q, k)
    return (q, k, v), attn_mask, is_causal, scale, dropout_p


class AttentionCalls(TorchFunctionMode):
    """Torch's attention goes through :meth:`attend`, everything else its own way, in this thread."""

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        # Without a batch, or with more dimensions, it is not a call that a kernel has an opinion on.
        if function is not F.scaled_dot_product_attention or (args[0] if args else kwargs["query"]).ndim != 4:
            return function(*args, **kwargs)
        return self.attend(lambda: function(*args, **kwargs), *arguments(*args, **kwargs))

    def attend(
        self,
        usual: Callable[[], torch.Tensor],
        qkv: tuple[torch.Tensor, ...],
        mask: torch.Tensor | None,
        causal: bool,
        scale: float | None,
        dropout: float,
    ) -> torch.Tensor:
        """What the call gives. ``usual``: what it would have given; the rest is what :func:`arguments` says."""
        raise NotImplementedError


class _Replace(AttentionCalls):
    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self.policy = policy

    def attend(self, usual: Any, qkv: Any, *rest: Any) -> torch.Tensor:
        return self.policy(*qkv, *rest).transpose(1, 2)


@contextlib.contextmanager
def use(policy: Policy) -> Iterator[None]:
    """Let ``policy`` compute what calls torch's function in this thread."""
    with _Replace(policy):
        yield
