"""The same as plain torch: every Gaussian against every pixel. Slow, differentiable, in any precision.

What the other implementations are checked against, values and gradients (by autograd, in double precision).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from meshloom.kernels.splatting.arrays import LEAST_ALPHA, LEAST_LIGHT, MOST_ALPHA, Settings
from meshloom.kernels.splatting.harmonics import _A, _B, SH_0, SH_1


@dataclass
class Projected:
    """Ellipses on the picture.

    ``centres`` (N, 2), ``conics`` (N, 3) A, B, C, ``opacities`` (N,), ``colours`` (N, 3), ``depths`` (N,),
    ``normals`` (N, 3) in camera axes, ``covariances`` (N, 3) xx, xy, yy, ``visible`` (N,) bool.
    """

    centres: Tensor
    conics: Tensor
    opacities: Tensor
    colours: Tensor
    depths: Tensor
    normals: Tensor
    covariances: Tensor
    visible: Tensor


@dataclass
class Drawn:
    """``colour`` (3, H, W) premultiplied, ``left`` (H, W), ``depth`` (H, W), ``normal`` (3, H, W).

    ``median`` (H, W), without gradient: see ``arrays.Frame``; empty where no geometry is drawn. ``centres`` (N, 2):
    the places on the picture, for gradients by them. ``seen`` (N,) bool: what was in the picture.
    """

    colour: Tensor
    left: Tensor
    depth: Tensor
    normal: Tensor
    median: Tensor
    centres: Tensor
    seen: Tensor


def rotation_of(quaternions: Tensor) -> Tensor:
    """(N, 3, 3) of quaternions (N, 4) w, x, y, z of any length."""
    w, i, j, k = torch.nn.functional.normalize(quaternions, dim=1).unbind(1)
    rows = [
        torch.stack([1 - 2 * (j * j + k * k), 2 * (i * j - w * k), 2 * (i * k + w * j)], 1),
        torch.stack([2 * (i * j + w * k), 1 - 2 * (i * i + k * k), 2 * (j * k - w * i)], 1),
        torch.stack([2 * (i * k - w * j), 2 * (j * k + w * i), 1 - 2 * (i * i + j * j)], 1),
    ]
    return torch.stack(rows, 1)


def basis(directions: Tensor, count: int) -> Tensor:
    """(N, count) basis functions at unit vectors (N, 3)."""
    x, y, z = directions.unbind(1)
    found = [torch.full_like(x, SH_0)]
    if count > 1:
        found += [-SH_1 * y, SH_1 * z, -SH_1 * x]
    if count > 4:
        xx, yy, zz = x * x, y * y, z * z
        found += [
            _A[0] * x * y, _A[1] * y * z, _A[2] * (2 * zz - xx - yy), _A[3] * x * z, _A[4] * (xx - yy),
        ]  # fmt: skip
    if count > 9:
        found += [
            _B[0] * y * (3 * xx - yy), _B[1] * x * y * z, _B[2] * y * (4 * zz - xx - yy),
            _B[3] * z * (2 * zz - 3 * xx - 3 * yy), _B[4] * x * (4 * zz - xx - yy), _B[5] * z * (xx - yy),
            _B[6] * x * (xx - 3 * yy),
        ]  # fmt: skip
    return torch.stack(found, 1)


def project(
    means: Tensor,
    quaternions: Tensor,
    scales: Tensor,
    opacities: Tensor,
    sh: Tensor,
    rotation: Tensor,
    shift: Tensor,
    lens: tuple[float, float, float, float],
    size: tuple[int, int],
    settings: Settings,
) -> Projected:
    """Gaussians (see ``arrays.Gaussians``) to ellipses on the picture; ``size`` is width, height."""
    (fx, fy, cx, cy), (width, height) = lens, size
    place = means @ rotation.T + shift
    x, y, z = place.unbind(1)
    ahead = z >= settings.near
    z = torch.where(ahead, z, torch.ones_like(z))
    wide, tall = 0.3 * width / (2 * fx), 0.3 * height / (2 * fy)
    ux = (x / z).clamp(-(cx / fx + wide), (width - cx) / fx + wide)
    uy = (y / z).clamp(-(cy / fy + tall), (height - cy) / fy + tall)
    none = torch.zeros_like(z)
    jacobian = torch.stack(
        [torch.stack([fx / z, none, -fx * ux / z], 1), torch.stack([none, fy / z, -fy * uy / z], 1)], 1
    )
    axes = rotation_of(quaternions)
    factor = jacobian @ rotation @ (axes * scales[:, None, :])
    covariance = factor @ factor.transpose(1, 2)
    a0, b, c0 = covariance[:, 0, 0], covariance[:, 0, 1], covariance[:, 1, 1]
    flat = torch.linalg.cross(factor[:, 0], factor[:, 1]).square().sum(1)
    a, c = a0 + settings.blur, c0 + settings.blur
    full = a * c - b * b
    if settings.antialiased:
        opacities = opacities * (flat / full).sqrt()
    eye = -rotation.T @ shift
    away = means - eye
    count = min(sh.shape[1], (settings.degree + 1) ** 2)
    weights = basis(torch.nn.functional.normalize(away, dim=1), count)
    colours = (0.5 + (weights[:, :, None] * sh[:, :count]).sum(1)).clamp_min(0)
    shortest = axes[torch.arange(len(axes), device=axes.device), :, scales.argmin(1)]
    side = torch.where((shortest * away).sum(1) > 0, -1.0, 1.0).to(means)
    visible = ahead & (opacities >= LEAST_ALPHA)
    return Projected(
        torch.stack([fx * x / z + cx, fy * y / z + cy], 1),
        torch.stack([c / full, -b / full, a / full], 1),
        opacities,
        colours,
        torch.where(ahead, z, -torch.ones_like(z)),
        (shortest @ rotation.T) * side[:, None],
        torch.stack([a, b, c], 1),
        visible,
    )


def blend(projected: Projected, width: int, height: int) -> Drawn:
    """Blend all ellipses at all pixels, nearest first."""
    order = torch.argsort(projected.depths, stable=True)
    order = order[projected.visible[order]]
    centres, conics = projected.centres[order], projected.conics[order]
    like = {"dtype": centres.dtype, "device": centres.device}
    y, x = torch.meshgrid(
        torch.arange(height, **like) + 0.5, torch.arange(width, **like) + 0.5, indexing="ij"
    )
    colour, depth = torch.zeros(3, height, width, **like), torch.zeros(height, width, **like)
    normal, left = torch.zeros(3, height, width, **like), torch.ones(height, width, **like)
    median = torch.zeros(height, width, **like)
    seen = torch.zeros_like(projected.visible)
    for n in range(len(order)):
        dx, dy = x - centres[n, 0], y - centres[n, 1]
        s = 0.5 * (conics[n, 0] * dx * dx + conics[n, 2] * dy * dy) + conics[n, 1] * dx * dy
        raw = projected.opacities[order[n]] * torch.exp(-s)
        alpha = torch.where((raw >= LEAST_ALPHA) & (left >= LEAST_LIGHT), raw.clamp_max(MOST_ALPHA), 0.0)
        weight = alpha * left
        with torch.no_grad():
            crosses = (left >= 0.5) & (left - weight < 0.5)
            median = torch.where(crosses, projected.depths[order[n]], median)
            seen[order[n]] = bool((raw >= LEAST_ALPHA).any())
        left = left - weight
        colour = colour + weight * projected.colours[order[n]][:, None, None]
        depth = depth + weight * projected.depths[order[n]]
        normal = normal + weight * projected.normals[order[n]][:, None, None]
    return Drawn(colour, left, depth, normal, median, projected.centres, seen)
