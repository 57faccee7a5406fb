"""Where training starts: a Gaussian at every point, or at places that the cameras look at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from meshloom.kernels.splatting.arrays import Camera, Gaussians
from meshloom.kernels.splatting.harmonics import SH_0

#: Squares along each side of a photo that are looked at for points.
CELLS = 24
#: Where no surface is, places go this many times as far as the points do: sky does not move when the camera does.
FAR = 20.0


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
    """Faint Gaussians for parts of the photos (3, H, W) where no point shows: lawns, blurred walls, sky.

    Without them such parts are explained by Gaussians that hang before the cameras. They lie along rays of random
    pixels there, in their colours: on the :func:`ground`, where the ray meets it; where the surfaces around would go
    on (1/depth of a plane is affine on a picture, so that is where its second differences are least); and from
    beyond three quarters of the points to far away, even in 1/depth. At most ``count``; ``None`` where points show
    everywhere.
    """
    random = np.random.default_rng([seed, 4])
    up, level = ground(cameras, points)
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
        at = (y[shown] * CELLS).astype(int) * CELLS + (x[shown] * CELLS).astype(int)
        near, goes_on = _gone_on(at, 1 / depth[shown])
        low, high = np.quantile(depth[shown], [0.75, 0.98])
        places = random.random((each, 2))
        cell = (places * CELLS).astype(int)
        free = ~near[cell[:, 1], cell[:, 0]]
        places, cell = places[free], cell[free]
        beyond = 1 / (FAR * high)
        inverse = beyond + random.random(len(places)) * (1 / low - beyond)
        surface = goes_on[cell[:, 1], cell[:, 0]] * (1 + 0.1 * random.standard_normal(len(places)))
        across_, down_ = places[:, 0] * camera.width, places[:, 1] * camera.height
        ray = np.column_stack(
            [(across_ - camera.cx) / camera.fx, (down_ - camera.cy) / camera.fy, np.ones(len(places))]
        )
        falls = ray @ (camera.rotation @ up)
        above = -float(camera.shift @ camera.rotation @ up) - level
        lies = _meets(above, falls) * np.exp(0.05 * random.standard_normal(len(places)))
        draw = random.random(len(places))
        on_ground = (draw < 0.6) & (lies > 0) & (lies < 2 * high)
        follow = ~on_ground & (draw < 0.8) & (surface > 1 / high)
        z = np.where(on_ground, lies, 1 / np.where(follow, surface, inverse))
        # Nothing is seen through the ground.
        z = np.where(lies > 0, np.minimum(z, lies), z)
        found.append((ray * z[:, None] - camera.shift) @ camera.rotation)
        height, width = photo.shape[1:]
        pixel = photo[:, (places[:, 1] * height).astype(int), (places[:, 0] * width).astype(int)]
        shades.append((np.clip(pixel.T, 0, 1) * 255 + 0.5).astype(np.uint8))
    if not found or not sum(map(len, found)):
        return None
    return from_points(np.concatenate(found), np.concatenate(shades), 0.1)


def _meets(above: float, falls: NDArray[np.floating]) -> NDArray[np.floating]:
    """How far along rays that climb by ``falls`` a unit the ground ``above`` units below is met; 0: nowhere."""
    with np.errstate(all="ignore"):
        return np.where((falls < 0) & (above > 0), np.minimum(-above / falls, 1e12), 0.0)


def ground(cameras: list[Camera], points: NDArray[np.floating]) -> tuple[NDArray[np.float64], float]:
    """(up (3,), level): the plane ``point @ up = level`` that the scene probably stands on.

    Up is the direction that photographers who hold the camera level leave: across the cameras' right axes, if these
    turn enough; else the mean of the cameras' own. The level is that of the lowest points but strays.
    """
    down = np.mean([camera.rotation[1] for camera in cameras], axis=0)
    right = np.array([camera.rotation[0] for camera in cameras])
    spread, axes = np.linalg.eigh(right.T @ right / len(right))
    up = -down
    if spread[0] < 0.1 * spread[1]:
        level_up = axes[:, 0] * np.sign(axes[:, 0] @ up or 1.0)
        # Else they were all held askew.
        if level_up @ up > 0.8 * np.linalg.norm(up):
            up = level_up
    up = up / max(float(np.linalg.norm(up)), 1e-12)
    return up, float(np.quantile(points @ up, 0.004))


def _gone_on(
    at: NDArray[np.int64], inverse: NDArray[np.floating]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """(CELLS, CELLS): whether a point shows in or beside a cell, and 1/depth of the surfaces carried on everywhere.

    ``at``: the cell of each point, ``inverse`` its 1/depth.
    """
    counts = np.bincount(at, minlength=CELLS * CELLS)
    order = np.lexsort((inverse, at))
    starts = np.cumsum(counts) - counts
    known = np.flatnonzero(counts)
    middle = inverse[order[starts[known] + counts[known] // 2]]
    near = np.zeros((CELLS + 2, CELLS + 2), bool)
    held = (counts > 0).reshape(CELLS, CELLS)
    for down in (0, 1, 2):
        for across in (0, 1, 2):
            near[down : down + CELLS, across : across + CELLS] |= held
    one = np.eye(CELLS)
    bend, slope = np.diff(np.eye(CELLS), 2, axis=0), np.diff(np.eye(CELLS), 1, axis=0)
    rows = [np.kron(one, bend), np.kron(bend, one), 0.03 * np.kron(one, slope), 0.03 * np.kron(slope, one)]
    data = np.zeros((len(known), CELLS * CELLS))
    data[np.arange(len(known)), known] = 1
    system = np.concatenate([*rows, data])
    wanted = np.concatenate([np.zeros(len(system) - len(known)), middle])
    solved = np.linalg.solve(system.T @ system + 1e-9 * np.eye(CELLS * CELLS), system.T @ wanted)
    return near[1:-1, 1:-1], np.clip(solved, 0, 2 * float(middle.max())).reshape(CELLS, CELLS)


def both(one: Gaussians, other: Gaussians | None) -> Gaussians:
    """All of both."""
    if other is None:
        return one
    parts = ("means", "quaternions", "scales", "opacities", "sh")
    return Gaussians(*(np.concatenate([getattr(one, part), getattr(other, part)]) for part in parts))
