"""The chosen kernel, ready to draw."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import SplattingKernel

if TYPE_CHECKING:
    from meshloom.kernels.splatting.kernel import Rasteriser


@contextmanager
def opened(
    kernel: SplattingKernel | None,
    threads: int,
    less: str = "draw fewer pixels, or put splats.decimate before",
) -> Iterator[Rasteriser]:
    """A rasteriser of the kernel, or of our own.

    Raises ``NodeError`` where it cannot be used on this machine, and where drawing would take too much memory;
    ``less`` says what helps against that.
    """
    from meshloom.kernels.splatting import registry
    from meshloom.kernels.splatting.cpu import TooLarge
    from meshloom.kernels.splatting.kernel import SplattingError

    try:
        with registry.opened(None if kernel is None else kernel.id, threads) as rasteriser:
            yield rasteriser
    except SplattingError as error:
        raise NodeError(str(error), hint=error.fix) from None
    except TooLarge as error:
        raise NodeError(str(error), hint=less) from None
