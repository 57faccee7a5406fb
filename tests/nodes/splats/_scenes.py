"""A small world to photograph: coloured soft balls around the origin, seen by a ring of cameras."""

from __future__ import annotations

import numpy as np

from meshloom.graph_runtime.types import Cameras, Image, PointCloud, Splats
from meshloom.kernels.splatting.arrays import Camera, Gaussians
from meshloom.kernels.splatting.cpu import CpuRasteriser


def balls(count: int = 60, degree: int = 0, seed: int = 1) -> Splats:
    random = np.random.default_rng(seed)
    sh = np.zeros((count, (degree + 1) ** 2, 3), np.float32)
    sh[:, 0] = random.uniform(-1.5, 1.5, (count, 3))
    sh[:, 1:] = random.normal(size=sh[:, 1:].shape) * 0.2
    quaternions = random.normal(size=(count, 4)).astype(np.float32)
    return Splats(
        random.uniform(-1, 1, (count, 3)).astype(np.float32),
        quaternions / np.linalg.norm(quaternions, axis=1, keepdims=True),
        random.uniform(0.08, 0.25, (count, 3)).astype(np.float32),
        random.uniform(0.7, 0.95, count).astype(np.float32),
        sh,
    )


def ring(count: int = 10, width: int = 64, height: int = 48, distance: float = 4.0) -> Cameras:
    extrinsics = []
    for angle in np.arange(count) * 2 * np.pi / count:
        place = distance * np.array([np.sin(angle), -0.25, -np.cos(angle)])
        forward = -place / np.linalg.norm(place)
        right = np.cross([0, 1.0, 0], forward)
        right /= np.linalg.norm(right)
        turn = np.stack([right, np.cross(forward, right), forward])
        extrinsics.append(np.column_stack([turn, -turn @ place]))
    lens = np.array([[width * 1.2, 0, width / 2], [0, width * 1.2, height / 2], [0, 0, 1.0]])
    return Cameras(
        np.tile(lens, (count, 1, 1)),
        np.array(extrinsics),
        np.tile(np.array([[width, height]], np.int32), (count, 1)),
        tuple(f"photo_{index}.png" for index in range(count)),
    )


def photographed(splats: Splats, cameras: Cameras) -> list[Image]:
    scene = Gaussians(splats.means, splats.quaternions, splats.scales, splats.opacities, splats.sh)
    photos = []
    with CpuRasteriser(1) as rasteriser:
        for n, name in enumerate(cameras.names):
            camera = Camera.of(cameras.intrinsics[n], cameras.extrinsics[n], *cameras.sizes[n].tolist())
            picture = np.clip(rasteriser.render(scene, camera).over(np.zeros(3)), 0, 1)
            photos.append(Image((np.moveaxis(picture, 0, 2) * 255 + 0.5).astype(np.uint8), name))
    return photos


def points_of(splats: Splats) -> PointCloud:
    return PointCloud(splats.means, splats.base_colours())
