"""A kernel put into models of transformers (5.x), and taken out again.

An implementation needs its mask function too: without one, padded batches silently run without a mask.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import torch

from meshloom.kernels.attention.policy import Policy

NAME = "meshloom"

_lock = threading.RLock()
_policies: list[Policy] = []


def _attend(module, query, key, value, attention_mask=None, dropout=0.0, scaling=None, is_causal=None, **_):  # type: ignore[no-untyped-def]
    """(B, H, S, D) in, (B, S, H, D) out. Grouped heads are not repeated; causal where there is no mask."""
    query, key, value = (tensor.transpose(1, 2) for tensor in (query, key, value))
    if attention_mask is not None:
        attention_mask = attention_mask[..., : key.shape[1]]
    causal = getattr(module, "is_causal", False) if is_causal is None else is_causal
    causal = bool(causal) and attention_mask is None and query.shape[1] > 1
    return _policies[-1](query, key, value, attention_mask, causal, scaling, dropout), None


@contextlib.contextmanager
def _registered() -> Iterator[None]:
    from transformers.masking_utils import AttentionMaskInterface, sdpa_mask
    from transformers.modeling_utils import AttentionInterface

    tables = (AttentionInterface._global_mapping, AttentionMaskInterface._global_mapping)
    if NAME in tables[0]:
        yield
        return
    AttentionInterface.register(NAME, _attend)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    try:
        yield
    finally:
        for table in tables:
            table.pop(NAME, None)


@contextlib.contextmanager
def use(model: Any, policy: Policy) -> Iterator[int]:
    """Let ``policy`` compute the attention of a model; gives how many configurations were pointed at it.

    Everything is as before afterwards, also after an exception. Other threads that want to use a kernel wait.
    """
    configs: dict[int, Any] = {}
    for module in model.modules() if isinstance(model, torch.nn.Module) else ():
        held = getattr(module, "config", None)
        if hasattr(held, "_attn_implementation_internal"):
            configs[id(held)] = held
    with _lock, _registered():
        before = [(held, held._attn_implementation_internal) for held in configs.values()]
        _policies.append(policy)
        try:
            for held in configs.values():
                held._attn_implementation_internal = NAME
            yield len(configs)
        finally:
            _policies.pop()
            for held, name in before:
                held._attn_implementation_internal = name
