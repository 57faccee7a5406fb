"""Where training starts: a Gaussian at every point, or at places that the cameras look at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from meshloom.kernels.splatting.arrays import Camera, Gaussians
from meshloom.kernels.splatting.harmonics import SH_0

#: Squares along each side of a photo that are looked at for points.
CELLS = 24


def spacing(points: NDArray[np.floating]) -> NDArray[np.float32]:
    """(N,) root of the mean squared distance to the three nearest others."""
    from scipy.spatial import cKDTree

    count = min(3, len(points) - 1)
    if count < 1:
        return np.ones(len(points), np.float32)
    distances = cKDTree(points).query(points, count + 1)[0][:, 1:]
    return np.sqrt((distances**2).mean(axis=1)).astype(np.float32)


def from_points(
    points: NDArray[np.floating], colours: NDArray[np.uint8] | None, opacity: float = 0.5, size: float = 1.0
) -> Gaussians:
    """Round Gaussians as large as the points are far apart times ``size``; ``colours`` (N, 3) sRGB, else grey."""
    count = len(points)
    shade = np.full((count, 3), 0.5) if colours is None else colours.astype(np.float64) / 255
    apart = spacing(points)
    # Lone strays would start as balls that hide the scene.
    typical = float(np.median(apart)) or 1.0
    radius = np.clip(apart, 0.02 * typical, 20 * typical) * size
    quaternions = np.zeros((count, 4), np.float32)
    quaternions[:, 0] = 1
    return Gaussians(
        np.ascontiguousarray(points, np.float32),
        quaternions,
        np.repeat(radius.astype(np.float32)[:, None], 3, axis=1),
        np.full(count, opacity, np.float32),
        ((shade - 0.5) / SH_0).astype(np.float32)[:, None, :],
    )


def extent(cameras: list[Camera], points: NDArray[np.floating] | None = None) -> float:
    """The length that rates of learning go by: how far cameras stand from their middle, or half of their view."""
    centres = np.array([-camera.rotation.T @ camera.shift for camera in cameras])
    reach = float(np.linalg.norm(centres - centres.mean(axis=0), axis=1).max()) * 1.1
    if points is not None and len(points):
        away = np.median(
            np.linalg.norm(points[None, :: max(1, len(points) // 500)] - centres[:, None], axis=2)
        )
        reach = max(reach, 0.1 * float(away))
    return reach or 1.0


def at_random(
    cameras: list[Camera],
    photos: list[NDArray[np.float32]],
    count: int,
    seed: int,
    near: float,
    far: float,
) -> Gaussians:
    """``count`` Gaussians along rays of random pixels of ``photos`` (3, H, W) in their colours, even in 1/depth."""
    random = np.random.default_rng([seed, 3])
    which = random.integers(len(cameras), size=count)
    depth = 1 / (1 / far + random.random(count) * (1 / near - 1 / far))
    across, down = random.random(count), random.random(count)
    points, colours = np.empty((count, 3)), np.empty((count, 3), np.uint8)
    for index, (camera, photo) in enumerate(zip(cameras, photos, strict=True)):
        mine = which == index
        x, y = across[mine] * camera.width, down[mine] * camera.height
        ray = np.column_stack([(x - camera.cx) / camera.fx, (y - camera.cy) / camera.fy, np.ones(len(x))])
        points[mine] = (ray * depth[mine, None] - camera.shift) @ camera.rotation
        height, width = photo.shape[1:]
        at_x = np.minimum((across[mine] * width).astype(int), width - 1)
        at_y = np.minimum((down[mine] * height).astype(int), height - 1)
        colours[mine] = (np.clip(photo[:, at_y, at_x].T, 0, 1) * 255 + 0.5).astype(np.uint8)
    return from_points(points, colours, 0.1)


def depths_in_view(cameras: list[Camera]) -> tuple[float, float]:
    """(near, far) where cameras without points probably look: around the place that their axes pass closest to."""
    centres = np.array([-camera.rotation.T @ camera.shift for camera in cameras])
    axes = np.array([camera.rotation[2] for camera in cameras])
    apart = float(np.linalg.norm(centres - centres.mean(axis=0), axis=1).max())
    across = np.eye(3)[None] - axes[:, :, None] * axes[:, None, :]
    system = across.sum(axis=0)
    if apart > 0 and np.linalg.cond(system) < 1e4:
        middle = np.linalg.solve(system, np.einsum("nij,nj->i", across, centres))
        away = ((middle - centres) * axes).sum(axis=1)
        if np.median(away) > 0.2 * apart:
            distance = float(np.median(away))
            return 0.4 * distance, 3.0 * distance
    reach = apart or 1.0
    return 0.5 * reach, 20 * reach


def where_nothing_is(
    cameras: list[Camera],
    photos: list[NDArray[np.float32]],
    points: NDArray[np.floating],
    count: int,
    seed: int,
) -> Gaussians | None:
    """Faint Gaussians for parts of the photos (3, H, W) where no point shows, such as sky and blurred walls.

    Without them such parts are explained by Gaussians that hang before the cameras. Along rays of random pixels
    there, in their colours, from beyond three quarters of the points to twice as far as the furthest, even in
    1/depth. At most ``count``; ``None`` where points show everywhere.
    """
    random = np.random.default_rng([seed, 4])
    each = count // max(len(cameras), 1)
    found, shades = [], []
    for camera, photo in zip(cameras, photos, strict=True):
        local = points @ camera.rotation.T + camera.shift
        depth = local[:, 2]
        with np.errstate(all="ignore"):
            x = (camera.fx * local[:, 0] / depth + camera.cx) / camera.width
            y = (camera.fy * local[:, 1] / depth + camera.cy) / camera.height
            shown = (depth > 0) & (x >= 0) & (x < 1) & (y >= 0) & (y < 1)
        if shown.sum() < 10:
            continue
        cells = np.zeros((CELLS + 2, CELLS + 2), bool)
        cells[(y[shown] * CELLS).astype(int) + 1, (x[shown] * CELLS).astype(int) + 1] = True
        near = cells[1:-1, 1:-1].copy()
        for down in (0, 1, 2):
            for across in (0, 1, 2):
                near |= cells[down : down + CELLS, across : across + CELLS]
        places = random.random((each, 2))
        at = (places * CELLS).astype(int)
        places = places[~near[at[:, 1], at[:, 0]]]
        low, high = np.quantile(depth[shown], [0.75, 0.98])
        z = 1 / (1 / (2 * high) + random.random(len(places)) * (1 / low - 1 / (2 * high)))
        across_, down_ = places[:, 0] * camera.width, places[:, 1] * camera.height
        ray = np.column_stack(
            [(across_ - camera.cx) / camera.fx, (down_ - camera.cy) / camera.fy, np.ones(len(z))]
        )
        found.append((ray * z[:, None] - camera.shift) @ camera.rotation)
        height, width = photo.shape[1:]
        pixel = photo[:, (places[:, 1] * height).astype(int), (places[:, 0] * width).astype(int)]
        shades.append((np.clip(pixel.T, 0, 1) * 255 + 0.5).astype(np.uint8))
    if not found or not sum(map(len, found)):
        return None
    return from_points(np.concatenate(found), np.concatenate(shades), 0.1)


def both(one: Gaussians, other: Gaussians | None) -> Gaussians:
    """All of both."""
    if other is None:
        return one
    parts = ("means", "quaternions", "scales", "opacities", "sh")
    return Gaussians(*(np.concatenate([getattr(one, part), getattr(other, part)]) for part in parts))
