"""What the depth maps of other views say about one: the same test before and while fusing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.types import Cameras, DepthMap
from meshloom.nodes.dense._pairs import pixel_maps
from meshloom.nodes.dense._workers import Workers


def agreement(
    depths: list[DepthMap],
    cameras: Cameras,
    index: int,
    others: tuple[int, ...],
    tolerance: float,
    workers: Workers,
    share: float = 1.0,
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """How many of ``others`` agree with each pixel of view ``index``, and the mean depth of those that do.

    ``cameras``: of the sizes of the depth maps. ``tolerance``: relative difference of depth. Worth
    ``share`` of a view.
    """
    from meshloom.kernels.stereo.agree import agree_rows

    depth = depths[index].depth
    count = np.zeros(depth.shape, np.uint8)
    mean = depth.copy()
    if not others:
        return count, mean
    sizes = np.array([depths[other].depth.shape[::-1] for other in others], np.int32)
    width, height = sizes.max(axis=0)
    maps = np.zeros((len(others), height, width), np.float32)
    for slot, other in zip(maps, others, strict=True):
        shape = depths[other].depth.shape
        slot[: shape[0], : shape[1]] = depths[other].depth
    turn, shift = pixel_maps(cameras, index, others)
    back, back_shift = np.empty_like(turn), np.empty_like(shift)
    for row, other in enumerate(others):
        (back[row],), (back_shift[row],) = pixel_maps(cameras, other, (index,))
    forth = [array.astype(np.float32) for array in (turn, shift, back, back_shift)]

    def check(top: int, bottom: int) -> None:
        agree_rows(depth, maps, sizes, *forth, np.float32(tolerance), top, bottom, count, mean)

    workers.split(check, depth.shape[0], 32, share)
    return count, mean
