"""The rasteriser for processors: numba kernels without the GIL on threads of its own.

Threads of Python rather than ``prange``: numba's default threading layer ends the process when two threads call
parallel kernels at once, and the engine runs nodes side by side. Nothing depends on the number of threads: every
hit has a place of its own for its gradients, and they are summed per Gaussian in a fixed order.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meshloom.kernels.splatting import (
    arrays,
    binning,
    blending,
    colouring,
    harmonics,
    lanes,
    projecting,
    projecting_back,
    side_by_side,
)
from meshloom.kernels.splatting.arrays import Camera, Frame, Gaussians, Gradients, Settings
from meshloom.kernels.splatting.binning import TALL, WIDE, WINDOW
from meshloom.kernels.splatting.fresh import forget_stale
from meshloom.kernels.splatting.projecting_back import BLOCK
from meshloom.kernels.splatting.side_by_side import ROW, SUMS

#: Bytes that a picture may take beside the Gaussians themselves: rows and lists of hits.
MOST_BYTES = 5 << 30
#: Steps of blending, where somebody wants to be asked between.
_PIECES = 6


_SOURCES = (arrays, binning, blending, colouring, harmonics, lanes, projecting, projecting_back, side_by_side)
forget_stale([Path(str(module.__file__)) for module in _SOURCES], Path(blending.blend.stats.cache_path))


class TooLarge(ValueError):
    """The picture would need more memory than ``MOST_BYTES``; said before any of it is taken."""


@dataclass
class _Held:
    """What the backward pass needs of the forward one."""

    gaussians: Gaussians
    camera: Camera
    settings: Settings
    rows: NDArray[np.float32]
    starts: NDArray[np.int64]
    places: NDArray[np.int32]
    offsets: NDArray[np.int64]
    copies: NDArray[np.float32]
    windows: NDArray[np.uint8]
    order: NDArray[np.int32]
    shares: list[NDArray[np.int64]]


class CpuRasteriser:
    """Draws Gaussians and takes gradients back. Use as a context, or call :meth:`close`.

    ``threads``: how many work at once. One instance serves one caller at a time.
    """

    def __init__(self, threads: int = 2) -> None:
        self.threads = max(1, threads)
        self._pool = ThreadPoolExecutor(max(1, self.threads - 1)) if self.threads > 1 else None

    def __enter__(self) -> CpuRasteriser:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown(wait=True)

    def together(self, work: Callable[..., object], jobs: Sequence[tuple[Any, ...]]) -> None:
        """``work(*job)`` for all jobs, on all threads; returns when all are done."""
        if self._pool is None or len(jobs) < 2:
            for job in jobs:
                work(*job)
            return
        waiting = [self._pool.submit(work, *job) for job in jobs[1:]]
        try:
            work(*jobs[0])
        finally:
            for future in waiting:
                future.result()

    def over(self, work: Callable[[int, int], object], count: int, least: int = 2048) -> None:
        """``work(first, last)`` on even parts of ``range(count)``, a part a thread."""
        self.together(work, self._parts(count, least))

    def _parts(self, count: int, least: int = 2048) -> list[tuple[int, int]]:
        parts = min(self.threads, max(1, count // least))
        return list(itertools.pairwise(count * part // parts for part in range(parts + 1)))

    # ------------------------------------------------------------------------------------------- forward

    def render(
        self,
        gaussians: Gaussians,
        camera: Camera,
        settings: Settings | None = None,
        between: Callable[[], None] | None = None,
    ) -> Frame:
        """Draw. Raises :class:`TooLarge` where lists of hits would not fit into memory.

        ``between`` is called between steps of the work; what it raises ends it.
        """
        settings = settings or Settings()
        held = self._listed(gaussians, camera, settings, between or _nothing)
        height, width = camera.height, camera.width
        colour, left = np.empty((3, height, width), np.float32), np.empty((height, width), np.float32)
        depth, normal, median = None, None, None
        if settings.geometry:
            depth, median = np.empty((height, width), np.float32), np.empty((height, width), np.float32)
            normal = np.empty((3, height, width), np.float32)
        pictures = [_flat(picture) for picture in (colour, left, depth, normal, median)]
        across = -(-width // WIDE)

        def draw(tiles: NDArray[np.int64]) -> None:
            binning.by_depth(
                tiles, held.offsets, across, width, height, held.copies, held.windows, held.order
            )
            blending.blend(tiles, held.offsets, held.copies, held.windows, width, height, *pictures)

        if between is None:
            self.together(draw, [(share,) for share in held.shares])
        else:
            for piece in range(_PIECES):
                self.together(draw, [(share[piece::_PIECES],) for share in held.shares])
                between()
        return Frame(colour, left, depth, normal, median, held)

    def _listed(
        self, gaussians: Gaussians, camera: Camera, settings: Settings, between: Callable[[], None]
    ) -> _Held:
        parts = (getattr(gaussians, field.name) for field in fields(Gaussians))
        gaussians = Gaussians(*(np.ascontiguousarray(part, np.float32) for part in parts))
        count = len(gaussians)
        across, down = -(-camera.width // WIDE), -(-camera.height // TALL)
        rows = np.empty((count, ROW), np.float32)
        each, one = np.empty(count, np.int64), np.empty(count, np.int32)
        lens = (camera.fx, camera.fy, camera.cx, camera.cy)
        size = (float(camera.width), float(camera.height))
        bands = (min(settings.degree, gaussians.degree) + 1) ** 2
        pairs = self._parts(count)
        touched = np.zeros((len(pairs), across * down), np.int64)

        def project(part: int, first: int, last: int) -> None:
            projecting.project(
                first, last, gaussians.means, gaussians.quaternions, gaussians.scales, gaussians.opacities,
                gaussians.sh, bands, camera.rotation, camera.shift, lens, size, settings.near, settings.blur,
                settings.antialiased, rows,
            )  # fmt: skip
            binning.count(first, last, rows, across, down, each, one, touched[part])

        self.together(project, [(part, *pair) for part, pair in enumerate(pairs)])
        between()
        starts = np.zeros(count + 1, np.int64)
        np.cumsum(each, out=starts[1:])
        total = int(starts[-1])
        # Copies twice: while they are sorted, at worst all are of one tile.
        if total * (24 + WINDOW + 8 * ROW + 4 * SUMS) + count * 4 * ROW > MOST_BYTES:
            raise TooLarge(
                f"{count:,} Gaussians touch {total:,} tiles of the picture, which needs over"
                f" {MOST_BYTES >> 30} GiB of memory"
            )
        lengths = touched.sum(axis=0)
        offsets = np.zeros(across * down + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        # Where each part's own begin in every tile: after those of the parts before it.
        cursors = offsets[:-1] + np.cumsum(touched, axis=0) - touched
        copies, places = np.empty((total, ROW), np.float32), np.empty(total, np.int32)
        order, windows = np.empty(total, np.int32), np.empty((total, WINDOW), np.uint8)
        self.together(
            binning.fill,
            [
                (*pair, rows, starts, one, across, down, cursor, copies, places)
                for pair, cursor in zip(pairs, cursors, strict=True)
            ],
        )
        # Waking a thread costs more than a few hits do.
        shares = _shares(lengths, min(self.threads, max(1, total // 4000)))
        return _Held(
            gaussians, camera, settings, rows, starts, places, offsets, copies, windows, order, shares
        )

    # ------------------------------------------------------------------------------------------ backward

    def backward(
        self,
        frame: Frame,
        colour: NDArray[np.float32] | None = None,
        alpha: NDArray[np.float32] | None = None,
        depth: NDArray[np.float32] | None = None,
        normal: NDArray[np.float32] | None = None,
    ) -> Gradients:
        """The gradient of a scalar whose gradients by the frame's pictures are given (``None``: zeros).

        ``colour`` is by the premultiplied colour, ``depth`` and ``normal`` by the weighted sums. The median depth
        has no gradient.
        """
        held: _Held = frame.held
        gaussians, camera, settings = held.gaussians, held.camera, held.settings
        height, width = camera.height, camera.width

        def given(array: NDArray[np.float32] | None, size: int) -> NDArray[np.float32]:
            if array is None:
                return np.zeros(size, np.float32)
            return np.ascontiguousarray(array, np.float32).reshape(size)

        geometry = settings.geometry and (depth is not None or normal is not None)
        pixels = width * height
        pictures = [_flat(picture) for picture in (frame.colour, frame.left, frame.depth, frame.normal)]
        slopes = [given(colour, 3 * pixels), given(alpha, pixels), None, None]
        if geometry:
            slopes[2:] = given(depth, pixels), given(normal, 3 * pixels)
        else:
            pictures[2:] = None, None
        hits = np.empty((int(held.starts[-1]) + 1, SUMS if geometry else 9), np.float32)
        hits[-1] = 0
        lists = (held.offsets, held.copies, held.windows, held.order)
        jobs = [(share, *lists, width, height, *pictures, *slopes, hits) for share in held.shares]
        self.together(blending.blend_back, jobs)

        count = len(gaussians)
        out = Gradients(
            np.empty((count, 3), np.float32),
            np.empty((count, 4), np.float32),
            np.empty((count, 3), np.float32),
            np.empty(count, np.float32),
            np.empty(gaussians.sh.shape, np.float32),
            np.zeros((3, 3)),
            np.zeros(3),
            np.empty(count, np.float32),
            held.starts[1:] > held.starts[:-1],
        )
        lens = (camera.fx, camera.fy, camera.cx, camera.cy)
        size = (float(width), float(height))
        bands = (min(settings.degree, gaussians.degree) + 1) ** 2
        blocks = -(-count // BLOCK)
        poses = np.zeros((blocks, 12))

        def back(first: int, last: int) -> None:
            projecting_back.project_back(
                first, last, gaussians.means, gaussians.quaternions, gaussians.scales, gaussians.opacities,
                gaussians.sh, bands, camera.rotation, camera.shift, lens, size, settings.blur, settings.antialiased,
                held.rows, held.starts, held.places, hits, geometry, out.means, out.quaternions, out.scales,
                out.opacities, out.sh, out.spread, poses,
            )  # fmt: skip

        self.over(back, blocks, 1)
        pose = poses.sum(axis=0)
        out.rotation, out.shift = pose[:9].reshape(3, 3), pose[9:]
        return out


def _nothing() -> None:
    pass


def _flat(picture: NDArray[np.float32] | None) -> NDArray[np.float32] | None:
    return None if picture is None else picture.reshape(-1)


def _shares(lengths: NDArray[np.int64], parts: int) -> list[NDArray[np.int64]]:
    """The tiles in ``parts``, dealt so that each gets about as much work: longest first, in turns."""
    order = np.argsort(-lengths, kind="stable")
    # 0 1 1 0 0 1 1 0: taking turns in taking the first pick evens the lengths out.
    turn = np.arange(len(order)) % (2 * parts)
    player = np.where(turn < parts, turn, 2 * parts - 1 - turn)
    return [np.sort(order[player == part]) for part in range(parts)]
