"""Our rasteriser for processors, as a choice."""

from __future__ import annotations

from meshloom.kernels.splatting.cpu import CpuRasteriser
from meshloom.kernels.splatting.kernel import Kernel


class OwnCpu(Kernel):
    """Compiled for the processor's vectors when first used; the same bits for any number of threads."""

    id = "own.cpu"
    title = "Meshloom's rasteriser for processors (numba)"
    modules = ("cpu", "blending", "binning", "projecting", "harmonics", "arrays")

    def open(self, threads: int) -> CpuRasteriser:
        return CpuRasteriser(threads)


KERNELS = (OwnCpu,)
