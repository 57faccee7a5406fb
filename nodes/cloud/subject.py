"""The thing that was photographed, without what surrounds it."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError, Run, Seed, Slider, node
from meshloom.graph_runtime.types import Cameras, PointCloud

#: Cells along the radius in which connected parts and the ground are looked for.
CELLS = 100
#: The ground is looked for as far as this fraction of the camera distance: near the subject it may be hidden.
WIDE = 0.7


@node(
    "Keep subject", aliases=("isolate object", "crop to object", "remove table", "ground plane", "background")
)
def subject(
    points: PointCloud,
    cameras: Cameras,
    reach: Annotated[float, Slider(0.1, 2.0, step=0.05, unit="of the camera distance")] = 0.5,
    remove_ground: bool = True,
    min_share: Annotated[float, Slider(0.0, 1.0, step=0.01, unit="of the points")] = 0.05,
    seed: Annotated[int, Seed()] = 0,
    *,
    run: Run,
) -> PointCloud:
    """Keep what photos were taken all around of, and cut away the room, the table and stray bits.

    The cameras' axes meet in the subject; points further from there than ``reach`` go. If much of the rest
    lies in one plane below the cameras, with hardly anything under it, that is what the subject stands on:
    it goes with all below it. Of what is left, connected parts stay that are not small. Photos that do not
    go around one place (a facade, a room seen from within) have no such subject: then all points stay, with
    a warning.

    cameras: of the photos that the points came from
    reach: radius to keep, as a fraction of the usual distance between camera and subject
    remove_ground: cut away the plane that the subject stands on
    min_share: connected parts with less than this share of the largest part's points go
    seed: for the search of the plane
    """
    from meshloom.nodes.cloud._ground import focus, ground
    from meshloom.nodes.cloud._points import need_points, take

    need_points(points)
    if len(cameras) < 3:
        raise NodeError(
            f"{len(cameras)} cameras; 3 or more show what they look at", hint="connect all the cameras"
        )
    run.progress(0.0, 1.0, "where the cameras look")
    seen = focus(cameras)
    if not seen.around:
        run.warn("the photos do not go around one place, so there is no subject to keep: all points stay")
        return points
    radius = reach * seen.distance
    offset = points.positions.astype(np.float64) - seen.centre
    left = np.flatnonzero(np.einsum("ij,ij->i", offset, offset) <= radius**2)
    if not len(left):
        raise NodeError(
            "there are no points where the cameras look", hint="raise reach, or check the cameras"
        )
    if remove_ground:
        run.progress(0.3, 1.0, "looking for the ground")
        wide = max(radius, WIDE * seen.distance)
        near = offset[np.einsum("ij,ij->i", offset, offset) <= wide**2]
        places = np.unique(np.rint(near * (CELLS / wide)), axis=0) * (wide / CELLS)
        plane = ground(near, places, cameras.centres() - seen.centre, wide, seed)
        if plane is not None:
            standing = left[plane.height(offset[left]) > plane.thickness]
            left = standing if len(standing) else left
    run.progress(0.7, 1.0, "looking for connected parts")
    left = left[_large_parts(offset[left], radius, min_share)]
    kept = take(points, left)
    run.progress(1.0, 1.0, f"kept {len(kept)} of {len(points)} points")
    return kept


def _large_parts(offset: NDArray[np.float64], radius: float, min_share: float) -> NDArray[np.bool_]:
    """(P,) whether each point lies in a part of touching cells that holds enough points."""
    from scipy.ndimage import label
    from scipy.spatial import cKDTree

    # Cells wide enough for the points of one surface to touch.
    some = offset[:: max(1, len(offset) // 5000)]
    around = cKDTree(offset).query(some, k=min(7, len(offset)))[0].reshape(len(some), -1)[:, -1]
    edge = max(radius / CELLS, 1.5 * float(np.median(around)))
    cells = np.rint(offset / edge).astype(np.int64)
    cells -= cells.min(axis=0)
    grid = np.zeros(cells.max(axis=0) + 1, bool)
    grid[tuple(cells.T)] = True
    part = label(grid, np.ones((3, 3, 3)))[0][tuple(cells.T)]
    count = np.bincount(part)
    return (count >= min_share * count.max())[part]
