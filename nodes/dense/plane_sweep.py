"""Depth maps from photographs and their cameras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Range, Run, Slider, node
from meshloom.graph_runtime.types import Cameras, DepthMap, Image, PointCloud
from meshloom.nodes.dense._consistency import agreement
from meshloom.nodes.dense._pairs import View, check_match, study
from meshloom.nodes.dense._sweep import Settings, sweep_view
from meshloom.nodes.dense._workers import Workers

#: Depth maps with less of this share known are reported.
SPARSE = 0.02


@node("Depth from photos", aliases=["multi-view stereo", "MVS", "dense", "depth maps", "patch match"])
def plane_sweep(
    images: Sequence[Image],
    cameras: Cameras,
    points: PointCloud,
    max_side: Annotated[int, Slider(64, 4000, step=16, unit="px")] = 800,
    neighbours: Annotated[int, Slider(1, 12)] = 4,
    planes: Annotated[int, Range(0, 512)] = 0,
    smoothness: Annotated[float, Slider(0.0, 4.0)] = 1.0,
    refinements: Annotated[int, Slider(0, 6)] = 2,
    consistent_views: Annotated[int, Slider(0, 6)] = 2,
    tolerance: Annotated[float, Slider(0.001, 0.1)] = 0.01,
    min_confidence: Annotated[float, Slider(0.0, 1.0)] = 0.05,
    *,
    run: Run,
) -> list[DepthMap]:
    """Measure how far every pixel of every photo is, by comparing it with neighbouring photos.

    Each photo is matched against planes at many depths (zero-mean normalised cross-correlation, 7 x 7),
    smoothed by semi-global matching, and refined at full resolution with slanted planes (PatchMatch
    stereo). Depth that neighbouring views contradict is dropped. One depth map a camera, in the order of
    the cameras, 0 = unknown; a map may be smaller than its photo. Depth is along the optical axis, in the
    unit of the cameras.

    images: undistorted photos, one a camera, in the same order.
    cameras: pinhole cameras of the photos.
    points: sparse points of the scene; say how far to look, and (by who saw which) which photos are
      neighbours.
    max_side: longer side of the depth maps. Time grows with its square.
    neighbours: photos that each one is compared with. More: fewer gaps, and slower in proportion.
    planes: depths tried, evenly spaced in 1/depth; 0 takes one a pixel of motion.
    smoothness: how strongly neighbouring pixels are drawn to one surface; 0 = each pixel for itself.
    refinements: rounds of slanted-plane refinement at each finer resolution; 0 = quick and coarse.
    consistent_views: other views that must agree on a pixel's depth for it to be kept.
    tolerance: by how much of the depth views may differ and still agree.
    min_confidence: pixels less certain than this (0..1) are dropped.
    """
    photos = list(images)
    check_match(photos, cameras, "photos")
    if len(photos) < 2:
        raise NodeError(
            f"{len(photos)} photo was given; depth needs at least 2 that overlap",
            "Add photos, or look at why cameras were found for so few.",
        )
    views, warnings = study(cameras, points, max(2 * neighbours, 8))
    for warning in warnings:
        run.warn(warning)
    settings = Settings(max_side, planes, smoothness, refinements)
    total = len(photos) * 1.1
    with Workers(run, total) as workers:
        raw = []
        for index, view in enumerate(views):
            workers.start(index, f"matching {photos[index].name or f'photo {index + 1}'}")
            raw.append(_view_depth(photos, cameras, index, view, neighbours, settings, workers, run))
        sizes = np.array([depth.depth.shape[::-1] for depth in raw])
        scaled = cameras.scaled(sizes)
        kept = []
        workers.message = "comparing views"
        for index, view in enumerate(views):
            workers.done = len(photos) + 0.1 * index
            votes, _ = agreement(raw, scaled, index, view.neighbours, tolerance, workers, 0.1)
            needed = min(consistent_views, len(view.neighbours))
            kept.append(_keep(raw[index], votes, needed, min_confidence))
    _report(kept, views, run)
    return kept


def _view_depth(
    photos: list[Image],
    cameras: Cameras,
    index: int,
    view: View,
    neighbours: int,
    settings: Settings,
    workers: Workers,
    run: Run,
) -> DepthMap:
    """The depth one view has by itself; remembered, so that another photo redoes only the views near it."""
    near = list(view.neighbours[:neighbours])
    if not near:
        longest = max(photos[index].width, photos[index].height)
        scale = min(1.0, settings.max_side / longest)
        shape = (max(2, round(photos[index].height * scale)), max(2, round(photos[index].width * scale)))
        return DepthMap(np.zeros(shape, np.float32), np.zeros(shape, np.float32), photos[index].name)
    chosen = [photos[n] for n in (index, *near)]
    own = cameras.select([index, *near])
    parts = [
        *chosen, own, view.near, view.far,
        settings.max_side, settings.planes, settings.smoothness, settings.rounds,
    ]  # fmt: skip
    return run.remember("depth", parts, lambda: sweep_view(chosen, own, view, settings, workers), DepthMap)


def _keep(depth: DepthMap, votes: np.ndarray, needed: int, min_confidence: float) -> DepthMap:
    """Only what at least ``needed`` other views agree on; confidence grows with how many do."""
    import cv2

    assert depth.confidence is not None
    share = np.minimum((votes + 1.0) / (needed + 3.0), 1.0)
    confidence = (depth.confidence * share).astype(np.float32)
    keep = (votes >= needed) & (confidence >= min_confidence) & (depth.depth > 0)
    # Single pixels and specks that agree by chance: areas of under 0.01 % of the picture.
    _, labels, stats, _ = cv2.connectedComponentsWithStats(keep.astype(np.uint8), connectivity=4)
    keep &= stats[labels, cv2.CC_STAT_AREA] >= max(4, keep.size // 10_000)
    return DepthMap(
        np.where(keep, depth.depth, 0).astype(np.float32), np.where(keep, confidence, 0), depth.name
    )


def _report(depths: list[DepthMap], views: list[View], run: Run) -> None:
    poor = [depth.name or str(n + 1) for n, depth in enumerate(depths) if (depth.depth > 0).mean() < SPARSE]
    alone = [depth.name or str(n + 1) for n, depth in enumerate(depths) if not views[n].neighbours]
    if alone:
        run.warn(f"no other photo sees what these show, so they get no depth: {', '.join(alone)}")
    if len(poor) == len(depths):
        run.warn(
            "no photo got depth worth using: surfaces without texture, things that moved, little overlap, or"
            " wrong cameras. Photos with more texture help; so may consistent_views = 1 or a larger tolerance"
        )
    elif set(poor) - set(alone):
        run.warn(f"hardly any depth was found in: {', '.join(name for name in poor if name not in alone)}")
