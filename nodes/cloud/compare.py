"""A cloud measured against a reference."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError, Run, Slider, node
from meshloom.graph_runtime.types import Figure, PointCloud, Series, Table


class Comparison(NamedTuple):
    """How two clouds differ.

    scores: F-score, accuracy, completeness, Chamfer distance and more, by name
    coloured: the cloud, each point coloured by its distance: blue none, yellow the threshold, red four and
      more
    histogram: how distances are distributed, both ways
    """

    scores: Table
    coloured: PointCloud
    histogram: Figure


@node("Compare clouds", aliases=("f-score", "chamfer", "hausdorff", "accuracy", "completeness", "distance"))
def compare(
    points: PointCloud,
    reference: PointCloud,
    threshold: Annotated[float, Slider(0.0001, 0.1, step=0.0005, unit="of the diagonal")] = 0.01,
    *,
    run: Run,
) -> Comparison:
    """Measure how well a cloud matches a reference cloud that lies at the same place.

    Distances are to the nearest point of the other cloud, so both should be dense against the threshold;
    mesh.sample_points makes a reference of a mesh. Accuracy is the share of the cloud within the threshold of
    the reference, completeness the share of the reference within the threshold of the cloud, the F-score
    their harmonic mean (Tanks and Temples, 2017). The Chamfer distance is the mean of both mean distances.

    points: the cloud to judge
    reference: what it should be
    threshold: as a fraction of the diagonal of the reference's bounding box
    """
    from meshloom.kernels.geometry.comparing import colours, histogram, scores
    from meshloom.nodes.cloud._neighbours import build
    from meshloom.nodes.cloud._points import need_points

    need_points(points)
    need_points(reference, 2)
    size = float(np.linalg.norm(np.ptp(reference.positions.astype(np.float64), axis=0)))
    if not (size > 0 and threshold > 0):
        raise NodeError(
            f"the threshold is {threshold} of the reference's diagonal of {size:.3g}; both must be above 0",
            hint="check the reference; a threshold of 0.01 is usual",
        )

    there = _distances(points.positions, build(reference.positions, run), 0.0, run)
    back = _distances(reference.positions, build(points.positions, run), 0.5, run)
    limit = threshold * size
    run.progress(1.0, 1.0, "done")
    painted = PointCloud(
        points.positions, colours(there, limit), points.normals, points.confidence, points.observations
    )
    table = Table(("measure", "value"), tuple(scores(there, back, limit, size).items()))
    series = tuple(
        Series(name, *histogram(distance, limit), "bars")
        for name, distance in (("to the reference", there), ("from the reference", back))
    )
    figure = Figure("Distance", "distance (scene units)", "share of the points (%)", series)
    return Comparison(table, painted, figure)


def _distances(positions, tree, start, run: Run) -> NDArray[np.float64]:  # type: ignore[no-untyped-def]
    from meshloom.nodes.cloud._neighbours import BATCH

    found = np.empty(len(positions))
    for first in range(0, len(positions), BATCH):
        run.progress(start + 0.5 * first / len(positions), 1.0, "distances")
        part = slice(first, first + BATCH)
        found[part] = tree.query(positions[part], workers=run.threads)[0]
    return found
