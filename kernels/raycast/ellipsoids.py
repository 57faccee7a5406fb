"""Solid ellipsoids drawn into a frame: a ray a pixel, the nearest surface wins."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from meshloom.kernels.raycast.arrays import settled
from meshloom.kernels.raycast.render import Frame
from meshloom.kernels.raycast.view import View

#: Strips of the picture for each thread: so many that all end at about the same time.
_STRIPS = 6
#: Towards the light, in camera axes: over the right shoulder.
_LAMP = np.array([0.35, -0.5, -0.79])


def draw_ellipsoids(
    frame: Frame,
    view: View,
    means: NDArray[np.float32],
    quaternions: NDArray[np.float32],
    scales: NDArray[np.float32],
    colours: NDArray[np.uint8],
    reach: float = 1.5,
    near: float = 1e-3,
    threads: int | None = None,
    between: Callable[[], None] = lambda: None,
) -> None:
    """Add N lit ellipsoids to ``frame`` (of ``view``'s size), behind and before what it shows.

    ``means`` (N, 3) world; ``quaternions`` (N, 4) w x y z; ``scales`` (N, 3): their half axes are ``reach`` times
    these. ``colours``: (N, 3), or (1, 3) for all. What comes nearer to the eye than ``near`` is left out. The
    outline is exact (Sigg et al., GPU-based ray-casting of quadratic surfaces, 2006); lenses are not followed.
    ``between`` is called now and then; what it raises ends the work.
    """
    from meshloom.kernels.raycast import _ellipsoid_kernel as kernel

    count = len(means)
    if not count:
        return
    threads = max(1, threads or os.cpu_count() or 2)
    width, height = view.size
    k = view.intrinsics
    lens = (float(k[0, 0]), float(k[1, 1]), float(k[0, 2]), float(k[1, 2]))
    turn, shift = settled(view.rotation, np.float64), settled(view.shift, np.float64)
    given = [settled(each, np.float32) for each in (means, quaternions, scales)]
    paint = settled(colours, np.uint8)
    lamp = _LAMP / np.linalg.norm(_LAMP)
    rows = np.empty((count, kernel.ROW))
    for name in ("depth", "face", "colour", "normal", "alpha"):
        setattr(frame, name, np.require(getattr(frame, name), requirements="CW"))

    def prepare(pair: tuple[int, int]) -> None:
        kernel.prepare(*pair, *given, reach, turn, shift, lens, width, height, near, rows)

    def cast(pair: tuple[int, int]) -> None:
        kernel.cast(
            *pair, order, rows, lens, paint, turn, lamp, frame.depth, frame.face, frame.colour, frame.normal,
            frame.alpha,
        )  # fmt: skip

    pool = ThreadPoolExecutor(threads)
    try:
        list(pool.map(prepare, _parts(count, threads)))
        between()
        shown = np.flatnonzero(np.isfinite(rows[:, kernel.NEAREST]))
        order = shown[np.argsort(rows[shown, kernel.NEAREST].astype(np.float32), kind="stable")]
        for _done in pool.map(cast, _parts(height, threads * _STRIPS)):
            between()
    finally:
        pool.shutdown(cancel_futures=True)


def _parts(count: int, parts: int) -> list[tuple[int, int]]:
    edges = [count * part // parts for part in range(parts + 1)]
    return [pair for pair in itertools.pairwise(edges) if pair[0] < pair[1]]
