"""The rasteriser for processors: numba kernels without the GIL on threads of its own.

Threads of Python rather than ``prange``: numba's default threading layer ends the process when two threads call
parallel kernels at once, and the engine runs nodes side by side. Nothing depends on the number of threads: every
hit has a place of its own for its gradients, and they are summed per Gaussian in a fixed order.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meshloom.kernels.splatting import binning, blending, projecting
from meshloom.kernels.splatting.arrays import Camera, Frame, Gaussians, Gradients, Settings
from meshloom.kernels.splatting.binning import TILE
from meshloom.kernels.splatting.projecting import ROW, SUMS

#: Gaussians of one piece of work; also the blocks in which gradients by the camera are summed.
BLOCK = 4096
#: Bytes that a picture may take beside the Gaussians themselves: rows and lists of hits.
MOST_BYTES = 5 << 30
#: Steps of blending, where somebody wants to be asked between.
_PIECES = 6
_NONE = np.zeros((0, 0), np.float32)
_NONE3 = np.zeros((0, 0, 0), np.float32)


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
    offsets: NDArray[np.int64]
    who: NDArray[np.int32]
    slot: NDArray[np.int32]
    shares: list[NDArray[np.int64]]


class CpuRasteriser:
    """Draws Gaussians and takes gradients back. Use as a context, or call :meth:`close`.

    ``threads``: how many work at once. One instance serves one caller at a time.
    """

    def __init__(self, threads: int = 2) -> None:
        self.threads = max(1, threads)
        self._pool = ThreadPoolExecutor(max(1, self.threads - 1)) if self.threads > 1 else None
        self._kept: dict[str, NDArray[Any]] = {}

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
        parts = min(self.threads, max(1, count // least))
        edges = [count * part // parts for part in range(parts + 1)]
        self.together(work, list(itertools.pairwise(edges)))

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
        depth, normal, median = _NONE, _NONE3, _NONE
        if settings.geometry:
            depth, median = np.empty((height, width), np.float32), np.empty((height, width), np.float32)
            normal = np.empty((3, height, width), np.float32)
        across = -(-width // TILE)
        jobs = [
            (
                share,
                held.offsets,
                held.who,
                held.rows,
                across,
                settings.geometry,
                colour,
                left,
                depth,
                normal,
                median,
            )
            for share in held.shares
        ]
        if between is None:
            self.together(blending.blend, jobs)
        else:
            for piece in range(_PIECES):
                self.together(blending.blend, [(job[0][piece::_PIECES], *job[1:]) for job in jobs])
                between()
        frame = Frame(colour, left, held=held)
        if settings.geometry:
            frame.depth, frame.normal, frame.median = depth, normal, median
        return frame

    def _listed(
        self, gaussians: Gaussians, camera: Camera, settings: Settings, between: Callable[[], None]
    ) -> _Held:
        count = len(gaussians)
        across, down = -(-camera.width // TILE), -(-camera.height // TILE)
        rows = np.empty((count, ROW), np.float32)
        each = np.empty(count, np.int64)
        lens = (camera.fx, camera.fy, camera.cx, camera.cy)
        size = (float(camera.width), float(camera.height))
        bands = (min(settings.degree, gaussians.degree) + 1) ** 2
        touched: list[NDArray[np.int64]] = []

        def project(first: int, last: int) -> None:
            projecting.project(
                first, last, gaussians.means, gaussians.quaternions, gaussians.scales, gaussians.opacities,
                gaussians.sh, bands, camera.rotation, camera.shift, lens, size, settings.near, settings.blur,
                settings.antialiased, rows,
            )  # fmt: skip
            lengths = np.zeros(across * down, np.int64)
            binning.count(first, last, rows, across, down, each, lengths)
            touched.append(lengths)

        self.over(project, count)
        between()
        starts = np.zeros(count + 1, np.int64)
        np.cumsum(each, out=starts[1:])
        total = int(starts[-1])
        if total * (8 + 4 * SUMS) + count * 4 * ROW > MOST_BYTES:
            raise TooLarge(
                f"{count:,} Gaussians touch {total:,} tiles of the picture, which needs over"
                f" {MOST_BYTES >> 30} GiB of memory"
            )
        order = binning.by_depth(rows, each)
        lengths = np.sum(touched, axis=0)
        # Waking a thread costs more than a few hits do.
        parts = min(self.threads, max(1, total // 4000))
        edges = [down * part // parts for part in range(parts + 1)]
        bandwise = [pair for pair in itertools.pairwise(edges) if pair[0] < pair[1]]
        offsets = np.zeros(across * down + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        who, slot = np.empty(total, np.int32), np.empty(total, np.int32)
        cursor = offsets[:-1].copy()
        self.together(
            binning.fill,
            [(order, rows, starts, *pair, across, down, cursor, who, slot) for pair in bandwise],
        )
        between()
        return _Held(gaussians, camera, settings, rows, starts, offsets, who, slot, _shares(lengths, parts))

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

        def given(array: NDArray[np.float32] | None, *shape: int) -> NDArray[np.float32]:
            if array is None:
                return np.zeros(shape, np.float32)
            return np.ascontiguousarray(array, np.float32).reshape(shape)

        geometry = settings.geometry and (depth is not None or normal is not None)
        v_colour, v_alpha = given(colour, 3, height, width), given(alpha, height, width)
        v_depth, v_normal, d, n = _NONE, _NONE3, _NONE, _NONE3
        if geometry:
            v_depth, v_normal = given(depth, height, width), given(normal, 3, height, width)
            assert frame.depth is not None and frame.normal is not None
            d, n = frame.depth, frame.normal
        hits = np.empty((int(held.starts[-1]), SUMS if geometry else 9), np.float32)
        across = -(-width // TILE)
        jobs = [
            (
                share,
                held.offsets,
                held.who,
                held.slot,
                held.rows,
                across,
                geometry,
                frame.colour,
                frame.left,
                d,
                n,
                v_colour,
                v_alpha,
                v_depth,
                v_normal,
                hits,
            )
            for share in held.shares
        ]
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
            for block in range(first, last):
                projecting.project_back(
                    block * BLOCK, min((block + 1) * BLOCK, count), gaussians.means, gaussians.quaternions,
                    gaussians.scales, gaussians.opacities, gaussians.sh, bands, camera.rotation, camera.shift, lens,
                    size, settings.blur, settings.antialiased, held.rows, held.starts, hits, geometry, out.means,
                    out.quaternions, out.scales, out.opacities, out.sh, out.spread, poses[block],
                )  # fmt: skip

        self.over(back, blocks, 1)
        pose = poses.sum(axis=0)
        out.rotation, out.shift = pose[:9].reshape(3, 3), pose[9:]
        return out


def _nothing() -> None:
    pass


def _shares(lengths: NDArray[np.int64], parts: int) -> list[NDArray[np.int64]]:
    """The tiles in ``parts``, dealt so that each gets about as much work: longest first, in turns."""
    order = np.argsort(-lengths, kind="stable")
    # 0 1 1 0 0 1 1 0: taking turns in taking the first pick evens the lengths out.
    turn = np.arange(len(order)) % (2 * parts)
    player = np.where(turn < parts, turn, 2 * parts - 1 - turn)
    return [np.sort(order[player == part]) for part in range(parts)]
