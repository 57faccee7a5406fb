"""The chosen kernel, ready to draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import SplattingKernel

if TYPE_CHECKING:
    from meshloom.kernels.splatting.kernel import Rasteriser


def opened(kernel: SplattingKernel | None, threads: int) -> Rasteriser:
    """A rasteriser of the kernel, or of our own. Raises ``NodeError`` where it cannot be used on this machine."""
    from meshloom.kernels.splatting import registry
    from meshloom.kernels.splatting.kernel import SplattingError

    try:
        return registry.opened(None if kernel is None else kernel.id, threads)
    except SplattingError as error:
        raise NodeError(str(error), hint=error.fix) from None
