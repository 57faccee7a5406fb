"""All kernels by id. They are found by name and imported when asked for, as those of attention are."""

from __future__ import annotations

import functools
import importlib

from meshloom.kernels.splatting.catalogue import DEFAULT, KERNELS
from meshloom.kernels.splatting.kernel import Kernel, Rasteriser, SplattingError

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
    held = importlib.import_module(f"meshloom.kernels.splatting.impl.{module}")
    return {kernel.id: kernel for kernel in held.KERNELS}


def ids() -> tuple[str, ...]:
    """Those there are, the default first."""
    return (*KERNELS, *_added)


def get(kernel_id: str) -> Kernel:
    """The kernel of that id. Raises :class:`SplattingError` naming those there are."""
    if kernel_id in _added:
        return _added[kernel_id]()
    if kernel_id not in KERNELS:
        raise SplattingError(
            f"no kernel of splatting is called {kernel_id!r}", f"there are: {', '.join(ids())}"
        )
    return _load(KERNELS[kernel_id])[kernel_id]()


def opened(kernel_id: str | None, threads: int) -> Rasteriser:
    """A rasteriser of that kernel, the default for None. Raises :class:`SplattingError` where it cannot be used."""
    kernel = get(kernel_id or DEFAULT)
    verdict = kernel.usable()
    if not verdict:
        raise SplattingError(f"{kernel.id} cannot be used here: {verdict.reason}", verdict.fix)
    return kernel.open(threads)
