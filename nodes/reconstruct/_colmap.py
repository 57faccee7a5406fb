"""What Meshloom's values look like to COLMAP, and COLMAP's results as Meshloom's values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meshloom.nodes.reconstruct._values import Features, Matches

#: Where no Exif says the focal length: a usual lens, in units of the longer side.
USUAL_FOCAL = 1.2
#: Camera models whose distortion OpenCV's k1, k2, p1, p2 can hold.
MODELS = ("simple_pinhole", "pinhole", "simple_radial", "radial", "opencv")


def colmap() -> Any:
    """The ``pycolmap`` module, silent but for errors."""
    import pycolmap

    pycolmap.logging.minloglevel = pycolmap.logging.ERROR.value
    return pycolmap


def camera_of(features: Features, model: str, camera_id: int = 1) -> Any:
    """A ``pycolmap.Camera`` before refinement: focal length of Exif or a guess, centred, no distortion."""
    known = features.focal_px > 0
    focal = features.focal_px if known else USUAL_FOCAL * max(features.width, features.height)
    camera = colmap().Camera.create_from_model_name(
        camera_id, model.upper(), focal, features.width, features.height
    )
    camera.has_prior_focal_length = known
    return camera


def lens_groups(features: Sequence[Features], shared: bool) -> list[int]:
    """Per photo the number (from 1) of its lens: photos of equal size and focal length share one."""
    numbers: dict[tuple[Any, ...], int] = {}
    groups = []
    for index, item in enumerate(features):
        key = (item.width, item.height, round(item.focal_px, 1)) if shared else (index,)
        groups.append(numbers.setdefault(key, len(numbers) + 1))
    return groups


def write_database(
    path: Path, features: Sequence[Features], matches: Matches, model: str, shared: bool
) -> None:
    """A COLMAP database of keypoints and verified matches. Image i + 1 is ``features[i]``."""
    pycolmap = colmap()
    groups = lens_groups(features, shared)
    with pycolmap.Database.open(str(path)) as database, pycolmap.DatabaseTransaction(database):
        for number in sorted(set(groups)):
            database.write_camera(
                camera_of(features[groups.index(number)], model, number), use_camera_id=True
            )
        for index, (item, number) in enumerate(zip(features, groups, strict=True)):
            image = pycolmap.Image(name=f"{index:06d}", camera_id=number, image_id=index + 1)
            database.write_image(image, use_image_id=True)
            database.write_keypoints(index + 1, np.ascontiguousarray(item.keypoints[:, :2]))
        starts = matches.starts()
        for index, (first, second) in enumerate(matches.pairs):
            if matches.counts[index]:
                inliers = matches.inliers[starts[index] : starts[index + 1]]
                geometry = _geometry(matches.configurations[index], matches.matrices[index], inliers)
                database.write_two_view_geometry(int(first) + 1, int(second) + 1, geometry)


def _geometry(configuration: int, matrices: NDArray[np.float64], inliers: NDArray[np.int32]) -> Any:
    geometry = colmap().TwoViewGeometry()
    geometry.config = int(configuration)
    geometry.inlier_matches = np.ascontiguousarray(inliers, np.uint32)
    for name, matrix in zip("EFH", matrices, strict=True):
        if matrix.any():
            setattr(geometry, name, matrix)
    return geometry


def lens_of(camera: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(3, 3) intrinsics and (4,) k1, k2, p1, p2 of a ``pycolmap.Camera`` of one of ``MODELS``."""
    values = list(camera.params)
    model = camera.model.name
    one_focal = model in ("SIMPLE_PINHOLE", "SIMPLE_RADIAL", "RADIAL")
    fx, fy, cx, cy = (values[0], values[0], *values[1:3]) if one_focal else values[:4]
    distortion = np.zeros(4)
    extra = values[3:] if one_focal else values[4:]
    distortion[: len(extra)] = extra
    return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1.0]]), distortion
