"""Our rasteriser for processors, as a choice."""

from __future__ import annotations

from meshloom.kernels.splatting.cpu import CpuRasteriser
from meshloom.kernels.splatting.kernel import Kernel


class OwnCpu(Kernel):
    """Compiled for the processor's vectors when first used; the same bits for any number of threads."""

    id = "own.cpu"
    title = "Meshloom's rasteriser for processors (numba)"
    #: Sums of float32 in another order, as for other widths of registers, move the gradients of needles by 3e-5.
    allowed = (5e-6, 5e-5)
    modules = (
        "cpu", "blending", "binning", "projecting", "projecting_back", "side_by_side", "lanes", "harmonics", "arrays",
    )  # fmt: skip

    def open(self, threads: int) -> CpuRasteriser:
        return CpuRasteriser(threads)


KERNELS = (OwnCpu,)
