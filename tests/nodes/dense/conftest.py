"""A small scene with exact depth: a textured ball before a textured wall, seen by five cameras."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from meshloom.graph_runtime.types import Cameras, Image, PointCloud

WIDTH, HEIGHT, FOCAL = 128, 96, 130.0
WALL, BALL, RADIUS = 6.0, np.array([0.3, 0.1, 4.5]), 0.9


@dataclass(frozen=True)
class Scene:
    images: list[Image]
    cameras: Cameras
    points: PointCloud
    truth: list[np.ndarray]


def texture(points: np.ndarray) -> np.ndarray:
    """Grey of any point in space: waves of many directions and lengths."""
    random = np.random.default_rng(7)
    grey = np.full(points.shape[:-1], 128.0)
    for length in (1.1, 0.8, 0.6, 0.45, 0.35, 0.3, 0.26, 0.26):
        for _ in range(3):
            direction = random.normal(size=3)
            direction *= 2 * np.pi / length / np.linalg.norm(direction)
            grey += 14.0 * np.sin(points @ direction + random.uniform(0, 6.28))
    return grey


def render(centre: np.ndarray, contrast: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """(H, W) grey and depth seen from ``centre``, looking along z."""
    x, y = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
    rays = np.stack([(x - WIDTH / 2) / FOCAL, (y - HEIGHT / 2) / FOCAL, np.ones_like(x)], axis=-1)
    depth = np.full(x.shape, WALL - centre[2])
    towards = centre - BALL
    a, b, c = (rays**2).sum(-1), (rays * towards).sum(-1), towards @ towards - RADIUS**2
    under = b * b - a * c
    hit = under > 0
    depth[hit] = ((-b - np.sqrt(np.maximum(under, 0))) / a)[hit]
    grey = texture(centre + rays * depth[..., None])
    return 128.0 + contrast * (grey - 128.0), depth


def build(contrast: float = 1.0) -> Scene:
    centres = np.array([[0, 0, 0], [-0.5, 0, 0], [0.5, 0, 0], [0, -0.45, 0], [0.1, 0.5, 0.05]])
    images, truth, points = [], [], []
    for number, centre in enumerate(centres):
        grey, depth = render(centre, contrast)
        images.append(Image(np.clip(grey + 0.5, 0, 255).astype(np.uint8)[:, :, None], f"{number}.png"))
        truth.append(depth)
    for y in range(8, HEIGHT - 8, 9):
        for x in range(8, WIDTH - 8, 9):
            ray = np.array([(x + 0.5 - WIDTH / 2) / FOCAL, (y + 0.5 - HEIGHT / 2) / FOCAL, 1.0])
            points.append(ray * truth[0][y, x])
    count = len(centres)
    intrinsics = np.tile(
        np.array([[FOCAL, 0, WIDTH / 2], [0, FOCAL, HEIGHT / 2], [0, 0, 1.0]]), (count, 1, 1)
    )
    extrinsics = np.concatenate([np.tile(np.eye(3), (count, 1, 1)), -centres[:, :, None]], axis=2)
    sizes = np.tile(np.array([WIDTH, HEIGHT], np.int32), (count, 1))
    cameras = Cameras(intrinsics, extrinsics, sizes, tuple(image.name for image in images))
    cloud = np.array(points, np.float32)
    observations = np.array([(p, c) for p in range(len(cloud)) for c in range(count)], np.int32)
    return Scene(images, cameras, PointCloud(cloud, observations=observations), truth)


@pytest.fixture(scope="session")
def scene() -> Scene:
    return build()


@pytest.fixture(scope="session")
def blank_scene() -> Scene:
    """The same without texture."""
    return build(contrast=0.0)


@dataclass(frozen=True)
class Pair:
    left: Image
    right: Image
    truth: np.ndarray


@pytest.fixture(scope="session")
def pair() -> Pair:
    """A rectified pair of the scene, 0.5 apart; ``truth`` in pixels."""
    views = [render(np.array([x, 0.0, 0.0])) for x in (0.0, 0.5)]
    sides = [np.clip(grey + 0.5, 0, 255).astype(np.uint8)[:, :, None] for grey, _ in views]
    return Pair(
        Image(sides[0], "left.png", FOCAL),
        Image(sides[1], "right.png", FOCAL),
        (FOCAL * 0.5 / views[0][1]).astype(np.float32),
    )
