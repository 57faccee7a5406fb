"""A COLMAP reconstruction as cameras and points, with the errors measured anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import Run
from meshloom.graph_runtime.types import Cameras, PointCloud
from meshloom.nodes.reconstruct._colmap import lens_of
from meshloom.nodes.reconstruct._frame import frame_of
from meshloom.nodes.reconstruct._lens import distort
from meshloom.nodes.reconstruct._values import Features

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Model:
    """``photos``: which of the features each camera is. ``errors``: (T,) pixels, one an observation."""

    photos: list[int]
    cameras: Cameras
    points: PointCloud
    errors: Floats


def read_model(model: Any, features: Sequence[Features], run: Run) -> Model:
    """The registered photos in the given order, in a frame as :func:`frame_of` describes."""
    photos = sorted(image_id - 1 for image_id in model.reg_image_ids())
    images = {photo: model.image(photo + 1) for photo in photos}
    extrinsics = np.stack([np.asarray(images[photo].cam_from_world().matrix()) for photo in photos])
    lenses = {photo: lens_of(model.camera(images[photo].camera_id)) for photo in photos}
    ids = np.array(sorted(model.point3D_ids()), np.int64)
    positions = np.array([model.point3D(int(index)).xyz for index in ids], np.float64).reshape(-1, 3)

    seen: list[NDArray[np.int64]] = []
    for done, photo in enumerate(photos):
        run.progress(done, len(photos), "reading the points")
        points2d = images[photo].points2D
        held = np.array([point.point3D_id if point.has_point3D() else -1 for point in points2d], np.int64)
        keypoints = np.flatnonzero(held >= 0)
        rows = np.searchsorted(ids, held[keypoints])
        seen.append(np.stack([rows, np.full(len(rows), done), keypoints], axis=1))
    track = np.concatenate(seen)
    track = track[np.lexsort((track[:, 1], track[:, 0]))]

    frame = frame_of(extrinsics, positions, track[:, :2])
    cameras = Cameras(
        np.stack([lenses[photo][0] for photo in photos]),
        frame.extrinsics(extrinsics),
        np.array([(features[photo].width, features[photo].height) for photo in photos], np.int32),
        tuple(features[photo].name for photo in photos),
        np.stack([lenses[photo][1] for photo in photos]),
    )
    world = frame.points(positions)
    colours = np.zeros((len(ids), 3))
    errors = np.zeros(len(track))
    for done, photo in enumerate(photos):
        here = np.flatnonzero(track[:, 1] == done)
        point, keypoint = track[here, 0], track[here, 2]
        np.add.at(colours, point, features[photo].colours[keypoint])
        projected = project(cameras, done, world[point])
        errors[here] = np.linalg.norm(projected - features[photo].keypoints[keypoint, :2], axis=1)
    views = np.bincount(track[:, 0], minlength=len(ids))
    colours = np.rint(colours / np.maximum(views, 1)[:, None])
    cloud = PointCloud(
        world.astype(np.float32), colours.astype(np.uint8), observations=track[:, :2].astype(np.int32)
    )
    return Model(photos, cameras, cloud, errors)


def project(cameras: Cameras, index: int, world: Floats) -> Floats:
    """(P, 2) pixel positions of (P, 3) world points in one camera, with its distortion."""
    local = world @ cameras.extrinsics[index, :, :3].T + cameras.extrinsics[index, :, 3]
    plane = local[:, :2] / local[:, 2:]
    if cameras.distortion is not None:
        plane = distort(plane, cameras.distortion[index])
    matrix = cameras.intrinsics[index]
    pixels: Floats = plane * matrix[[0, 1], [0, 1]] + matrix[:2, 2]
    return pixels
