"""A view from where no photo was taken, out of the photos around it."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meshloom.kernels.warping._warp_kernel import draw_depth, look_up

Floats = NDArray[np.float32]
#: Depth maps are taken from so many more photos than colours are.
MORE = 2
#: What is far away is as many times as far as the furthest that is known.
FAR = 10.0


@dataclass(frozen=True)
class Photo:
    """``pixels`` (h, w, 3) float32 with ``lens`` (fx, fy, cx, cy); ``depth`` (h', w') float32, 0 = unknown, with
    ``depth_lens``; ``pose`` (3, 4) world-to-camera. ``guess``: the depth map with its holes filled, for places that
    no depth map knows.
    """

    pixels: Floats
    lens: NDArray[np.float64]
    depth: Floats
    guess: Floats | None
    depth_lens: NDArray[np.float64]
    pose: NDArray[np.float64]

    @property
    def eye(self) -> NDArray[np.float64]:
        return np.asarray(-self.pose[:, :3].T @ self.pose[:, 3])


@dataclass(frozen=True)
class Novel:
    """``colour`` (H, W, 3) float32, holes filled; ``known`` (H, W): shown by a photo; ``depth`` (H, W), 0 unknown."""

    colour: Floats
    known: NDArray[np.bool_]
    depth: Floats


def nearest(photos: list[Photo], pose: NDArray[np.float64], away: float, count: int) -> list[int]:
    """The photos that show most nearly what a camera sees ``away`` before it: by angle there, and by distance."""
    eye = -pose[:, :3].T @ pose[:, 3]
    middle = eye + pose[2, :3] * away
    costs = []
    for photo in photos:
        to, own = middle - photo.eye, middle - eye
        far = float(np.linalg.norm(to))
        cosine = float(to @ own) / max(far * away, 1e-30)
        local = photo.pose[:, :3] @ middle + photo.pose[:, 3]
        # One that looks elsewhere shows nothing of it.
        behind = 0.0 if local[2] > 0 else 10.0
        costs.append(np.arccos(np.clip(cosine, -1, 1)) + 0.3 * abs(np.log(max(far, 1e-9) / away)) + behind)
    return [int(index) for index in np.argsort(costs, kind="stable")[:count]]


def blend(
    photos: list[Photo],
    lens: NDArray[np.float64],
    pose: NDArray[np.float64],
    size: tuple[int, int],
    neighbours: int = 3,
    tolerance: float = 0.02,
    beyond: float = 0.0,
    threads: int = 2,
) -> Novel:
    """What a pinhole ``lens`` sees at ``pose``, ``size`` = (width, height), out of the ``neighbours`` nearest photos.

    ``tolerance``: share of its depth by which a place may lie behind a photo's depth map and still be seen in it.
    ``beyond``: depth of what no depth map shows, such as sky; 0 leaves it to be filled.
    """
    width, height = size
    away = float(
        np.median(
            [np.median(photo.depth[photo.depth > 0]) for photo in photos if (photo.depth > 0).any()] or [1]
        )
    )
    order = nearest(photos, pose, away, neighbours + MORE)
    z = np.full((height, width), np.inf, np.float32)
    for index in order:
        photo = photos[index]
        draw_depth(photo.depth, photo.depth_lens, _between(photo, pose), lens, 4 * tolerance, z)
    z[~np.isfinite(z)] = 0
    z = _steadied(_steadied(_without_specks(z)))
    sure = z > 0
    if beyond > 0:
        z = np.where(sure, z, np.float32(beyond))
    elif any(photo.guess is not None for photo in photos):
        rough = np.full((height, width), np.inf, np.float32)
        for index in order[:neighbours]:
            photo = photos[index]
            if photo.guess is not None:
                draw_depth(photo.guess, photo.depth_lens, _between(photo, pose), lens, 0.5, rough)
        z = np.where(sure | ~np.isfinite(rough), z, rough)
    y, x = np.mgrid[:height, :width] + 0.5
    local = np.stack([(x - lens[2]) / lens[0], (y - lens[3]) / lens[1], np.ones_like(x)], axis=2)
    rays = np.ascontiguousarray(local @ pose[:, :3], np.float64)
    eye = -pose[:, :3].T @ pose[:, 3]
    colour, weight = np.zeros((height, width, 3), np.float32), np.zeros((height, width), np.float32)
    edges = [height * part // threads for part in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        for index in order[:neighbours]:
            photo = photos[index]
            margin = 0.05 * min(photo.pixels.shape[:2])

            def rows(pair: tuple[int, int], photo: Photo = photo, margin: float = margin) -> None:
                look_up(
                    *pair, z, rays, eye, photo.pixels, photo.lens, photo.pose, photo.depth, photo.depth_lens,
                    photo.eye, tolerance, margin, colour, weight,
                )  # fmt: skip

            list(pool.map(rows, itertools.pairwise(edges)))
    known = weight > 0
    colour[known] /= weight[known][:, None]
    return Novel(filled(colour, known), known & sure, np.where(sure, z, np.float32(0)))


def _between(photo: Photo, pose: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3, 4): camera coordinates of the photo to those at ``pose``."""
    turn = pose[:, :3] @ photo.pose[:, :3].T
    return np.ascontiguousarray(np.column_stack([turn, pose[:, 3] - turn @ photo.pose[:, 3]]))


def carried_on(depth: Floats) -> Floats:
    """A depth map (H, W) without holes: 1/depth, which is affine on planes, from around them."""
    known = depth > 0
    if not known.any():
        return depth
    inverse = np.where(known, 1 / np.maximum(depth, 1e-12), 0).astype(np.float32)
    whole = filled(np.repeat(inverse[..., None], 3, axis=2), known)[..., 0]
    return np.asarray(1 / np.maximum(whole, 1e-12), np.float32)


def _without_specks(z: Floats) -> Floats:
    """Pinholes take the furthest depth around them; lone pixels far before all their neighbours go."""
    padded = np.pad(z, 1, mode="edge")
    height, width = z.shape
    around = np.stack(
        [
            padded[dy : dy + height, dx : dx + width]
            for dy in range(3)
            for dx in range(3)
            if (dy, dx) != (1, 1)
        ]
    )
    some = (around > 0).sum(axis=0)
    with np.errstate(all="ignore"):
        middle = np.where(some > 0, around.sum(axis=0) / np.maximum(some, 1), 0)
    holes = (z == 0) & (some >= 6)
    result = np.where(holes, around.max(axis=0), z)
    lone = (z > 0) & (some <= 1)
    return np.asarray(np.where(lone, 0, np.where(holes & (middle == 0), 0, result)), np.float32)


def _steadied(z: Floats) -> Floats:
    """Each known depth as the median of the 3 x 3 around it: noise of one photo's depths goes, outlines stay."""
    padded = np.pad(z, 1, mode="edge")
    height, width = z.shape
    around = np.stack([padded[dy : dy + height, dx : dx + width] for dy in range(3) for dx in range(3)])
    np.copyto(around, z[None], where=around <= 0)
    around.partition(4, axis=0)
    return np.where(z > 0, around[4], z)


def filled(colour: Floats, known: NDArray[np.bool_]) -> Floats:
    """Holes of (H, W, 3) from around them: pull down to ever smaller pictures, push them back up (Gortler, 1996)."""
    if known.all() or not known.any():
        return colour
    weight = known.astype(np.float32)[..., None]
    held = colour * weight
    height, width = known.shape
    if min(height, width) < 2:
        mean = held.sum(axis=(0, 1)) / weight.sum()
        return np.asarray(np.where(known[..., None], colour, mean), np.float32)
    high, wide = -(-height // 2), -(-width // 2)
    pad = ((0, 2 * high - height), (0, 2 * wide - width), (0, 0))
    small = np.pad(held, pad).reshape(high, 2, wide, 2, 3).sum(axis=(1, 3))
    shares = np.pad(weight, pad).reshape(high, 2, wide, 2, 1).sum(axis=(1, 3))
    small = filled(np.asarray(small / np.maximum(shares, 1), np.float32), shares[..., 0] > 0)
    large = np.repeat(np.repeat(small, 2, axis=0), 2, axis=1)[:height, :width]
    padded = np.pad(large, ((1, 1), (1, 1), (0, 0)), mode="edge")
    smooth = sum(padded[dy : dy + height, dx : dx + width] for dy in range(3) for dx in range(3)) / 9
    return np.asarray(np.where(known[..., None], colour, smooth), np.float32)
