"""A small textured world seen by cameras that are known exactly."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import cv2
import numpy as np
import pytest

from meshloom.graph_runtime.types import Cameras, Image
from meshloom.nodes.reconstruct._lens import straighten

WIDTH, HEIGHT, FOCAL = 320, 240, 300.0
#: A wall, a floor and a ball, by their distance along a ray.
WALL, FLOOR, BALL, RADIUS = 4.0, 1.0, np.array([0.1, 0.3, 2.6]), 0.55


@functools.lru_cache(maxsize=16)
def texture(seed: int) -> np.ndarray:
    """(512, 512, 3) uint8 with detail of all sizes, so that it can be recognised from anywhere."""
    random = np.random.default_rng(seed)
    total = np.zeros((512, 512, 3), np.float32)
    for size in (8, 16, 32, 64, 128, 256):
        layer = random.normal(size=(size, size, 3)).astype(np.float32)
        total += cv2.resize(layer, (512, 512), interpolation=cv2.INTER_CUBIC) * size**-0.3
    return (np.clip(0.5 + total * 0.25, 0, 1) * 255).astype(np.uint8)


def look_at(position: Sequence[float], target: Sequence[float]) -> np.ndarray:
    """(3, 4) world-to-camera of a level camera; y down."""
    forward = np.subtract(target, position)
    forward = forward / np.linalg.norm(forward)
    right = np.cross([0, 1, 0], forward)
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    return np.column_stack([rotation, -rotation @ position])


def render(
    extrinsic: np.ndarray, width: int, height: int, focal: float, distortion: Sequence[float], seed: int
) -> np.ndarray:
    """(height, width, 3) uint8 picture of the world, through pixel centres."""
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    plane = np.stack([columns.ravel() - width / 2, rows.ravel() - height / 2], 1) / focal
    plane = straighten(plane, np.asarray(distortion, float))
    rays = np.column_stack([plane, np.ones(len(plane))]) @ extrinsic[:, :3]
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    origin = -extrinsic[:, :3].T @ extrinsic[:, 3]
    with np.errstate(divide="ignore", invalid="ignore"):
        wall = (WALL - origin[2]) / rays[:, 2]
        floor = (FLOOR - origin[1]) / rays[:, 1]
        half = rays @ (origin - BALL)
        ball = -half - np.sqrt(half**2 - (origin - BALL) @ (origin - BALL) + RADIUS**2)
    distances = np.stack([np.where(d > 0, d, np.inf) for d in (wall, floor, np.nan_to_num(ball, nan=-1))])
    nearest = distances.argmin(axis=0)
    hit = origin + rays * np.minimum(distances.min(axis=0), 50)[:, None]
    around = hit - BALL
    places = [
        hit[:, :2] * 90,
        hit[:, [0, 2]] * 90,
        np.stack([np.arctan2(around[:, 0], -around[:, 2]), around[:, 1] / RADIUS], 1) * 80,
    ]
    picture = np.zeros((len(rays), 3), np.uint8)
    for index, place in enumerate(places):
        spots = np.mod(place + 256, 511).astype(np.float32).reshape(height, width, 2)
        seen = cv2.remap(texture(seed + index), spots[:, :, 0], spots[:, :, 1], cv2.INTER_LINEAR)
        here = nearest == index
        picture[here] = seen.reshape(-1, 3)[here]
    return picture.reshape(height, width, 3)


@pytest.fixture(scope="session")
def photographs() -> Callable[..., tuple[list[Image], Cameras]]:
    """Take photos of the world: positions -> images and the true cameras."""

    def take(
        positions: Sequence[Sequence[float]],
        sizes: Sequence[tuple[int, int]] | None = None,
        target: Sequence[float] = (0.0, 0.2, 3.0),
        distortion: Sequence[float] = (0, 0, 0, 0),
        known_focal: bool = True,
        seed: int = 1,
    ) -> tuple[list[Image], Cameras]:
        sizes = sizes or [(WIDTH, HEIGHT)] * len(positions)
        extrinsics = np.stack([look_at(position, target) for position in positions])
        images, intrinsics = [], []
        for index, (width, height) in enumerate(sizes):
            focal = FOCAL * max(width, height) / WIDTH
            pixels = render(extrinsics[index], width, height, focal, distortion, seed)
            images.append(Image(pixels, f"photo{index}.png", focal if known_focal else 0.0))
            intrinsics.append([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
        names = tuple(image.name for image in images)
        bent = np.tile(np.asarray(distortion, float), (len(images), 1))
        return images, Cameras(np.array(intrinsics), extrinsics, np.array(sizes, np.int32), names, bent)

    return take


@pytest.fixture(scope="session")
def arc() -> list[tuple[float, float, float]]:
    """Six positions on an arc before the scene, a little up and down."""
    angles = np.linspace(-0.35, 0.35, 6)
    return [(3 * np.sin(a), -0.3 + 0.25 * (i % 2), 3 - 3 * np.cos(a)) for i, a in enumerate(angles)]
