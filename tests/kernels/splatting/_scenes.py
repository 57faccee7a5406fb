"""Random Gaussians before a camera that looks at them askew."""

from __future__ import annotations

import numpy as np

from meshloom.kernels.splatting.arrays import Camera, Gaussians


def scene(count: int, degree: int, seed: int = 0) -> Gaussians:
    random = np.random.default_rng(seed)
    return Gaussians(
        (random.normal(size=(count, 3)) * [1.2, 0.8, 1]).astype(np.float32),
        random.normal(size=(count, 4)).astype(np.float32),
        np.exp(random.normal(size=(count, 3)) * 0.6 - 1.8).astype(np.float32),
        random.uniform(0.05, 0.995, count).astype(np.float32),
        (random.normal(size=(count, (degree + 1) ** 2, 3)) * 0.3).astype(np.float32),
    )


def camera(width: int = 52, height: int = 41) -> Camera:
    a, b = 0.3, 0.2
    about_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    lens = (width * 1.1, width * 1.05, width * 0.48, height * 0.53)
    return Camera(*lens, about_y @ about_x, np.array([0.1, -0.2, 3.0]), width, height)
