"""COLMAP sparse models: ``cameras``, ``images`` and ``points3D``, as text or binary.

Our cameras and world are COLMAP's: OpenCV axes, world-to-camera, pixel centres at (0.5, 0.5). Own code because
its counts are held against the size of the file before anything is allocated.
Source: https://colmap.github.io/format.html
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats._reading import read_bytes, reading
from meshloom.graph_runtime.formats.colmap_files import (
    MODELS,
    READ_BINARY,
    READ_TEXT,
    WRITE_BINARY,
    WRITE_TEXT,
    Lens,
    Model,
    Picture,
)
from meshloom.graph_runtime.types import Cameras, PointCloud


def find_model(folder: Path) -> Path | None:
    """The folder that holds a model: this one, or the customary ``sparse/0``, ``sparse`` or ``0`` in it."""
    for inner in ("", "sparse/0", "sparse", "0", "colmap/sparse/0"):
        for suffix in (".bin", ".txt"):
            if (folder / inner / f"cameras{suffix}").is_file() and (
                folder / inner / f"images{suffix}"
            ).is_file():
                return folder / inner
    return None


def read_colmap(folder: Path) -> tuple[Cameras, PointCloud]:
    """Cameras in order of their image's number, and the points (none where the model has no points file).

    Raises ``NodeError`` naming the file: missing, cut off, or of a lens that OpenCV's k1 k2 p1 p2 cannot say.
    """
    found = find_model(Path(folder))
    if found is None:
        raise NodeError(
            f"{folder} holds no COLMAP model; expected cameras and images as .bin or .txt",
            hint="choose the folder that holds cameras.bin, often sparse/0",
        )
    binary = (found / "cameras.bin").is_file() and (found / "images.bin").is_file()
    suffix = ".bin" if binary else ".txt"
    model = Model()
    for stem, read in (READ_BINARY if binary else READ_TEXT).items():
        path = found / (stem + suffix)
        if stem == "points3D" and not path.is_file():
            continue
        if path.is_file() and path.stat().st_size == 0 and not binary:
            continue
        data = read_bytes(path, "a COLMAP file")
        with reading(path.name, "a COLMAP file"):
            read(data, path.name, model)
    return _values(model, found.name)


def write_colmap(cameras: Cameras, cloud: PointCloud | None = None, binary: bool = True) -> dict[str, bytes]:
    """``cameras``, ``images`` and ``points3D`` (.bin or .txt) by name.

    Cameras of the same lens and size share one. A point's observations become its track; where in the photo it
    was seen is not known here, so it is where the camera sees it: without error.
    """
    models, of_image = _lenses(cameras)
    tracks, features = _tracks(cameras, cloud)
    suffix = ".bin" if binary else ".txt"
    images = [
        Picture(quaternion, shift, camera, name, seen)
        for quaternion, shift, camera, name, seen in zip(
            _quaternions(cameras.extrinsics).tolist(),
            cameras.extrinsics[:, :, 3].tolist(),
            of_image,
            cameras.names,
            features,
            strict=True,
        )
    ]
    count = len(tracks)
    positions = np.zeros((0, 3)) if cloud is None else cloud.positions.astype(np.float64)
    colours = np.full((count, 3), 128) if cloud is None or cloud.colours is None else cloud.colours
    points = list(zip(positions.tolist(), colours.tolist(), tracks, strict=True))
    writers = WRITE_BINARY if binary else WRITE_TEXT
    return {stem + suffix: write(models, images, points) for stem, write in writers.items()}


# ------------------------------------------------------------------------------------------------ values


def _values(model: Model, name: str) -> tuple[Cameras, PointCloud]:
    order = sorted(model.images)
    intrinsics, distortion = np.zeros((len(order), 3, 3)), np.zeros((len(order), 4))
    extrinsics, sizes, names = np.zeros((len(order), 3, 4)), np.zeros((len(order), 2), np.int32), []
    for row, image in enumerate(order):
        picture = model.images[image]
        if picture.camera not in model.cameras:
            raise NodeError(
                f"{name}: image {picture.name!r} names camera {picture.camera}, which does not exist"
            )
        lens, width, height, numbers = model.cameras[picture.camera]
        said = dict(zip(MODELS[lens][1].split(), numbers, strict=True))
        down = said.get("fy", said["fx"])
        rows = [[said["fx"], 0, said["cx"]], [0, down, said["cy"]], [0, 0, 1]]
        intrinsics[row] = np.array(rows, np.float64)
        distortion[row] = np.array([said.get(part, 0.0) for part in ("k1", "k2", "p1", "p2")], np.float64)
        extrinsics[row] = np.column_stack([_rotation(picture.quaternion), picture.shift])
        sizes[row] = width, height
        names.append(picture.name)
    if not np.isfinite(intrinsics).all() or not np.isfinite(extrinsics).all():
        raise NodeError(f"{name} holds a camera that is no finite number", hint="export the model again")
    lenses = distortion if distortion.any() else None
    return Cameras(intrinsics, extrinsics, sizes, tuple(names), lenses), _cloud(model, order)


def _cloud(model: Model, order: list[int]) -> PointCloud:
    positions = np.array([xyz for xyz, _, _ in model.points], np.float64).reshape(-1, 3).astype(np.float32)
    colours = np.array([rgb for _, rgb, _ in model.points], np.int64).reshape(-1, 3)
    row = {image: index for index, image in enumerate(order)}
    seen = [
        (point, row[image])
        for point, (_, _, track) in enumerate(model.points)
        for image in dict.fromkeys(image for image, _ in track)
        if image in row
    ]
    good = np.asarray(np.isfinite(positions).all(axis=1))
    observations = np.array(seen, np.int32).reshape(-1, 2)
    if not good.all():
        observations = observations[good[observations[:, 0]]]
        observations[:, 0] = (np.cumsum(good) - 1)[observations[:, 0]]
    return PointCloud(
        positions[good], np.clip(colours, 0, 255).astype(np.uint8)[good], observations=observations
    )


def _rotation(quaternion: list[float]) -> NDArray[np.float64]:
    from scipy.spatial.transform import Rotation

    w, x, y, z = quaternion
    if not np.isfinite(quaternion).all() or not any(quaternion):
        raise NodeError(f"a COLMAP image has the rotation {quaternion}; expected a unit quaternion")
    return np.asarray(Rotation.from_quat([x, y, z, w]).as_matrix(), np.float64)


def _quaternions(extrinsics: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 4) w x y z."""
    from scipy.spatial.transform import Rotation

    if not len(extrinsics):
        return np.empty((0, 4))
    found = Rotation.from_matrix(extrinsics[:, :, :3]).as_quat(canonical=True)
    return np.asarray(found[:, [3, 0, 1, 2]], np.float64)


def _lenses(cameras: Cameras) -> tuple[list[Lens], list[int]]:
    """The different cameras, and which (from 1) each image has."""
    models: list[Lens] = []
    of_image = []
    for row in range(len(cameras)):
        matrix = cameras.intrinsics[row]
        numbers = [matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2]]
        lens = "PINHOLE"
        if cameras.distortion is not None and cameras.distortion[row].any():
            lens, numbers = "OPENCV", [*numbers, *cameras.distortion[row]]
        width, height = cameras.sizes[row].tolist()
        entry = (lens, width, height, [float(number) for number in numbers])
        if entry not in models:
            models.append(entry)
        of_image.append(models.index(entry) + 1)
    return models, of_image


def _tracks(
    cameras: Cameras, cloud: PointCloud | None
) -> tuple[list[list[tuple[int, int]]], list[list[tuple[float, float, int]]]]:
    """Of each point the (image, feature) that saw it, of each image the features (x, y, point)."""
    tracks: list[list[tuple[int, int]]] = [[] for _ in range(0 if cloud is None else len(cloud))]
    features: list[list[tuple[float, float, int]]] = [[] for _ in range(len(cameras))]
    if cloud is None or cloud.observations is None:
        return tracks, features
    rows = np.unique(cloud.observations, axis=0)
    for camera in np.unique(rows[:, 1]).tolist():
        if not 0 <= camera < len(cameras):
            continue
        points = rows[rows[:, 1] == camera, 0]
        points = points[(points >= 0) & (points < len(cloud))]
        places = _project(cameras, camera, cloud.positions[points].astype(np.float64))
        for point, (x, y) in zip(points.tolist(), places.tolist(), strict=True):
            tracks[point].append((camera + 1, len(features[camera])))
            features[camera].append((x, y, point + 1))
    return tracks, features


def _project(cameras: Cameras, row: int, positions: NDArray[np.float64]) -> NDArray[np.float64]:
    local = positions @ cameras.extrinsics[row, :, :3].T + cameras.extrinsics[row, :, 3]
    depth = np.where(np.abs(local[:, 2]) > 1e-12, local[:, 2], 1e-12)
    x, y = local[:, 0] / depth, local[:, 1] / depth
    if cameras.distortion is not None:
        k1, k2, p1, p2 = cameras.distortion[row]
        square = x * x + y * y
        radial = 1 + k1 * square + k2 * square * square
        x, y = (
            x * radial + 2 * p1 * x * y + p2 * (square + 2 * x * x),
            y * radial + p1 * (square + 2 * y * y) + 2 * p2 * x * y,
        )
    matrix = cameras.intrinsics[row]
    return np.column_stack([matrix[0, 0] * x + matrix[0, 2], matrix[1, 1] * y + matrix[1, 2]])
