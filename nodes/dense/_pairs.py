"""Relations between calibrated views: which see the same things, how far those are, how pixels map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Cameras, DepthMap, Image, PointCloud

Floats = NDArray[np.float64]

#: Degrees between two views at which matches are both easy and exact, and how fast that fades on either side.
GOOD_ANGLE, NARROWER, WIDER = 8.0, 4.0, 12.0
#: Points looked at per camera; more change nothing but the time.
ENOUGH = 3000


@dataclass(frozen=True)
class View:
    """What the sweep of one camera needs to know: its neighbours, best first, and its range of depth."""

    neighbours: tuple[int, ...]
    near: float
    far: float


def check_match(images: Sequence[Image | DepthMap], cameras: Cameras, what: str) -> None:
    """Raise unless there is one image a camera, in the same order, of undistorted photographs."""
    if len(images) != len(cameras):
        raise NodeError(
            f"{len(images)} {what} and {len(cameras)} cameras were given; expected one camera for each",
            "Connect the photos and the cameras that come from the same node.",
        )
    for item, name, (width, height) in zip(images, cameras.names, cameras.sizes, strict=True):
        if item.name and name and item.name != name:
            raise NodeError(
                f"{what} and cameras differ in order: {item.name!r} stands where the camera of {name!r} is",
                "Connect the photos and the cameras that come from the same node.",
            )
        tall, wide = (item.depth if isinstance(item, DepthMap) else item.pixels).shape[:2]
        if abs(wide * height - tall * width) > 0.02 * tall * width + 2 * max(width, height):
            raise NodeError(
                f"{name or 'a camera'} is of a picture of {width} x {height}, but {what} have {wide} x {tall} there",
                "Give both before or after cropping; equal shapes of another size are fine.",
            )
    if cameras.distortion is not None and np.any(cameras.distortion):
        raise NodeError(
            "the cameras have lens distortion; expected undistorted photos and their cameras",
            "Put an undistort node before this one.",
        )
    if not (np.isfinite(cameras.intrinsics).all() and np.isfinite(cameras.extrinsics).all()):
        raise NodeError(
            "a camera holds a value that is not a number", "Look at the node that made the cameras."
        )


def study(cameras: Cameras, points: PointCloud, count: int) -> tuple[list[View], list[str]]:
    """Neighbours (up to ``count``) and depth range of every camera, and warnings.

    Two views are good neighbours when they share many points at a good angle. Without
    ``points.observations`` a camera is taken to see every point inside its frame.
    """
    positions = points.positions.astype(np.float64)
    positions[~np.isfinite(positions).all(axis=1)] = np.nan
    if not np.isfinite(positions).any():
        raise NodeError(
            "there are no sparse points to tell how far the scene is",
            "Connect the points of the structure-from-motion node, or any cloud in the frame of the cameras.",
        )
    visible = _visible(cameras, points, positions)
    centres = cameras.centres()
    views, warnings = [], []
    for index, name in enumerate(cameras.names):
        seen = np.flatnonzero(visible[index])
        if len(seen) < 8:
            in_frame = np.flatnonzero(_inside(cameras, index, positions))
            warnings.append(
                f"{name or index}: sees {len(seen)} sparse points only; its range of depth is a guess"
            )
            seen = in_frame if len(in_frame) >= 8 else np.flatnonzero(_depths(cameras, index, positions) > 0)
        depths = _depths(cameras, index, positions[seen])
        depths = depths[depths > 0]
        if not len(depths):
            warnings.append(f"{name or index}: no point lies before this camera; it gets no depth")
            views.append(View((), 0.0, 0.0))
            continue
        sample = seen[:: max(1, len(seen) // ENOUGH)]
        scores = _scores(centres, index, positions[sample], visible[:, sample])
        order = [int(n) for n in np.argsort(-scores, kind="stable") if scores[n] > 0 and n != index][:count]
        near, far = np.quantile(depths, (0.005, 0.995))
        # Surfaces go on beyond the points that happen to lie on them. Rounded, so that a few more points (one
        # more photo) leave the range, and with it the cached sweep, as it is.
        views.append(View(tuple(order), _rounded(near / 1.35, -1), _rounded(far * 1.35, 1)))
    return views, warnings


def _rounded(depth: float, way: int) -> float:
    steps = np.log(depth) / np.log(1.1)
    return float(1.1 ** (np.floor(steps) if way < 0 else np.ceil(steps)))


def _depths(cameras: Cameras, index: int, positions: Floats) -> Floats:
    depths: Floats = positions @ cameras.extrinsics[index, 2, :3] + cameras.extrinsics[index, 2, 3]
    return depths


def _inside(cameras: Cameras, index: int, positions: Floats) -> NDArray[np.bool_]:
    local = positions @ cameras.extrinsics[index, :, :3].T + cameras.extrinsics[index, :, 3]
    pixels = local @ cameras.intrinsics[index].T
    width, height = cameras.sizes[index]
    with np.errstate(invalid="ignore", divide="ignore"):
        x, y = pixels[:, 0] / pixels[:, 2], pixels[:, 1] / pixels[:, 2]
        inside: NDArray[np.bool_] = (pixels[:, 2] > 0) & (x >= 0) & (x < width) & (y >= 0) & (y < height)
    return inside


def _visible(cameras: Cameras, points: PointCloud, positions: Floats) -> NDArray[np.bool_]:
    """(cameras, points): who sees what."""
    if points.observations is None or not len(points.observations):
        return np.stack([_inside(cameras, index, positions) for index in range(len(cameras))])
    seen = np.zeros((len(cameras), len(points)), bool)
    which, camera = points.observations.T
    if which.min() < 0 or which.max() >= len(points) or camera.min() < 0 or camera.max() >= len(cameras):
        raise NodeError(
            "the points were observed by cameras that are not among these",
            "Connect the points and the cameras that come from the same node.",
        )
    seen[camera, which] = True
    return seen & np.isfinite(positions[:, 0])


def _scores(centres: Floats, index: int, positions: Floats, visible: NDArray[np.bool_]) -> Floats:
    """How good a neighbour each camera is: the points it shares, weighted by the angle between the views."""
    scores = np.zeros(len(centres))
    own = centres[index] - positions
    own /= np.maximum(np.linalg.norm(own, axis=1, keepdims=True), 1e-12)
    for other, centre in enumerate(centres):
        shared = visible[other]
        if other == index or not shared.any():
            continue
        rays = centre - positions[shared]
        rays /= np.maximum(np.linalg.norm(rays, axis=1, keepdims=True), 1e-12)
        angles = np.degrees(np.arccos(np.clip((rays * own[shared]).sum(axis=1), -1.0, 1.0)))
        spread = np.where(angles < GOOD_ANGLE, NARROWER, WIDER)
        weights = np.exp(-0.5 * ((angles - GOOD_ANGLE) / spread) ** 2)
        # Views from one spot see the same but tell no depth.
        scores[other] = weights[angles > 0.2].sum()
    return scores


def pixel_maps(cameras: Cameras, index: int, others: tuple[int, ...]) -> tuple[Floats, Floats]:
    """(N, 3, 3) and (N, 3): a pixel p of ``index`` at depth z is seen in n at z * turn[n] @ p + shift[n]."""
    turns, shifts = [], []
    own = cameras.extrinsics[index]
    inverse = np.linalg.inv(cameras.intrinsics[index])
    for other in others:
        rotation = cameras.extrinsics[other, :, :3] @ own[:, :3].T
        move = cameras.extrinsics[other, :, 3] - rotation @ own[:, 3]
        turns.append(cameras.intrinsics[other] @ rotation @ inverse)
        shifts.append(cameras.intrinsics[other] @ move)
    return np.array(turns).reshape(-1, 3, 3), np.array(shifts).reshape(-1, 3)
