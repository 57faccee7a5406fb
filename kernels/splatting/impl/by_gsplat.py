"""gsplat (Ye et al., 2025): CUDA kernels, where the package and a device are there.

Its projection and blending with our colours and normals as channels, so that spherical harmonics mean the same. It
stops pixels later and caps alphas higher than ours do, which the gate allows for.
"""

from __future__ import annotations

import importlib.util

import torch

from meshloom.kernels.registry import Verdict
from meshloom.kernels.splatting import reference
from meshloom.kernels.splatting.arrays import Camera, Settings
from meshloom.kernels.splatting.by_autograd import AutogradRasteriser
from meshloom.kernels.splatting.kernel import Kernel, Rasteriser, version_of
from meshloom.kernels.splatting.reference import Drawn


class _Gsplat(AutogradRasteriser):
    def draw(self, leaves: list[torch.Tensor], camera: Camera, settings: Settings) -> Drawn:
        from gsplat import rasterization

        means, quaternions, scales, opacities, _, rotation, shift = leaves
        lens, size = (camera.fx, camera.fy, camera.cx, camera.cy), (camera.width, camera.height)
        own = reference.project(*leaves, lens, size, settings)
        channels = [own.colours, *([own.normals] if settings.geometry else [])]
        pose = torch.eye(4, **self.where)
        pose = torch.cat([torch.cat([rotation, shift[:, None]], 1), pose[3:]])
        matrix = torch.tensor([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1]], **self.where)
        drawn, alpha, info = rasterization(
            means,
            quaternions,
            scales,
            opacities,
            torch.cat(channels, 1),
            pose[None],
            matrix[None],
            *size,
            near_plane=settings.near,
            eps2d=settings.blur,
            packed=False,
            render_mode="RGB+D" if settings.geometry else "RGB",
            rasterize_mode="antialiased" if settings.antialiased else "classic",
        )
        planes = drawn[0].permute(2, 0, 1)
        none = planes.new_zeros(0)
        radii = info["radii"].reshape(len(means), -1)
        return Drawn(
            planes[:3],
            1 - alpha[0, :, :, 0],
            planes[6] if settings.geometry else none,
            planes[3:6] if settings.geometry else none,
            none,
            info["means2d"],
            (radii > 0).all(1),
        )


class Gsplat(Kernel):
    """On CUDA; training moves arrays to the device and gradients back at every step."""

    id = "gsplat"
    title = "gsplat's CUDA kernels"
    packages = ("gsplat", "torch")
    modules = ("by_autograd", "reference", "harmonics", "arrays")
    allowed = (5e-3, 2e-2)

    def usable(self) -> Verdict:
        if not torch.cuda.is_available():
            return Verdict(
                False, "there is no CUDA device that torch can use", "own.cpu runs on any processor"
            )
        if importlib.util.find_spec("gsplat") is None:
            return Verdict(False, "gsplat is not installed", "pip install gsplat")
        if tuple(map(int, (version_of("gsplat") or "0").split("+")[0].split(".")[:2])) < (1, 5):
            return Verdict(False, f"gsplat {version_of('gsplat')} is too old", "pip install 'gsplat>=1.5'")
        return Verdict(True)

    def device(self) -> str:
        return torch.cuda.get_device_name() if torch.cuda.is_available() else "none"

    def open(self, threads: int) -> Rasteriser:
        return _Gsplat(threads, "cuda")


KERNELS = (Gsplat,)
