"""Matching the descriptors of two photos, and checking the matches against one motion of the camera."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

import numpy as np
from numpy.typing import NDArray

from meshloom.nodes.reconstruct._colmap import camera_of, colmap
from meshloom.nodes.reconstruct._values import Features, PairMatches

#: Rows given to a thread at a time: about 30 ms of work.
STRIPE = 1024


def match_descriptors(
    first: NDArray[np.uint8],
    second: NDArray[np.uint8],
    ratio: float,
    max_angle: float,
    pool: ThreadPoolExecutor,
    check: Callable[[], None],
) -> NDArray[np.int32]:
    """(M, 2) int32: descriptors that are each other's nearest, clearly nearer than the second nearest.

    Nearness is the angle between descriptors in radians. ``ratio``: to the nearest over that to the second
    nearest, at most, both ways. ``max_angle``: no match beyond it.
    """
    if not len(first) or not len(second):
        return np.zeros((0, 2), np.int32)
    from meshloom.nodes.reconstruct._nearest_kernel import nearest_two, packed_columns, padded_rows

    rows, packed, count = padded_rows(first), packed_columns(second), len(second)
    stripes = [(top, min(top + STRIPE, len(first))) for top in range(0, len(first), STRIPE)]
    running = [pool.submit(nearest_two, rows, packed, top, stop, count) for top, stop in stripes]
    try:
        # Asked meanwhile, since the very first stripe waits for the kernel to be compiled.
        while wait(running, timeout=0.1).not_done:
            check()
    finally:
        for future in running:
            future.cancel()
    check()
    found = [future.result() for future in running]
    row_best, row_next, row_index = (np.concatenate([stripe[k] for stripe in found]) for k in range(3))
    best, following, index = found[0][3:]
    for _, _, _, value, second_value, at in found[1:]:
        better = value > best
        following = np.where(better, np.maximum(best, second_value), np.maximum(following, value))
        index = np.where(better, at, index)
        best = np.maximum(best, value)
    angle, beyond = _angle(row_best), _angle(row_next)
    own = np.arange(len(first))
    good = (angle <= max_angle) & (angle < ratio * beyond) & (index[row_index] == own)
    good &= (_angle(best) < ratio * _angle(following))[row_index]
    return np.stack([own[good], row_index[good]], axis=1).astype(np.int32)


def _angle(products: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.arccos(np.clip(products.astype(np.float64) / 512**2, -1.0, 1.0))


def verify(
    first: Features, second: Features, matches: NDArray[np.int32], max_error: float, least: int
) -> PairMatches:
    """Which matches agree with one two-view geometry, found by LO-RANSAC with a fixed seed.

    ``max_error``: distance in pixels to what the geometry says. ``least``: fewer inliers count as none.
    """
    if len(matches) < least:
        return PairMatches(np.zeros((0, 2), np.int32), len(matches), 0, np.zeros((3, 3, 3)))
    pycolmap = colmap()
    options = pycolmap.TwoViewGeometryOptions()
    options.min_num_inliers = least
    options.ransac.max_error = max_error
    options.ransac.random_seed = 0
    geometry = pycolmap.estimate_two_view_geometry(
        camera_of(first, "SIMPLE_RADIAL"),
        first.keypoints[:, :2].astype(np.float64),
        camera_of(second, "SIMPLE_RADIAL"),
        second.keypoints[:, :2].astype(np.float64),
        matches.astype(np.uint32),
        options,
    )
    matrices = np.zeros((3, 3, 3))
    for index, matrix in enumerate((geometry.E, geometry.F, geometry.H)):
        if matrix is not None and np.isfinite(matrix).all():
            matrices[index] = matrix
    inliers = np.asarray(geometry.inlier_matches, np.int32).reshape(-1, 2)
    if len(inliers) < least:
        inliers = inliers[:0]
    return PairMatches(inliers, len(matches), int(geometry.config), matrices)
