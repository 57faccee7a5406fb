"""All kernels of splatting by id."""

from __future__ import annotations

from meshloom.kernels.registry import Registry
from meshloom.kernels.splatting.catalogue import DEFAULT, KERNELS
from meshloom.kernels.splatting.kernel import Kernel, Rasteriser, SplattingError

_HELD: Registry[Kernel] = Registry(KERNELS, "meshloom.kernels.splatting.impl")
register, ids = _HELD.register, _HELD.ids


def get(kernel_id: str) -> Kernel:
    """The kernel of that id. Raises :class:`SplattingError` naming those there are."""
    kernel = _HELD.find(kernel_id)
    if kernel is None:
        raise SplattingError(
            f"no kernel of splatting is called {kernel_id!r}", f"there are: {', '.join(ids())}"
        )
    return kernel()


def opened(kernel_id: str | None, threads: int) -> Rasteriser:
    """A rasteriser of that kernel, the default for None. Raises :class:`SplattingError` where it cannot be used."""
    kernel = get(kernel_id or DEFAULT)
    verdict = kernel.usable()
    if not verdict:
        raise SplattingError(f"{kernel.id} cannot be used here: {verdict.reason}", verdict.fix)
    return kernel.open(threads)
