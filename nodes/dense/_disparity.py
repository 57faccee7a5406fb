"""Matching of one rectified pair, both ways, and what to make of the two answers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from meshloom.nodes.dense._sweep import Grey, Level, coarse, refine
from meshloom.nodes.dense._workers import Workers

#: By how many pixels the two answers may differ.
SAME = 1.0


def match_slanted(
    left: Grey, right: Grey, low: int, count: int, smoothness: float, rounds: int, workers: Workers
) -> tuple[Grey, Grey]:
    """Disparity of every left pixel within [low, low + count), and its matching cost 0..1.

    Plane sweep, semi-global smoothing and slanted planes; a rectified pair is two cameras side by side whose
    planes are one pixel of disparity apart. ``low`` and ``count`` for right to left: pass mirrored pictures.
    """
    from meshloom.kernels.stereo.sweep import quads

    height, width = left.shape
    turn = np.eye(3, dtype=np.float32)[None].copy()
    turn[0, 0, 2] = -low
    shift = np.array([[-1.0, 0.0, 0.0]], np.float32)
    sizes = np.array([[width, height]], np.int32)
    level = Level(left, quads(right)[None], sizes, turn, shift, 1)
    # One pair has a single opinion of each pixel, so it leans more on its neighbours than many views do.
    known = coarse(level, count, 4.0 * smoothness, workers, 0.25)
    refine(level, known, rounds, 2.0, 0, workers, 0.25, everywhere=True)
    return known.planes[0] + np.float32(low), known.cost


def match_sgbm(left: Grey, right: Grey, low: int, count: int, smoothness: float) -> tuple[Grey, Grey]:
    """The same by OpenCV's semi-global block matching, which knows no cost of a pixel: 0 where it answers."""
    import cv2

    count = -(-count // 16) * 16
    block = 5
    area = block * block
    small, large = round(8 * area * smoothness), round(32 * area * smoothness)
    matcher = cv2.StereoSGBM_create(
        low, count, block, max(small, 1), max(large, small + 1), 1, 63, 5, 0, 0, cv2.STEREO_SGBM_MODE_HH
    )
    # Searches to the left of a pixel; room on that side lets it answer along the left edge, too.
    room = max(low + count, 0)
    pair = [cv2.copyMakeBorder(side.round().astype(np.uint8), 0, 0, room, 0, cv2.BORDER_REPLICATE)
            for side in (left, right)]  # fmt: skip
    found = matcher.compute(*pair)[:, room:].astype(np.float32) / np.float32(16.0)
    return found, np.where(found >= low, 0.0, 1.0).astype(np.float32)


def agreeing(left: Grey, right: Grey) -> NDArray[np.bool_]:
    """Where the disparity of the left picture leads to a right pixel that points back."""
    width = left.shape[1]
    target = np.floor(np.arange(width) + 0.5 - left).astype(np.int64)
    back = np.take_along_axis(right, np.clip(target, 0, width - 1), axis=1)
    same: NDArray[np.bool_] = (np.abs(back - left) <= SAME) & (target >= 0) & (target < width)
    return same


def filled(disparity: Grey, known: NDArray[np.bool_]) -> Grey:
    """Unknown pixels take the farther of the known ones left and right of them: the hidden lies behind."""
    width = disparity.shape[1]
    columns = np.broadcast_to(np.arange(width), disparity.shape)
    before = np.maximum.accumulate(np.where(known, columns, -1), axis=1)
    after = np.minimum.accumulate(np.where(known, columns, width)[:, ::-1], axis=1)[:, ::-1]
    some = known.any(axis=1, keepdims=True)
    first, last = np.where(before < 0, after, before), np.where(after >= width, before, after)
    values = [np.take_along_axis(disparity, np.clip(side, 0, width - 1), axis=1) for side in (first, last)]
    lines = np.where(some, np.minimum(*values), np.nan).astype(np.float32)
    # Lines with nothing known take the next line that has something.
    rows = np.flatnonzero(some[:, 0])
    if len(rows):
        nearest = rows[np.abs(np.arange(len(lines))[:, None] - rows).argmin(axis=1)]
        lines = lines[nearest]
    return np.where(known, disparity, lines).astype(np.float32)
