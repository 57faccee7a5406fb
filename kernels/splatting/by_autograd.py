"""What the implementations in torch share: tensors of the arrays, and gradients by autograd."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from meshloom.kernels.splatting.arrays import Camera, Frame, Gaussians, Gradients, Settings
from meshloom.kernels.splatting.cpu import CpuRasteriser
from meshloom.kernels.splatting.reference import Drawn

Floats = NDArray[np.float32]
PARTS = ("means", "quaternions", "scales", "opacities", "sh")


@dataclass
class _Held:
    leaves: list[torch.Tensor]
    drawn: Drawn


class AutogradRasteriser(CpuRasteriser):
    """Threads of the processor for what is not drawing; :meth:`draw` is left to who makes it one."""

    def __init__(self, threads: int, device: str = "cpu", dtype: torch.dtype = torch.float32) -> None:
        super().__init__(threads)
        self.where: dict[str, Any] = {"device": device, "dtype": dtype}

    def draw(self, leaves: list[torch.Tensor], camera: Camera, settings: Settings) -> Drawn:
        """Draw; ``leaves``: the five arrays of the Gaussians, then the camera's rotation and shift."""
        raise NotImplementedError

    def render(self, gaussians: Gaussians, camera: Camera, settings: Settings | None = None) -> Frame:
        settings = settings or Settings()
        # Those that nobody can draw would spoil gradients of all others: 0 times NaN is NaN.
        good = _drawable(gaussians)
        arrays: list[NDArray[Any]] = []
        for part in PARTS:
            array = getattr(gaussians, part)
            arrays.append(array if good.all() else np.where(_along(good, array), array, _harmless(part)))
        if not good.all():
            arrays[3] = np.where(good, arrays[3], 0)
        leaves = [
            torch.tensor(np.asarray(array), **self.where, requires_grad=True)
            for array in (*arrays, camera.rotation, camera.shift)
        ]
        if not len(gaussians):
            height, width = camera.height, camera.width
            none = np.zeros((3, height, width), np.float32)
            frame = Frame(
                none,
                np.ones((height, width), np.float32),
                held=_Held(leaves, _nothing(leaves, height, width)),
            )
            if settings.geometry:
                frame.depth, frame.median, frame.normal = none[0].copy(), none[0].copy(), none.copy()
            return frame
        drawn = self.draw(leaves, camera, settings)
        frame = Frame(_array(drawn.colour), _array(drawn.left), held=_Held(leaves, drawn))
        if settings.geometry:
            frame.depth, frame.normal = _array(drawn.depth), _array(drawn.normal)
            frame.median = _array(drawn.median) if drawn.median.numel() else None
        return frame

    def backward(
        self,
        frame: Frame,
        colour: Floats | None = None,
        alpha: Floats | None = None,
        depth: Floats | None = None,
        normal: Floats | None = None,
    ) -> Gradients:
        held: _Held = frame.held
        drawn = held.drawn
        total = drawn.colour.sum() * 0
        given = (
            (drawn.colour, colour),
            (1 - drawn.left, alpha),
            (drawn.depth, depth),
            (drawn.normal, normal),
        )
        for picture, slope in given:
            if slope is not None and picture.numel():
                slope = np.asarray(slope).reshape(tuple(picture.shape))
                total = total + (picture * torch.as_tensor(slope, **self.where)).sum()
        wanted = [*held.leaves, drawn.centres]
        found: tuple[torch.Tensor | None, ...] = (None,) * len(wanted)
        if total.requires_grad and len(held.leaves[0]):
            found = torch.autograd.grad(total, wanted, allow_unused=True)
        arrays = [
            np.zeros(tuple(leaf.shape), np.float32) if gradient is None else _array(gradient)
            for leaf, gradient in zip(wanted, found, strict=True)
        ]
        spread = np.linalg.norm(arrays[7].reshape(-1, 2), axis=1).astype(np.float32)
        bad = np.zeros(len(spread), bool)
        for array in arrays[:5]:
            bad |= ~np.isfinite(array).all(axis=tuple(range(1, array.ndim)))
        for array in arrays[:5]:
            array[bad] = 0
        spread[bad] = np.nan
        pose = [np.nan_to_num(array.astype(np.float64)) for array in arrays[5:7]]
        return Gradients(*arrays[:5], *pose, spread, _array(drawn.seen.float()) > 0)


def _drawable(gaussians: Gaussians) -> NDArray[np.bool_]:
    good = np.isfinite(gaussians.opacities)
    for part in (gaussians.means, gaussians.quaternions, gaussians.scales):
        good &= np.isfinite(part).all(axis=1)
    return good & (gaussians.quaternions != 0).any(axis=1) & np.isfinite(gaussians.sh).all(axis=(1, 2))


def _along(rows: NDArray[np.bool_], array: NDArray[Any]) -> NDArray[np.bool_]:
    return rows.reshape(-1, *([1] * (array.ndim - 1)))


def _harmless(part: str) -> Any:
    return np.array([1, 0, 0, 0], np.float32) if part == "quaternions" else np.float32(0.01)


def _array(tensor: torch.Tensor) -> Floats:
    return np.ascontiguousarray(tensor.detach().float().cpu().numpy())


def _nothing(leaves: list[torch.Tensor], height: int, width: int) -> Drawn:
    like = {"device": leaves[0].device, "dtype": leaves[0].dtype}
    one, three = torch.zeros(height, width, **like), torch.zeros(3, height, width, **like)
    none = torch.zeros(0, 2, **like, requires_grad=True)
    return Drawn(three, one + 1, one, three, one, none, torch.zeros(0, device=like["device"]))
