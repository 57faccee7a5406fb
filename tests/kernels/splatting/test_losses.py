from __future__ import annotations

import numpy as np
import pytest
import torch

from meshloom.kernels.splatting.cpu import CpuRasteriser
from meshloom.kernels.splatting.losses import TAPS, PhotoLoss, Target


def exact(drawn: np.ndarray, photo: np.ndarray, weight: float):
    """The loss, SSIM and gradient by torch in double precision."""
    x, y = (
        torch.tensor(drawn, dtype=torch.float64, requires_grad=True),
        torch.tensor(photo, dtype=torch.float64),
    )
    taps = torch.tensor(TAPS, dtype=torch.float64)
    window = (taps[:, None] * taps[None])[None, None].expand(3, 1, 11, 11)

    def blurred(picture: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.conv2d(picture[None], window, padding=5, groups=3)[0]

    a, b = blurred(x), blurred(y)
    va, vb, cov = blurred(x * x) - a**2, blurred(y * y) - b**2, blurred(x * y) - a * b
    ssim = ((2 * a * b + 1e-4) * (2 * cov + 9e-4) / ((a**2 + b**2 + 1e-4) * (va + vb + 9e-4))).mean()
    loss = (1 - weight) * (x - y).abs().mean() + weight * (1 - ssim)
    loss.backward()
    return loss.item(), ssim.item(), x.grad.numpy()


@pytest.mark.parametrize("size", [(61, 83), (7, 5), (130, 40)])
@pytest.mark.parametrize("weight", [0.0, 0.2, 1.0])
def test_value_and_gradient(size, weight):
    random = np.random.default_rng(0)
    photo = random.random((3, *size)).astype(np.float32)
    drawn = np.clip(photo + random.normal(size=photo.shape) * 0.1, 0, 1).astype(np.float32)
    loss, ssim, slope = exact(drawn, photo, weight)
    target = Target(photo)
    with CpuRasteriser(2) as rasteriser:
        for _ in range(2):  # the second time with what was kept of the photo
            found = PhotoLoss(rasteriser, weight)(drawn, target)
            assert found[0] == pytest.approx(loss, abs=2e-6)
            assert found[1] == pytest.approx(ssim, abs=5e-6)
            assert np.linalg.norm(found[2] - slope) < 2e-5 * np.linalg.norm(slope)
