"""What the rasterisers take and give: plain arrays, no torch and no values of the graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

#: A pixel whose share left is under this is finished; what lies behind adds less than half a grey level.
LEAST_LIGHT = 1e-3
#: Contributions under one grey level are left out, as in Kerbl et al. 2023.
LEAST_ALPHA = 1.0 / 255.0
#: Alpha is held below this, so that what lies behind keeps a gradient.
MOST_ALPHA = 0.99


@dataclass(frozen=True)
class Gaussians:
    """N anisotropic Gaussians, after their activations; float32, C-contiguous.

    ``means`` (N, 3) world; ``quaternions`` (N, 4) w, x, y, z of any length but zero; ``scales`` (N, 3) standard
    deviations along the turned axes; ``opacities`` (N,) in 0..1; ``sh`` (N, K, 3), K = 1, 4, 9 or 16
    coefficients of spherical harmonics, colour = 0.5 + sum, below 0 cut.
    """

    means: Floats
    quaternions: Floats
    scales: Floats
    opacities: Floats
    sh: Floats

    def __len__(self) -> int:
        return len(self.means)

    @property
    def degree(self) -> int:
        return round(self.sh.shape[1] ** 0.5) - 1


@dataclass(frozen=True)
class Camera:
    """A pinhole, OpenCV axes, x_camera = ``rotation`` @ x_world + ``shift``; pixel centres at .5."""

    fx: float
    fy: float
    cx: float
    cy: float
    rotation: NDArray[np.float64]
    shift: NDArray[np.float64]
    width: int
    height: int

    @classmethod
    def of(cls, intrinsics: NDArray[Any], extrinsics: NDArray[Any], width: int, height: int) -> Camera:
        """From (3, 3) intrinsics and (3, 4) world-to-camera extrinsics."""
        return cls(
            float(intrinsics[0, 0]),
            float(intrinsics[1, 1]),
            float(intrinsics[0, 2]),
            float(intrinsics[1, 2]),
            np.ascontiguousarray(extrinsics[:, :3], np.float64),
            np.ascontiguousarray(extrinsics[:, 3], np.float64),
            int(width),
            int(height),
        )

    def resized(self, width: int, height: int) -> Camera:
        """The same camera with other pixels."""
        across, down = width / self.width, height / self.height
        return Camera(
            self.fx * across,
            self.fy * down,
            self.cx * across,
            self.cy * down,
            self.rotation,
            self.shift,
            width,
            height,
        )


@dataclass(frozen=True)
class Settings:
    """How to draw.

    ``blur``: pixels squared added to the variance of every footprint. ``antialiased``: opacities are lowered by
    what the blur adds to the area (Yu et al., Mip-Splatting, 2024). ``near``: Gaussians nearer than this are left
    out. ``degree``: highest band of spherical harmonics to use. ``geometry``: also draw depth and normals.
    """

    blur: float = 0.3
    antialiased: bool = False
    near: float = 0.01
    degree: int = 3
    geometry: bool = False


@dataclass
class Frame:
    """What was drawn, and what the backward pass needs.

    ``colour`` (3, H, W): premultiplied, no background. ``left`` (H, W): the share of the background, 1 - alpha.
    With ``Settings.geometry``: ``depth`` (H, W), the sum of weights times z (divide by alpha for the mean);
    ``normal`` (3, H, W), camera axes, weighted likewise; ``median`` (H, W), the z at which half of the light is
    gone, 0 where less is.
    """

    colour: Floats
    left: Floats
    depth: Floats | None = None
    normal: Floats | None = None
    median: Floats | None = None
    held: Any = None

    @property
    def alpha(self) -> Floats:
        return np.float32(1.0) - self.left

    def over(self, background: NDArray[Any]) -> Floats:
        """(3, H, W): on a background (3,) or (3, H, W)."""
        behind = np.asarray(background, np.float32)
        if behind.ndim == 1:
            behind = behind[:, None, None]
        return np.asarray(self.colour + self.left * behind, np.float32)


@dataclass
class Gradients:
    """Of a scalar, by what was drawn. ``spread`` (N,): length of the gradient by the place on the picture, in pixels.

    ``rotation`` (3, 3) and ``shift`` (3,): by the camera's matrix and vector, each entry taken as free.
    ``seen`` (N,) bool: Gaussians that were in the picture.
    """

    means: Floats
    quaternions: Floats
    scales: Floats
    opacities: Floats
    sh: Floats
    rotation: NDArray[np.float64]
    shift: NDArray[np.float64]
    spread: Floats
    seen: NDArray[np.bool_]
