"""All kernels by id; for a spec, each with its verdict.

The implementations are found by name and not imported above, so that a node's code digest does not hold the
source of every kernel: an edit of one concerns what uses that one, through its fingerprint.
"""

from __future__ import annotations

import functools
import importlib
from dataclasses import dataclass
from typing import Any

from meshloom.kernels.attention.catalogue import KERNELS
from meshloom.kernels.attention.device import DeviceCaps, device_caps
from meshloom.kernels.attention.kernel import AttentionError, Kernel
from meshloom.kernels.attention.spec import AttnSpec, Verdict

_added: dict[str, type[Kernel]] = {}


def register(kernel: type[Kernel]) -> type[Kernel]:
    """Add a kernel of one's own (a decorator). Raises ValueError where the id is taken by another class."""
    held = _added.get(kernel.id)
    if kernel.id in KERNELS or (held is not None and held.__qualname__ != kernel.__qualname__):
        raise ValueError(f"{kernel.id} is taken")
    _added[kernel.id] = kernel
    return kernel


@functools.cache
def _load(module: str) -> dict[str, type[Kernel]]:
    held = importlib.import_module(f"meshloom.kernels.attention.impl.{module}")
    return {kernel.id: kernel for kernel in held.KERNELS}


def ids() -> tuple[str, ...]:
    return (*KERNELS, *_added)


def get(kernel_id: str, **options: Any) -> Kernel:
    """The kernel of that id. Raises :class:`AttentionError` naming those there are, or the options it takes."""
    if kernel_id in _added:
        return _added[kernel_id](**options)
    if kernel_id not in KERNELS:
        raise AttentionError(f"no kernel is called {kernel_id!r}", f"there are: {', '.join(ids())}")
    return _load(KERNELS[kernel_id])[kernel_id](**options)


def parse(text: str) -> Kernel:
    """The kernel of a :attr:`Kernel.label`. Raises :class:`AttentionError`."""
    kernel_id, _, said = text.partition(":")
    options = {}
    for word in filter(None, said.split(",")):
        name, equals, held = word.partition("=")
        if not equals or not held.lstrip("-").isdigit():
            raise AttentionError(
                f"{word!r} is no option", "write name=number, such as own.triton:block_m=64,warps=4"
            )
        options[name] = int(held)
    return get(kernel_id, **options)


@dataclass(frozen=True)
class Candidate:
    """A kernel and whether it can compute what was asked."""

    kernel: Kernel
    verdict: Verdict


def explain(spec: AttnSpec, device: DeviceCaps | None = None) -> list[Candidate]:
    """Every kernel with its verdict for ``spec``."""
    device = device or device_caps(spec.device)
    return [Candidate(kernel, kernel.supports(spec, device)) for kernel in map(get, ids())]


def candidates(spec: AttnSpec, device: DeviceCaps | None = None, lossy: bool = False) -> list[Kernel]:
    """The kernels that can compute ``spec``; those that quantise only where ``lossy``."""
    return [held.kernel for held in explain(spec, device) if held.verdict and (held.kernel.exact or lossy)]


def need(kernel: Kernel, spec: AttnSpec, device: DeviceCaps | None = None) -> None:
    """Raise :class:`AttentionError` naming the spec, the reason and what would work, where ``kernel`` cannot."""
    device = device or device_caps(spec.device)
    verdict = kernel.supports(spec, device)
    if not verdict:
        others = [held.id for held in candidates(spec, device)]
        works = f"these can: {', '.join(others)}" if others else "no kernel can"
        fix = f"{verdict.fix}; {works}" if verdict.fix else works
        raise AttentionError(f"{kernel.id} cannot compute {spec} on {device}: {verdict.reason}", fix)
