"""Rasterisers of torch operations alone."""

from __future__ import annotations

import torch

from meshloom.kernels.splatting import reference, tiled_torch
from meshloom.kernels.splatting.arrays import Camera, Settings
from meshloom.kernels.splatting.by_autograd import AutogradRasteriser
from meshloom.kernels.splatting.cpu import MOST_BYTES, TooLarge
from meshloom.kernels.splatting.kernel import Kernel, Rasteriser
from meshloom.kernels.splatting.reference import Drawn

_MODULES = ("by_autograd", "reference", "harmonics", "arrays")


def best_device() -> str:
    """cuda where there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


class _Tiles(AutogradRasteriser):
    def draw(self, leaves: list[torch.Tensor], camera: Camera, settings: Settings) -> Drawn:
        *arrays, rotation, shift = leaves
        before = torch.get_num_threads()
        if self.where["device"] == "cpu" and before != self.threads:
            torch.set_num_threads(self.threads)
        try:
            return tiled_torch.render(*arrays, camera, settings, pose=(rotation, shift), recompute=True)
        finally:
            if torch.get_num_threads() != before:
                torch.set_num_threads(before)


class TorchTiles(Kernel):
    """Vectorised tiles, gradients by autograd; on CUDA where there is a device, else on the processor."""

    id = "torch.tiles"
    title = "tiles of vectorised torch, any device"
    licence = "BSD-3-Clause"
    packages = ("torch",)
    modules = ("tiled_torch", *_MODULES)
    #: Sums of logarithms instead of products in float32.
    allowed = (1e-5, 1e-4)

    def device(self) -> str:
        return torch.cuda.get_device_name() if best_device() == "cuda" else "cpu"

    def open(self, threads: int) -> Rasteriser:
        return _Tiles(threads, best_device())


#: Of memory for a Gaussian at a pixel, with what gradients need; measured.
_BYTES_EACH = 100


class _Plain(AutogradRasteriser):
    id = "reference.fp64"

    def draw(self, leaves: list[torch.Tensor], camera: Camera, settings: Settings) -> Drawn:
        lens, size = (camera.fx, camera.fy, camera.cx, camera.cy), (camera.width, camera.height)
        needed = len(leaves[0]) * camera.width * camera.height * _BYTES_EACH
        if needed > MOST_BYTES:
            raise TooLarge(
                f"{self.id} looks at every Gaussian in every pixel: {len(leaves[0]):,} Gaussians at {camera.width} x"
                f" {camera.height} px need about {needed / 2**30:,.0f} GiB; the limit is {MOST_BYTES >> 30} GiB"
            )
        return reference.blend(reference.project(*leaves, lens, size, settings), *size)


class Reference(Kernel):
    """Every Gaussian at every pixel in double precision: what the others are held against. Minutes a picture."""

    id = _Plain.id
    title = "plain torch in double precision, for checking"
    licence = "BSD-3-Clause"
    packages = ("torch",)
    modules = _MODULES
    #: Results are handed out as float32.
    allowed = (1e-6, 1e-6)

    def open(self, threads: int) -> Rasteriser:
        return _Plain(threads, "cpu", torch.float64)


KERNELS = (TorchTiles, Reference)
