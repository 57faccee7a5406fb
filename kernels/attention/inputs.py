"""Inputs on which attention kernels go wrong, each a spec and what makes it hard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch

from meshloom.kernels.attention.masks import make_mask
from meshloom.kernels.attention.spec import AttnSpec, MaskKind, torch_dtype


class Call(NamedTuple):
    """The tensors of one attention call, (B, S, H, D)."""

    q: torch.Tensor
    k: torch.Tensor
    v: torch.Tensor
    mask: torch.Tensor | None
    causal: bool
    scale: float | None = None

    @property
    def spec(self) -> AttnSpec:
        return AttnSpec.of(self.q, self.k, self.v, self.mask, self.causal)


@dataclass(frozen=True)
class Case:
    """A named call; made anew each time, equal for equal seeds."""

    name: str
    spec: AttnSpec
    make: Callable[[], Call]


def random_call(spec: AttnSpec, seed: int = 0, dead_rows: bool = False) -> Call:
    """Normal Q, K and V of a spec, drawn on the CPU so that every device gets the same."""
    generator = torch.Generator().manual_seed(seed)
    dtype = torch_dtype(spec.dtype)

    def draw(length: int, heads: int, size: int) -> torch.Tensor:
        drawn = torch.randn(spec.b, length, heads, size, generator=generator)
        return drawn.to(dtype).to(spec.device)

    q = draw(spec.nq, spec.hq, spec.d)
    k, v = draw(spec.nk, spec.hkv, spec.d), draw(spec.nk, spec.hkv, spec.dv)
    return Call(q, k, v, make_mask(spec, seed, dead_rows), spec.causal)


def fewer_heads(call: Call, most: int) -> Call:
    """The call with as many groups of heads as keep its scores below ``most`` elements, but at least one.

    Heads do not meet in attention, so those that stay are computed as before; spread over all there are.
    """
    spec = call.spec
    one = spec.b * spec.nq * spec.nk * (spec.hq // spec.hkv)
    count = max(1, min(spec.hkv, most // max(1, one)))
    if count == spec.hkv:
        return call
    groups = torch.linspace(0, spec.hkv - 1, count).round().long().unique()
    heads = (groups[:, None] * (spec.hq // spec.hkv) + torch.arange(spec.hq // spec.hkv)).flatten()
    groups, heads = groups.to(call.q.device), heads.to(call.q.device)
    mask = call.mask
    if mask is not None and mask.ndim == 4 and mask.shape[1] > 1:
        mask = mask[:, heads]
    return call._replace(q=call.q[:, :, heads], k=call.k[:, :, groups], v=call.v[:, :, groups], mask=mask)


def _biased_keys(call: Call) -> Call:
    """A few channels of K far from zero, as real models have them; quantisers stumble over these."""
    k = call.k.clone()
    k[..., :: max(1, k.shape[3] // 4)] += 12
    return call._replace(k=k)


def _large_logits(call: Call) -> Call:
    """Logits up to about 80 either way: sums of exponentials that overflow fp16 without a maximum taken off."""
    d = call.q.shape[3]
    peak = (call.q[0, :, 0].float() @ call.k[0, :, 0].float().T).abs().max() * d**-0.5
    return call._replace(q=(call.q * float(80 / peak)).to(call.q.dtype))


def _one_hot(call: Call) -> Call:
    """Each query meets one key that outweighs all others."""
    k, q = call.k.clone(), call.q.clone()
    chosen = torch.arange(q.shape[1], device=q.device) * 7 % k.shape[1]
    group = q.shape[2] // k.shape[2]
    q[:] = 6 * k.repeat_interleave(group, dim=2)[:, chosen]
    return call._replace(q=q, k=k)


def _offset_values(call: Call) -> Call:
    """Values far from zero: what the weights lose by rounding is seen at full size."""
    return call._replace(v=call.v + 30)


def _fused_views(call: Call) -> Call:
    """Q, K and V as views into one tensor of a fused projection, whose rows are three times as long."""
    held = torch.stack([call.q, call.k, call.v], dim=2).flatten(2, 3)
    return Call(*held.unflatten(2, (3, -1)).unbind(2), call.mask, call.causal)


def _heads_first(call: Call) -> Call:
    """Views of (B, H, S, D) storage."""
    q, k, v = (tensor.transpose(1, 2).contiguous().transpose(1, 2) for tensor in call[:3])
    return Call(q, k, v, call.mask, call.causal)


_CHANGES: dict[str, Callable[[Call], Call]] = {
    "keys with a channel bias": _biased_keys,
    "logits of 80": _large_logits,
    "one key outweighs": _one_hot,
    "values with an offset": _offset_values,
    "views of a fused projection": _fused_views,
    "views of heads-first storage": _heads_first,
}


def adversarial(dtype: str, device: str, d: int = 64, seed: int = 0, large: bool = False) -> Iterator[Case]:
    """The cases of the gate. ``large``: also the ragged lengths of image models, for a GPU."""
    base = AttnSpec(1, 2, 129, d, dtype, device)
    for name, change in {"normal": lambda call: call, **_CHANGES}.items():
        yield _case(f"{name}, D {d}", base, seed, change)
    for n in (1, 63, 127, 128, 257):
        yield _case(f"N {n}, D {d}", replace(base, nq=n, nk=n), seed)
    if large:
        for n in (4156, 8448):
            yield _case(f"N {n}, D {d}", replace(base, nq=n, nk=n), seed)
    yield _case(f"batch of 3, D {d}", replace(base, b=3, nq=40, nk=40), seed)
    yield _case(f"fewer queries, D {d}", replace(base, nq=17, nk=200), seed)
    yield _case(f"fewer keys, D {d}", replace(base, nq=200, nk=17), seed)
    yield _case(f"grouped heads, D {d}", replace(base, hq=4, hkv=2), seed)
    yield _case(f"causal, D {d}", replace(base, causal=True), seed)
    yield _case(f"causal, logits of 80, D {d}", replace(base, causal=True), seed, _large_logits)
    yield _case(f"causal, fewer queries, D {d}", replace(base, nq=17, nk=200, causal=True), seed)
    yield _case(f"causal, grouped heads, D {d}", replace(base, hq=4, hkv=1, causal=True), seed)
    for kind in (MaskKind.KEY_PADDING, MaskKind.BOOL_QK, MaskKind.ADDITIVE):
        yield _case(f"{kind.value} mask, D {d}", replace(base, b=2, mask=kind), seed)
    dead = replace(base, mask=MaskKind.BOOL_QK)
    yield Case(f"queries without a key, D {d}", dead, lambda: random_call(dead, seed, dead_rows=True))


def _case(name: str, spec: AttnSpec, seed: int, change: Callable[[Call], Call] = lambda call: call) -> Case:
    return Case(name, spec, lambda: change(random_call(spec, seed)))
