"""From many overlapping points to one clean cloud."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError, Run

Floats = NDArray[np.float32]

#: Points of the neighbourhood that a normal and the outlier test look at.
NEAREST = 16
#: Points handled between two reports of progress.
CHUNK = 40_000


@dataclass(frozen=True)
class Samples:
    """Points before merging, (P, ...): where, how sure, the direction to the camera (unit), colour 0..255."""

    positions: Floats
    confidence: Floats
    weights: Floats
    towards: Floats
    colours: NDArray[np.uint8] | None

    def take(self, keep: NDArray[np.bool_]) -> Samples:
        colours = None if self.colours is None else self.colours[keep]
        return Samples(
            self.positions[keep], self.confidence[keep], self.weights[keep], self.towards[keep], colours
        )


def join(parts: list[Samples]) -> Samples:
    """All samples in one."""
    colours = None
    if all(part.colours is not None for part in parts):
        colours = np.concatenate([part.colours for part in parts if part.colours is not None])
    return Samples(
        np.concatenate([part.positions for part in parts]),
        np.concatenate([part.confidence for part in parts]),
        np.concatenate([part.weights for part in parts]),
        np.concatenate([part.towards for part in parts]),
        colours,
    )


def merge_cells(samples: Samples, cell: float, run: Run) -> Samples:
    """One sample a cubic cell of side ``cell``: the weighted mean of those inside."""
    low = samples.positions.min(axis=0)
    extent = np.floor((samples.positions.max(axis=0) - low).astype(np.float64) / cell) + 1
    if not extent.prod() < 2**62:
        raise NodeError(
            f"a voxel of {cell:g} is too small for a scene {(extent * cell).max():g} across",
            "Set voxel to 0 (automatic) or to a larger length.",
        )
    counts = extent.astype(np.int64)
    cells = ((samples.positions - low) / np.float32(cell)).astype(np.int64)
    keys = (cells[:, 0] * counts[1] + cells[:, 1]) * counts[2] + cells[:, 2]
    run.progress(0.62, 1.0, "merging points")
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    weights = samples.weights[order].astype(np.float64)
    total = np.add.reduceat(weights, starts)

    def mean(values: NDArray[Any]) -> NDArray[np.float64]:
        run.progress(0.65, 1.0, "merging points")
        return np.asarray(np.add.reduceat(weights * values[order], starts) / total)

    def means(values: NDArray[Any]) -> Floats:
        return np.stack([mean(column) for column in values.T], axis=1).astype(np.float32)

    colours = None if samples.colours is None else (means(samples.colours) + 0.5).astype(np.uint8)
    towards = means(samples.towards)
    towards /= np.maximum(np.linalg.norm(towards, axis=1, keepdims=True), 1e-12)
    sure = mean(samples.confidence).astype(np.float32)
    return Samples(means(samples.positions), sure, total.astype(np.float32), towards, colours)


def neighbourhoods(positions: Floats, run: Run) -> tuple[Floats, Floats]:
    """Mean distance of each point to those near it, and the normal (either way) of the plane through them."""
    from scipy.spatial import cKDTree

    run.progress(0.7, 1.0, "normals and outliers")
    tree = cKDTree(positions)
    nearest = min(NEAREST, len(positions))
    distances = np.zeros(len(positions), np.float32)
    normals = np.tile(np.array([0.0, 0.0, 1.0], np.float32), (len(positions), 1))
    for first in range(0, len(positions), CHUNK):
        run.progress(0.75 + 0.25 * first / len(positions), 1.0, "normals and outliers")
        some = slice(first, first + CHUNK)
        apart, index = tree.query(positions[some], k=nearest, workers=max(1, run.threads))
        if nearest < 3:
            continue
        distances[some] = apart[:, 1:].mean(axis=1)
        # In the unit of the neighbourhood, or float32 would lose the small differences.
        patch = (positions[index] - positions[some, None]) / np.maximum(apart[:, -1:, None], 1e-30)
        patch -= patch.mean(axis=1, keepdims=True)
        _, axes = np.linalg.eigh(np.matmul(patch.transpose(0, 2, 1), patch))
        normals[some] = axes[:, :, 0]
    return distances, normals
