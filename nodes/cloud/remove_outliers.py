"""Stray points."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Run, Slider, node
from meshloom.graph_runtime.types import PointCloud


@node("Remove outliers", aliases=("denoise", "statistical outlier removal", "sor", "floaters", "clean"))
def remove_outliers(
    points: PointCloud,
    neighbours: Annotated[int, Slider(2, 100)] = 16,
    deviation: Annotated[float, Slider(0.5, 20.0, step=0.5)] = 4.0,
    min_confidence: Annotated[float, Slider(0.0, 1.0, step=0.05)] = 0.0,
    *,
    run: Run,
) -> PointCloud:
    """Remove points that lie alone, and those that are not finite.

    A point goes when its mean distance to its neighbours is far above what is usual in this cloud
    (statistical outlier removal, Rusu et al. 2008; with median and median deviation in place of mean and
    standard deviation, which far strays would spoil).

    neighbours: how many of the nearest points to look at; more also removes small clumps
    deviation: how many (robust) standard deviations above the median a mean distance may be; lower removes
      more
    min_confidence: remove points of lower confidence too (where points have one)
    """
    from meshloom.nodes.cloud._neighbours import nearest
    from meshloom.nodes.cloud._points import take

    keep = np.isfinite(points.positions).all(axis=1)
    if points.confidence is not None:
        keep &= points.confidence >= min_confidence
    left = take(points, keep)
    if not len(left):
        raise NodeError(
            f"none of the {len(points)} points is finite"
            + (f" and of confidence {min_confidence} or more" if points.confidence is not None else ""),
            hint="lower min_confidence, or check the source of the points",
        )
    if len(left) < 3:
        return left
    mean = np.empty(len(left))
    for part, distance, _ in nearest(left.positions, neighbours + 1, run, "looking at neighbours"):
        mean[part] = distance[:, 1:].mean(axis=1)
    middle = np.median(mean)
    spread = 1.4826 * np.median(np.abs(mean - middle))
    # Points on a grid have no spread at all: a tenth of the distance is never far.
    kept = take(left, mean <= middle + deviation * max(spread, 0.1 * middle))
    run.progress(1.0, 1.0, f"removed {len(points) - len(kept)} of {len(points)} points")
    return kept
