"""A kernel put into models of diffusers, and taken out again.

diffusers (0.36 to 0.42) picks by a processor's ``_attention_backend``, else by a process-wide default. Its own
``set_attention_backend`` changes that default too and its reset does not restore it, so neither is called here: a
backend of our own is added, the processors of the one model are pointed at it, and all is put back.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import torch

from meshloom.kernels.attention.policy import Policy, top_left

NAME = "meshloom"

_lock = threading.RLock()
_policies: list[Policy] = []


def _attend(  # type: ignore[no-untyped-def]
    query,
    key,
    value,
    attn_mask=None,
    dropout_p=0.0,
    is_causal=False,
    scale=None,
    enable_gqa=False,
    _parallel_config=None,
):
    """Every argument that diffusers has is named: it drops in silence those that a backend does not name."""
    if attn_mask is not None and attn_mask.ndim == 2 and attn_mask.shape == (query.shape[0], key.shape[1]):
        attn_mask = attn_mask[:, None, None, :]
    attn_mask, is_causal = top_left(attn_mask, is_causal, query, key)
    return _policies[-1](query, key, value, attn_mask, is_causal, scale, dropout_p)


@contextlib.contextmanager
def _backend() -> Iterator[Any]:
    """Our member of the closed enumeration of backends, there while it is needed."""
    from diffusers.models import attention_dispatch as dispatch

    names, registry = dispatch.AttentionBackendName, dispatch._AttentionBackendRegistry
    held = names._value2member_map_.get(NAME)
    if held is not None:
        yield held
        return
    member = str.__new__(names, NAME)
    member._name_, member._value_, member.__objclass__ = NAME.upper(), NAME, names
    member._sort_order_ = len(names._member_names_)
    names._member_names_.append(member._name_)
    names._member_map_[member._name_] = names._value2member_map_[NAME] = member
    type.__setattr__(names, member._name_, member)
    registry.register(member)(_attend)
    try:
        yield member
    finally:
        for table in (registry._backends, registry._constraints, registry._supported_arg_names):
            table.pop(member, None)
        names._member_names_.remove(member._name_)
        del names._member_map_[member._name_], names._value2member_map_[NAME]
        type.__delattr__(names, member._name_)


def processors(model: Any) -> list[Any]:
    """The attention processors of a model, or of all models of a pipeline, whose backend can be chosen."""
    parts = model.components.values() if hasattr(model, "components") else [model]
    found: dict[int, Any] = {}
    for part in parts:
        for module in part.modules() if isinstance(part, torch.nn.Module) else ():
            held = getattr(module, "processor", None)
            if hasattr(held, "_attention_backend"):
                found[id(held)] = held
    return list(found.values())


@contextlib.contextmanager
def use(model: Any, policy: Policy) -> Iterator[int]:
    """Let ``policy`` compute the attention of a model or pipeline; gives how many processors were pointed at it.

    Everything is as before afterwards, also after an exception. Other threads that want to use a kernel wait.
    Attention that does not go through diffusers' dispatcher (its VAEs, text encoders) is untouched: see
    ``adapters_torch`` and ``adapters_transformers``.
    """
    from diffusers.models import attention_dispatch as dispatch

    registry = dispatch._AttentionBackendRegistry
    with _lock, _backend() as member:
        active = registry._active_backend
        chosen = processors(model)
        before = [(held, "_attention_backend" in vars(held), held._attention_backend) for held in chosen]
        _policies.append(policy)
        try:
            for held in chosen:
                held._attention_backend = member
            yield len(chosen)
        finally:
            _policies.pop()
            for held, own, backend in before:
                if own:
                    held._attention_backend = backend
                else:
                    del held._attention_backend
            registry._active_backend = active
