"""One point cloud from all depth maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError, Range, Run, Slider, node
from meshloom.graph_runtime.types import Cameras, DepthMap, Image, PointCloud
from meshloom.nodes.dense._consistency import agreement
from meshloom.nodes.dense._merge import Samples, join, merge_cells, neighbourhoods
from meshloom.nodes.dense._pairs import check_match, pixel_maps
from meshloom.nodes.dense._workers import Workers

Grey = NDArray[np.float32]

#: Other views that a depth map is compared with; those that see most of the same.
COMPARED = 10
#: The automatic voxel in pixels, as large as the median pixel is in the scene.
SPACING = 1.5


@node("Fuse depth maps", aliases=["dense cloud", "merge depth", "back-project", "depth to points"])
def fuse(
    depths: Sequence[DepthMap],
    cameras: Cameras,
    images: Sequence[Image] | None = None,
    min_views: Annotated[int, Slider(1, 8)] = 3,
    tolerance: Annotated[float, Slider(0.001, 0.1)] = 0.01,
    min_confidence: Annotated[float, Slider(0.0, 1.0)] = 0.1,
    voxel: Annotated[float, Range(0.0)] = 0.0,
    outliers: Annotated[float, Slider(0.0, 6.0)] = 2.0,
    *,
    run: Run,
) -> PointCloud:
    """Merge depth maps into one cloud of points with colour, normal and confidence.

    A pixel counts when ``min_views`` views, its own included, agree on its depth; it is placed at their mean.
    Points that fall into one voxel become their mean, weighted by confidence and nearness. Normals are those
    of the plane through the 16 nearest points, turned to the cameras that saw them. Points far from their
    neighbours, compared with the rest of the cloud, are dropped.

    depths: depth along the optical axis, one map a camera, in the same order; any size.
    cameras: pinhole cameras of the photos the maps belong to.
    images: the photos, for the colours; without them the cloud has none.
    min_views: views that must agree on a point. 1 keeps everything.
    tolerance: by how much of the depth views may differ and still agree.
    min_confidence: pixels less certain than this (0..1) are ignored. Maps without confidence count as
      certain.
    voxel: points closer than about this are merged, in the unit of the cameras; 0 = one and a half pixels.
    outliers: drop points whose distance to their neighbours is this many deviations above the mean; 0 =
      keep all.
    """
    maps = list(depths)
    if not maps:
        raise NodeError("no depth map was given", "Connect the depth maps of a depth node.")
    check_match(maps, cameras, "depth maps")
    photos = None if images is None else list(images)
    if photos is not None:
        check_match(photos, cameras, "photos")
    maps = [_certain(depth, min_confidence) for depth in maps]
    scaled = cameras.scaled(np.array([depth.depth.shape[::-1] for depth in maps]))
    needed = min(min_views, len(maps))
    parts = []
    with Workers(run, len(maps) / 0.6) as workers:
        for index, depth in enumerate(maps):
            workers.start(index, "comparing depth maps")
            others = _overlapping(maps, scaled, index) if needed > 1 else ()
            votes, mean = agreement(maps, scaled, index, others, tolerance, workers)
            keep = (depth.depth > 0) & (votes + 1 >= needed)
            parts.append(_lift(mean, depth, keep, scaled, index, None if photos is None else photos[index]))
    samples = join(parts)
    if not len(samples.positions):
        raise NodeError(
            f"no point was seen alike by {needed} views",
            "Lower min_views, or look at the depth maps: they may be empty or of other cameras.",
        )
    if voxel <= 0:
        voxel = SPACING * float(np.median(np.sqrt(samples.confidence / samples.weights)))
    run.progress(0.6, 1.0, "merging points")
    samples = merge_cells(samples, voxel, run)
    distances, normals = neighbourhoods(samples.positions, run)
    if outliers > 0 and len(distances) > 16:
        keep = distances <= distances.mean() + outliers * distances.std()
        samples, normals = samples.take(keep), normals[keep]
    normals[(normals * samples.towards).sum(axis=1) < 0] *= -1
    return PointCloud(samples.positions, samples.colours, normals, np.clip(samples.confidence, 0.0, 1.0))


def _certain(depth: DepthMap, least: float) -> DepthMap:
    known = np.isfinite(depth.depth) & (depth.depth > 0)
    if depth.confidence is not None:
        known &= depth.confidence >= least
    return DepthMap(np.where(known, depth.depth, 0).astype(np.float32), depth.confidence, depth.name)


def _overlapping(maps: list[DepthMap], cameras: Cameras, index: int) -> tuple[int, ...]:
    """The views that see most of what ``index`` sees, judged by a few hundred of its pixels."""
    others = tuple(n for n in range(len(maps)) if n != index)
    if len(others) <= COMPARED:
        return others
    rows, columns = np.nonzero(maps[index].depth)
    step = max(1, len(rows) // 500)
    rows, columns = rows[::step], columns[::step]
    pixels = (
        np.stack([columns + 0.5, rows + 0.5, np.ones(len(rows))], axis=1)
        * maps[index].depth[rows, columns, None]
    )
    turn, shift = pixel_maps(cameras, index, others)
    shared = []
    for number, other in enumerate(others):
        seen = pixels @ turn[number].T + shift[number]
        seen = seen[seen[:, 2] > 0]
        x, y = np.floor(seen[:, 0] / seen[:, 2]), np.floor(seen[:, 1] / seen[:, 2])
        width, height = cameras.sizes[other]
        inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        found = maps[other].depth[y[inside].astype(int), x[inside].astype(int)]
        shared.append(np.count_nonzero(np.abs(found - seen[inside, 2]) < 0.05 * seen[inside, 2]))
    order = np.argsort(-np.array(shared), kind="stable")[:COMPARED]
    return tuple(others[n] for n in order if shared[n])


def _lift(
    mean: Grey, depth: DepthMap, keep: NDArray[np.bool_], cameras: Cameras, index: int, photo: Image | None
) -> Samples:
    """The pixels ``keep`` as points in the world."""
    import cv2

    height, width = mean.shape
    rotation, centre = cameras.extrinsics[index, :, :3], cameras.centres()[index]
    # The ray of pixel (x, y) is affine in x and in y: no product of matrices for each pixel.
    axes = rotation.T @ np.linalg.inv(cameras.intrinsics[index])
    x, y = (np.arange(width) + 0.5)[None, :], (np.arange(height) + 0.5)[:, None]
    z = mean[keep]
    towards = np.empty((len(z), 3), np.float32)
    positions = np.empty((len(z), 3), np.float32)
    for axis in range(3):
        ray = (axes[axis, 0] * x + axes[axis, 1] * y + axes[axis, 2]).astype(np.float32)[keep] * z
        positions[:, axis] = ray + np.float32(centre[axis])
        towards[:, axis] = -ray
    towards /= np.sqrt(np.einsum("pi,pi->p", towards, towards))[:, None]
    sure = (
        np.ones(len(z), np.float32) if depth.confidence is None else np.maximum(depth.confidence[keep], 1e-3)
    )
    # A pixel's place is known to a part of its size in the scene: nearer views count more.
    size = z / np.float32(cameras.intrinsics[index, 0, 0])
    colours = None
    if photo is not None:
        small = cv2.resize(np.ascontiguousarray(photo.rgb()), (width, height), interpolation=cv2.INTER_AREA)
        colours = Image(small).as_uint8()[keep]
    return Samples(positions, sure, sure / (size * size), towards, colours)
