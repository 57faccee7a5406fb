"""Normals of a cloud."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError, Run, Slider, node
from meshloom.graph_runtime.types import Cameras, PointCloud

#: Points among which signs are spread; many more take seconds that cannot be interrupted.
LEADERS = 80_000


@node("Cloud normals", aliases=("estimate normals", "orient normals"))
def normals(
    points: PointCloud,
    cameras: Cameras | None = None,
    neighbours: Annotated[int, Slider(4, 100)] = 20,
    orient: Literal["to cameras", "consistently", "away from the middle", "as before"] = "to cameras",
    *,
    run: Run,
) -> PointCloud:
    """Estimate which way the surface faces at each point.

    The normal is the direction in which the nearest points spread least (Hoppe et al., 1992). Its sign cannot
    be seen from the points alone: turning normals to the cameras that saw the points is certain; consistently
    spreads one choice from neighbour to neighbour along the flattest way, with the outermost point of each
    connected part facing out.

    cameras: of the photos that the points came from
    neighbours: how many points decide on a normal; more for noisy points
    orient: towards the cameras (each point's own where they are known, else the nearest; without cameras:
      consistently); consistently; away from the middle of the cloud, for round objects; or as the normals
      that the points have already
    """
    from meshloom.nodes.cloud._points import need_points, with_normals

    need_points(points, 3)
    if not (points.positions != points.positions[0]).any():
        raise NodeError(
            "all points are at one place, so there is no surface", hint="check the source of the points"
        )
    if orient == "as before" and points.normals is None:
        raise NodeError("the points have no normals to be like", hint="choose another way for orient")
    found = _directions(points, neighbours, run)
    if orient == "as before" and points.normals is not None:
        found = _towards(found, points.normals.astype(np.float64))
    elif orient == "away from the middle":
        found = _towards(found, points.positions - np.median(points.positions, axis=0).astype(np.float64))
    elif orient == "to cameras" and cameras is not None and len(cameras):
        found = _towards(found, _seen_from(points, cameras, run))
    else:
        found = _consistent(points.positions, found, run)
    run.progress(1.0, 1.0, "done")
    return with_normals(points, found.astype(np.float32))


def _directions(points: PointCloud, neighbours: int, run: Run) -> NDArray[np.float64]:
    """Unit normals (P, 3) of any sign."""
    from meshloom.nodes.cloud._neighbours import nearest

    found = np.empty((len(points), 3))
    positions = points.positions.astype(np.float64)
    for part, _, place in nearest(points.positions, neighbours + 1, run, "normals"):
        around = positions[place]
        around -= around.mean(axis=1, keepdims=True)
        # At unit size, so that no product overflows or vanishes.
        around /= np.maximum(np.abs(around).max(axis=(1, 2), keepdims=True), 1e-300)
        _, vectors = np.linalg.eigh(np.einsum("nki,nkj->nij", around, around))
        found[part] = vectors[:, :, 0]
    return found


def _towards(normals: NDArray[np.float64], aims: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where((np.einsum("ij,ij->i", normals, aims) < 0)[:, None], -normals, normals)


def _seen_from(points: PointCloud, cameras: Cameras, run: Run) -> NDArray[np.float64]:
    """(P, 3) direction from each point to where it was seen from: the mean over the cameras that saw it, or
    the camera nearest to it."""
    from meshloom.nodes.cloud._neighbours import BATCH

    centres = cameras.centres()
    aims = np.zeros((len(points), 3))
    seen = points.observations
    if seen is not None and len(seen):
        inside = (seen[:, 1] >= 0) & (seen[:, 1] < len(cameras))
        row, camera = seen[inside].T
        to = centres[camera] - points.positions[row]
        to /= np.maximum(np.linalg.norm(to, axis=1, keepdims=True), 1e-300)
        for axis in range(3):
            aims[:, axis] = np.bincount(row, weights=to[:, axis], minlength=len(points))
    blind = np.flatnonzero(~aims.any(axis=1))
    for first in range(0, len(blind), BATCH):
        run.progress(0.8 + 0.2 * first / len(blind), 1.0, "orienting")
        part = blind[first : first + BATCH]
        distance = np.linalg.norm(points.positions[part, None] - centres[None], axis=2)
        aims[part] = centres[distance.argmin(axis=1)] - points.positions[part]
    return aims


def _consistent(
    positions: NDArray[np.float32], normals: NDArray[np.float64], run: Run
) -> NDArray[np.float64]:
    """Signs spread from neighbour to neighbour over some of the points; the others follow the nearest."""
    from meshloom.nodes.cloud._neighbours import BATCH, build

    step = -(-len(positions) // LEADERS)
    leaders = np.arange(0, len(positions), step)
    normals = normals.copy()
    normals[leaders] = _spread(positions[leaders], normals[leaders], run)
    if step > 1:
        tree = build(positions[leaders], run)
        for first in range(0, len(positions), BATCH):
            run.progress(0.9 + 0.1 * first / len(positions), 1.0, "orienting")
            part = slice(first, first + BATCH)
            nearest = leaders[tree.query(positions[part], workers=run.threads)[1]]
            normals[part] = _towards(normals[part], normals[nearest])
    return normals


def _spread(positions: NDArray[np.float32], normals: NDArray[np.float64], run: Run) -> NDArray[np.float64]:
    """Normals (P, 3) with signs that agree from neighbour to neighbour, each connected part facing out."""
    from meshloom.kernels.geometry.signs import agree
    from meshloom.nodes.cloud._neighbours import nearest

    found = []
    for part, _, place in nearest(positions, 11, run, "orienting"):
        point = np.repeat(np.arange(part.start, part.stop), place.shape[1] - 1)
        found.append(np.stack([point, place[:, 1:].ravel()], axis=1))
    # Each pair once, whichever of the two named it.
    count = len(positions)
    pairs = np.sort(np.concatenate(found), axis=1)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    key = np.unique(pairs[:, 0] * count + pairs[:, 1])
    pairs = np.stack([key // count, key % count], axis=1)
    along = np.einsum("ij,ij->i", normals[pairs[:, 0]], normals[pairs[:, 1]])
    sign, piece = agree(pairs, along >= 0, 1.0 - np.abs(along) + 1e-6, count)
    normals = normals * sign[:, None]
    # The point furthest out of each part decides for all of it.
    size = np.bincount(piece)
    middle = np.stack([np.bincount(piece, weights=positions[:, axis]) / size for axis in range(3)], axis=1)
    out = positions - middle[piece]
    order = np.lexsort((np.einsum("ij,ij->i", out, out), piece))
    last = order[np.cumsum(size) - 1]
    wrong = np.einsum("ij,ij->i", normals[last], out[last]) < 0
    return np.where(wrong[piece][:, None], -normals, normals)
