from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Range, Run, Slider, node
from meshloom.graph_runtime.types import Cameras, Splats, Table


class Pruned(NamedTuple):
    """
    splats: what is left
    table: how many went, and why; a splat counts under the first reason that fits
    """

    splats: Splats
    table: Table


@node("Prune splats", aliases=("clean", "floaters", "remove outliers", "opacity"))
def prune(
    splats: Splats,
    cameras: Cameras | None = None,
    min_opacity: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.02,
    max_size: Annotated[float, Range(0.0, None, unit="share of the scene")] = 0.5,
    lone: Annotated[float, Slider(0.0, 10.0, step=0.5)] = 4.0,
    neighbours: Annotated[int, Range(1, 64)] = 8,
    min_views: Annotated[int, Range(0, 64)] = 0,
    near_cameras: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.0,
    *,
    run: Run,
) -> Pruned:
    """Take away splats that show next to nothing, blobs that cover the scene, and floaters.

    cameras: needed for min_views and near_cameras
    min_opacity: fainter ones go
    max_size: larger ones go: largest standard deviation, as a share of the scene's radius; 0 keeps all
    lone: ones go that lie this many times further from their neighbours than most do; 0 keeps all
    neighbours: how many of these are looked at
    min_views: ones go that fewer cameras have in their picture
    near_cameras: ones go that lie nearer to a camera than this share of its median distance to the splats
    """
    from scipy.spatial import cKDTree

    from meshloom.nodes.splats._gaussians import cameras_of, extent_of, need_splats

    need_splats(splats)
    if (min_views or near_cameras) and cameras is None:
        raise NodeError(
            "min_views and near_cameras need cameras", hint="connect the cameras, or set both to 0"
        )
    run.progress(0, 3, "looking for blobs")
    means = splats.means.astype(np.float64)
    gone = ~np.isfinite(means).all(axis=1) | ~np.isfinite(splats.scales).all(axis=1)
    rows: list[tuple[str, int]] = [("not finite", int(gone.sum()))]

    def drop(reason: str, bad: np.ndarray) -> None:
        rows.append((reason, int((bad & ~gone).sum())))
        gone[bad] = True

    drop("too faint", splats.opacities < min_opacity)
    if max_size:
        drop("too large", splats.scales.max(axis=1) > max_size * extent_of(splats))
    run.progress(1, 3, "looking for floaters")
    left = np.flatnonzero(~gone)
    if lone and len(left) > neighbours:
        distances = cKDTree(means[left]).query(means[left], neighbours + 1, workers=run.threads)[0][:, 1:]
        apart = np.log(distances.mean(axis=1) + 1e-12)
        middle = np.median(apart)
        far = np.zeros(len(means), bool)
        far[left[apart - middle > np.log(lone)]] = True
        drop("alone", far)
    run.progress(2, 3, "looking through the cameras")
    if cameras is not None and (min_views or near_cameras):
        seen, close = np.zeros(len(means), np.int64), np.zeros(len(means), bool)
        for camera in cameras_of(cameras, "look through"):
            local = means @ camera.rotation.T + camera.shift
            with np.errstate(all="ignore"):
                x = camera.fx * local[:, 0] / local[:, 2] + camera.cx
                y = camera.fy * local[:, 1] / local[:, 2] + camera.cy
                inside = (local[:, 2] > 0) & (x >= 0) & (x < camera.width) & (y >= 0) & (y < camera.height)
            seen += inside
            if near_cameras and inside.any():
                distance = np.linalg.norm(local, axis=1)
                close |= distance < near_cameras * np.median(distance[inside])
        if min_views:
            drop("seen by few", seen < min_views)
        drop("close to a camera", close)
    kept = np.flatnonzero(~gone)
    if not len(kept):
        raise NodeError("nothing would be left", hint="lower min_opacity, or raise max_size and lone")
    rows.append(("left", len(kept)))
    return Pruned(splats.take(kept), Table(("what", "splats"), tuple(rows)))
