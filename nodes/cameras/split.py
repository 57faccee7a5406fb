from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Range, node
from meshloom.graph_runtime.types import Cameras, PointCloud


class Split(NamedTuple):
    """
    cameras: those to work with
    points: the points that at least two of them saw
    held_out: those kept for measuring
    """

    cameras: Cameras
    points: PointCloud
    held_out: Cameras


@node("Hold out cameras", aliases=("train test split", "validation", "every nth", "evaluate"))
def split(
    cameras: Cameras,
    points: PointCloud,
    every: Annotated[int, Range(2, 1000)] = 8,
) -> Split:
    """Keep every Nth camera for measuring, so that nothing after this node has seen its photo.

    Put it before reconstruct.undistort, which picks the photos that belong to the cameras it is given; once for each
    part. The middle one of every N is held out.

    cameras: from reconstruct.map_cameras
    points: the sparse points of the same
    every: 8 holds out the 5th, 13th, 21st
    """
    number = np.arange(len(cameras))
    held = number % every == every // 2
    if not held.any() or held.sum() > len(cameras) - 2:
        raise NodeError(
            f"holding out one of every {every} of {len(cameras)} cameras leaves {int((~held).sum())} and"
            f" {int(held.sum())}; expected two or more to work with and one or more to measure on",
            hint="change every, or use more photos",
        )
    return Split(
        cameras.select(number[~held].tolist()), _seen_by(points, ~held), cameras.select(number[held].tolist())
    )


def _seen_by(points: PointCloud, kept: np.ndarray) -> PointCloud:
    """The points that two or more of the ``kept`` (C,) cameras saw, all where nobody knows who saw them."""
    if points.observations is None:
        return points
    rows = points.observations[kept[points.observations[:, 1]]]
    seen = np.bincount(rows[:, 0], minlength=len(points)) >= 2
    rows = rows[seen[rows[:, 0]]]
    place, camera = np.cumsum(seen) - 1, np.cumsum(kept) - 1
    observations = np.stack([place[rows[:, 0]], camera[rows[:, 1]]], axis=1).astype(np.int32)
    parts = (points.colours, points.normals, points.confidence)
    return PointCloud(
        points.positions[seen], *(None if part is None else part[seen] for part in parts), observations
    )
