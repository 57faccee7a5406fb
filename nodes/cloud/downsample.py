"""Fewer points."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError, Range, Run, Slider, node
from meshloom.graph_runtime.types import PointCloud


@node("Downsample cloud", aliases=("voxel grid", "thin out", "decimate points", "reduce"))
def downsample(
    points: PointCloud,
    voxel: Annotated[float, Range(0.0, None, unit="scene units")] = 0.0,
    resolution: Annotated[int, Slider(16, 4096)] = 512,
    *,
    run: Run,
) -> PointCloud:
    """Replace the points in each cell of a grid by their mean.

    Colours, normals and confidences are averaged too; a mean point was seen by every camera that saw one of
    its points.

    voxel: edge of a cell; 0 divides the cloud's longest side by ``resolution``
    resolution: cells along the longest side of the cloud (its middle 98 %, so strays do not count)
    """
    from meshloom.nodes.cloud._points import need_points

    need_points(points)
    run.progress(0.0, 1.0, "sorting points into cells")
    positions = points.positions.astype(np.float64)
    low, high = np.quantile(positions, [0.01, 0.99], axis=0)
    side = float((high - low).max()) or float(np.ptp(positions, axis=0).max())
    edge = voxel or side / resolution
    if not edge > 0:
        edge = 1.0  # all points at one place
    origin = positions.min(axis=0)
    cells = np.floor((positions - origin) / edge)
    if not cells.max() < 2**62:
        raise NodeError(
            f"cells of {edge:.3g} are too small for a cloud of {float(np.ptp(positions, axis=0).max()):.3g}",
            hint="raise voxel, or remove stray points with cloud.remove_outliers",
        )
    cells = cells.astype(np.int64)
    order = np.lexsort((cells[:, 2], cells[:, 1], cells[:, 0]))
    run.progress(0.5, 1.0, "averaging")
    ordered = cells[order]
    new = np.r_[True, (ordered[1:] != ordered[:-1]).any(axis=1)]
    group = np.empty(len(order), np.int64)
    group[order] = np.cumsum(new) - 1
    count = np.bincount(group)

    def mean(values: NDArray[np.generic]) -> NDArray[np.float64]:
        columns = values.reshape(len(values), -1).astype(np.float64).T
        return np.stack([np.bincount(group, weights=column) / count for column in columns], axis=1)

    colours = normals = confidence = observations = None
    if points.colours is not None:
        colours = np.rint(mean(points.colours)).astype(np.uint8)
    if points.normals is not None:
        normals = mean(points.normals)
        length = np.linalg.norm(normals, axis=1)
        # Opposite normals cancel out; the first point's stands in.
        first = order[new]
        normals[length < 1e-3] = points.normals[first[length < 1e-3]]
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
        normals = normals.astype(np.float32)
    if points.confidence is not None:
        confidence = mean(points.confidence)[:, 0].astype(np.float32)
    if points.observations is not None:
        seen = points.observations
        observations = np.unique(np.stack([group[seen[:, 0]], seen[:, 1]], axis=1), axis=0).astype(np.int32)
    kept = (mean(positions - origin) + origin).astype(np.float32)
    run.progress(1.0, 1.0, f"{len(kept)} of {len(points)} points")
    return PointCloud(kept, colours, normals, confidence, observations)
