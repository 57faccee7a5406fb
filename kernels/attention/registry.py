"""All kernels by id; for a spec, each with its verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from meshloom.kernels.attention.catalogue import KERNELS
from meshloom.kernels.attention.device import DeviceCaps, device_caps
from meshloom.kernels.attention.kernel import AttentionError, Kernel
from meshloom.kernels.attention.spec import AttnSpec
from meshloom.kernels.registry import Registry, Verdict

_HELD: Registry[Kernel] = Registry(KERNELS, "meshloom.kernels.attention.impl")
register, ids, _added = _HELD.register, _HELD.ids, _HELD.added


def get(kernel_id: str, **options: Any) -> Kernel:
    """The kernel of that id. Raises :class:`AttentionError` naming those there are, or the options it takes."""
    kernel = _HELD.find(kernel_id)
    if kernel is None:
        raise AttentionError(f"no kernel is called {kernel_id!r}", f"there are: {', '.join(ids())}")
    return kernel(**options)


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
