"""The depth of one view: a plane sweep at low resolution, smoothed, then slanted planes at each finer one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.types import Cameras, DepthMap, Image
from meshloom.nodes.dense._backdrop import backdrop
from meshloom.nodes.dense._pairs import View, pixel_maps
from meshloom.nodes.dense._workers import Workers

Grey = NDArray[np.float32]

#: The sweep runs at the first halving of the photo that is no larger than this, in pixels of the longer side.
COARSE = 520
#: Photos this small are swept as they are.
SMALL = 300
FEWEST_PLANES, MOST_PLANES = 32, 192
#: Planes steeper than this to the line of sight match nothing: their picture in the other view is too
#: different.
STEEPEST = np.tan(np.radians(80.0))
#: Rows (or columns) a thread takes at once.
STEP = 16


@dataclass(frozen=True)
class Settings:
    max_side: int
    planes: int
    smoothness: float
    rounds: int


@dataclass(frozen=True)
class Level:
    """A view and its neighbours at one size, and how plane q moves pixels there (see ``kernels.stereo``)."""

    ref: Grey
    sources: NDArray[np.int32]
    sizes: NDArray[np.int32]
    turn: Grey
    shift: Grey
    best: int


@dataclass
class Planes:
    """What is known of each pixel: ``planes`` (3, H, W) = q and its slopes, ``cost`` and ``doubt`` (H, W)."""

    planes: Grey
    cost: Grey
    doubt: Grey

    def resized(self, height: int, width: int) -> Planes:
        """For a picture of another size; slopes are per pixel, so they shrink as pixels do."""
        import cv2

        def enlarge(array: Grey) -> Grey:
            return cv2.resize(array, (width, height), interpolation=cv2.INTER_NEAREST)

        tall, wide = height / self.cost.shape[0], width / self.cost.shape[1]
        q, along, down = (enlarge(plane) for plane in self.planes)
        # A nearest pixel's plane holds at that pixel's centre; carry it to the centre of the new, smaller
        # one.
        x = (np.arange(width) + 0.5) / wide
        y = (np.arange(height) + 0.5) / tall
        q = q + along * (x - np.floor(x) - 0.5).astype(np.float32)
        q = q + down * (y - np.floor(y) - 0.5).astype(np.float32)[:, None]
        planes = np.stack([q, along / np.float32(wide), down / np.float32(tall)])
        return Planes(planes.astype(np.float32), enlarge(self.cost), enlarge(self.doubt))


def sweep_view(
    photos: list[Image], cameras: Cameras, view: View, settings: Settings, workers: Workers
) -> DepthMap:
    """Depth of the first of ``photos``; the others are its neighbours. ``cameras`` are in the same order."""
    greys = pyramid(photos, settings.max_side)
    count = planes_needed(greys[0], cameras, view, settings.planes)
    step = (1.0 / view.near - 1.0 / view.far) / (count - 1)
    effort = [1.0] + [2.0 * settings.rounds * level[0].size / greys[0][0].size for level in greys[1:]]
    if len(greys) == 1:
        effort.append(2.0 * settings.rounds)
    level = _level(greys[0], cameras, view, step)
    known = coarse(level, count, settings.smoothness, workers, effort[0] / sum(effort))
    for number, pictures in enumerate(greys[1:] or greys, start=1):
        level = _level(pictures, cameras, view, step)
        known = known.resized(*level.ref.shape)
        # The slope at which a plane of depth z is STEEPEST, in q a pixel: q counts 1/z in steps.
        focal = cameras.intrinsics[0, 0, 0] * level.ref.shape[1] / cameras.sizes[0, 0]
        refine(level, known, settings.rounds, STEEPEST / (view.far * step * focal), 1000 * number, workers,
                effort[number] / sum(effort))  # fmt: skip
    q = known.planes[0]
    depth = (1.0 / np.maximum(1.0 / view.far + q * step, 1e-3 / view.far)).astype(np.float32)
    sure = np.clip((0.7 - known.cost) / 0.6, 0.0, 1.0)
    confidence = (sure * (1.0 - 0.5 * np.clip(known.doubt, 0.0, 1.0))).astype(np.float32)
    known_not = (q < -1.0) | (q > count) | (confidence <= 0.0) | ~opaque(photos[0], depth.shape)
    depth[known_not] = 0.0
    confidence[known_not] = 0.0
    return DepthMap(depth, confidence, photos[0].name)


def pyramid(photos: list[Image], max_side: int) -> list[list[Grey]]:
    """The photos in grey 0..255, coarse to fine; each halving applies to all of them alike."""
    import cv2

    finest = min(max_side, max(photos[0].width, photos[0].height))
    halvings = 0
    while finest / 2**halvings > (COARSE if halvings else SMALL):
        halvings += 1
    levels: list[list[Grey]] = [[] for _ in range(halvings + 1)]
    for photo in photos:
        grey = cv2.cvtColor(np.ascontiguousarray(photo.rgb()), cv2.COLOR_RGB2GRAY).astype(np.float32)
        if photo.pixels.dtype != np.uint8:
            grey = np.clip(np.nan_to_num(grey, nan=0.0), 0.0, 4.0) * np.float32(255.0)
        for level, halving in zip(levels, range(halvings, -1, -1), strict=True):
            scale = finest / 2**halving / max(photo.width, photo.height)
            size = (max(2, round(photo.width * scale)), max(2, round(photo.height * scale)))
            small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
            level.append(small)
    return levels


def planes_needed(greys: list[Grey], cameras: Cameras, view: View, asked: int) -> int:
    """As many planes as the longest way a pixel moves in a neighbour has pixels, or ``asked``."""
    if asked:
        return max(asked, 2)
    height, width = greys[0].shape
    scaled = cameras.scaled(np.array([grey.shape[::-1] for grey in greys]))
    turn, shift = pixel_maps(scaled, 0, tuple(range(1, len(cameras))))
    corners = [(x * width, y * height, 1.0) for x in (0.1, 0.5, 0.9) for y in (0.1, 0.5, 0.9)]
    ways = []
    for pixel in np.array(corners):
        ends = [turn @ pixel + shift / depth for depth in (view.near, view.far)]
        if all((end[:, 2] > 0).all() for end in ends):
            ways.append(
                np.linalg.norm(ends[0][:, :2] / ends[0][:, 2:] - ends[1][:, :2] / ends[1][:, 2:], axis=1)
            )
    longest = np.max(np.median(ways, axis=0)) if ways else MOST_PLANES
    return int(np.clip(np.ceil(longest), FEWEST_PLANES, MOST_PLANES))


def _level(greys: list[Grey], cameras: Cameras, view: View, step: float) -> Level:
    from meshloom.kernels.stereo.sweep import quads

    sizes = np.array([grey.shape[::-1] for grey in greys], np.int32)
    width, height = sizes[1:].max(axis=0)
    sources = np.zeros((len(greys) - 1, height, width), np.int32)
    for slot, grey in zip(sources, greys[1:], strict=True):
        slot[: grey.shape[0], : grey.shape[1]] = quads(grey)
    turn, shift = pixel_maps(cameras.scaled(sizes), 0, tuple(range(1, len(greys))))
    # From depth to planes: q = (1/z - 1/far) / step, and homogeneous pixels may be divided by z.
    turn[:, :, 2] += shift / view.far
    best = 1 if len(sources) <= 2 else 2 if len(sources) <= 5 else 3
    return Level(
        greys[0], sources, sizes[1:], turn.astype(np.float32), (shift * step).astype(np.float32), best
    )


def coarse(level: Level, count: int, smoothness: float, workers: Workers, share: float) -> Planes:
    """Sweep ``count`` planes, smooth, and pick the winners."""
    from meshloom.kernels.stereo.smooth import pick_rows, smooth_lines
    from meshloom.kernels.stereo.sweep import sweep_rows

    ref = level.ref
    height, width = ref.shape
    volume = np.empty((height, width, count), np.uint8)
    sums = np.zeros(volume.shape, np.float32)
    q, cost, doubt = (np.empty((height, width), np.float32) for _ in range(3))
    small, large, edge = np.float32(10.0 * smoothness), np.float32(60.0 * smoothness), np.float32(10.0)

    def match(top: int, bottom: int) -> None:
        sweep_rows(ref, level.sources, level.sizes, level.turn, level.shift, level.best, top, bottom, volume)

    def across(top: int, bottom: int) -> None:
        smooth_lines(ref[top:bottom], volume[top:bottom], small, large, edge, sums[top:bottom])

    def down(left: int, right: int) -> None:
        columns, turned = volume.swapaxes(0, 1)[left:right], sums.swapaxes(0, 1)[left:right]
        smooth_lines(ref.T[left:right], columns, small, large, edge, turned)

    def pick(top: int, bottom: int) -> None:
        pick_rows(volume, sums, top, bottom, q, cost, doubt)

    workers.split(match, height, STEP, 0.7 * share)
    workers.split(across, height, STEP, 0.1 * share)
    workers.split(down, width, STEP, 0.1 * share)
    workers.split(pick, height, STEP, 0.1 * share)
    return Planes(np.stack([q, *_slopes(q)]), cost, doubt)


def _slopes(q: Grey) -> tuple[Grey, Grey]:
    """dq/dx and dq/dy, calmed: winners are whole planes but for a fraction."""
    import cv2

    calm = cv2.medianBlur(q, 5)
    along = cv2.Sobel(calm, cv2.CV_32F, 1, 0, ksize=3, scale=0.125)
    down = cv2.Sobel(calm, cv2.CV_32F, 0, 1, ksize=3, scale=0.125)
    return np.clip(along, -1.0, 1.0), np.clip(down, -1.0, 1.0)


def refine(
    level: Level,
    known: Planes,
    rounds: int,
    steepest: float,
    salt: int,
    workers: Workers,
    share: float,
    everywhere: bool = False,
) -> None:
    """Improve ``known`` in place. Without ``everywhere``, pixels without texture are left, at a cost of 1."""
    from meshloom.kernels.stereo.slant import slant_rows

    rows = level.ref.shape[0]
    active = np.ones(level.ref.shape, bool) if everywhere else ~backdrop(level.ref, workers)
    known.cost[~active] = 1.0
    for number in range(2 * rounds):
        colour, step = number % 2, np.float32(0.5 ** (number // 2))

        def improve(
            top: int, bottom: int, colour: int = colour, step: np.float32 = step, turn: int = number
        ) -> None:
            slant_rows(
                level.ref, active, level.sources, level.sizes, level.turn, level.shift, level.best,
                colour, step, salt + turn, np.float32(steepest), top, bottom, known.planes, known.cost,
            )  # fmt: skip

        workers.split(improve, rows, STEP, share / (2 * rounds))


def opaque(photo: Image, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Where the photo counts, at (height, width): everywhere, but for what its alpha channel hides."""
    import cv2

    if photo.pixels.shape[2] != 4:
        return np.ones(shape, bool)
    alpha = np.ascontiguousarray(photo.as_float()[:, :, 3])
    return np.asarray(cv2.resize(alpha, shape[::-1], interpolation=cv2.INTER_AREA) >= 0.5)
