"""The points around each point."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import Run

#: Points asked for between two reports of progress.
BATCH = 20_000


def nearest(
    positions: NDArray[np.float32], count: int, run: Run, message: str
) -> Iterator[tuple[slice, NDArray[np.float64], NDArray[np.int64]]]:
    """The ``count`` points closest to each point, itself first, batch by batch.

    Yields the batch's slice, distances (B, count) and point numbers (B, count); fewer columns where the cloud
    has fewer points.
    """
    tree = build(positions, run)
    count = min(count, len(positions))
    for first in range(0, len(positions), BATCH):
        run.progress(first / len(positions), 1.0, message)
        part = slice(first, min(first + BATCH, len(positions)))
        distance, place = tree.query(positions[part], k=count, workers=run.threads)
        shape = (part.stop - part.start, count)
        yield part, distance.reshape(shape), place.reshape(shape)


def build(positions: NDArray[np.float32], run: Run) -> Any:
    """A k-d tree of the positions."""
    from scipy.spatial import cKDTree

    run.progress(0.0, 1.0, "sorting points")
    # Not balanced: half the time for points on surfaces, and many equal points do no harm.
    return cKDTree(positions.astype(np.float64), balanced_tree=False, compact_nodes=True)
