"""nerfstudio's ``transforms.json``, also as instant-ngp and Blender write it.

Its cameras look along -z with y up (OpenGL) and its matrices are camera-to-world. The world is +Z up; how it was
turned from the world of the photographs is told in ``applied_transform``, which is undone when read, so a file
that came from COLMAP gives COLMAP's world again. Written files hold ours turned by ``axes.Z_UP``, and say so.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats._reading import read_bytes, reading
from meshloom.graph_runtime.formats.axes import Z_UP, to_z_up
from meshloom.graph_runtime.formats.clouds import read_cloud, write_cloud
from meshloom.graph_runtime.types import Cameras, PointCloud

#: OpenCV camera axes to OpenGL's: y and z turn round.
_FLIP = np.array([1.0, -1.0, -1.0])


def write_transforms(cameras: Cameras, folder: str = "images", points: str = "") -> bytes:
    """One frame a camera with its own numbers; ``folder`` is put before the names of the photos.

    ``points``: the name of a PLY beside it with the points of the scene, from :func:`write_points`.
    """
    frames = []
    for row in range(len(cameras)):
        matrix, (width, height) = cameras.intrinsics[row], cameras.sizes[row].tolist()
        frame: dict[str, Any] = {
            "file_path": f"{folder}/{cameras.names[row]}" if folder else cameras.names[row],
            "w": width,
            "h": height,
            "fl_x": float(matrix[0, 0]),
            "fl_y": float(matrix[1, 1]),
            "cx": float(matrix[0, 2]),
            "cy": float(matrix[1, 2]),
        }
        if cameras.distortion is not None:
            numbers = cameras.distortion[row].tolist()
            frame |= dict(zip(("k1", "k2", "p1", "p2"), numbers, strict=True))
        rotation, shift = cameras.extrinsics[row, :, :3], cameras.extrinsics[row, :, 3]
        placed = np.eye(4)
        placed[:3, :3] = Z_UP @ rotation.T * _FLIP
        placed[:3, 3] = Z_UP @ (-rotation.T @ shift)
        frame["transform_matrix"] = (placed + 0.0).tolist()  # no negative zeros
        frames.append(frame)
    document = {
        "camera_model": "OPENCV",
        **({"ply_file_path": points} if points else {}),
        "applied_transform": np.column_stack([Z_UP, np.zeros(3)]).tolist(),
        "frames": frames,
    }
    return json.dumps(document, indent=1).encode()


def write_points(cloud: PointCloud) -> bytes:
    """The PLY that ``ply_file_path`` names: in the world of the file, +Z up."""
    normals = None if cloud.normals is None else to_z_up(cloud.normals)
    return write_cloud(PointCloud(to_z_up(cloud.positions), cloud.colours, normals, cloud.confidence))


def read_transforms(path: Path) -> tuple[Cameras, PointCloud]:
    """The cameras of the file in its order and the points beside it, if it names any, in our world.

    Numbers may be a frame's own or the file's; a field of view (``camera_angle_x``) stands for a focal length,
    and a size that is not told is looked up in the photo. Raises ``NodeError`` naming the file and the frame.
    """
    path = Path(path)
    data = read_bytes(path, "a transforms.json")
    with reading(path.name, "a transforms.json"):
        document = json.loads(data)
        return _cameras(document, path), _points(document, path)


def _cameras(document: Any, path: Path) -> Cameras:
    frames = document.get("frames") if isinstance(document, dict) else None
    if not isinstance(frames, list):
        raise NodeError(f"{path.name} has no frames", hint="expected a transforms.json of nerfstudio")
    undo, scale = _applied(document, path.name)
    intrinsics, extrinsics, sizes, names, lenses = [], [], [], [], []
    for index, frame in enumerate(frames):
        said = {**document, **frame}
        model = said.get("camera_model", "OPENCV")
        if model not in ("OPENCV", "PINHOLE", "SIMPLE_PINHOLE", "SIMPLE_RADIAL", "RADIAL"):
            raise NodeError(
                f"{path.name}, frame {index} has the camera model {str(model)[:40]!r}; expected OPENCV or PINHOLE",
                hint="undistort the photos first",
            )
        if any(abs(float(said.get(name, 0) or 0)) > 1e-12 for name in ("k3", "k4")):
            raise NodeError(
                f"{path.name}, frame {index} has k3 or k4, which are not read", hint="undistort first"
            )
        name = str(frame.get("file_path", f"frame_{index:05}"))
        width, height = _size(said, path.parent / name, f"{path.name}, frame {index}")
        across = float(said.get("fl_x") or _focal(said.get("camera_angle_x"), width) or said.get("fl_y") or 0)
        down = float(said.get("fl_y") or _focal(said.get("camera_angle_y"), height) or across)
        placed = np.array(frame["transform_matrix"], np.float64)
        if placed.shape not in ((4, 4), (3, 4)) or not np.isfinite(placed).all() or not across > 0:
            raise NodeError(f"{path.name}, frame {index} has no focal length, or a broken transform_matrix")
        centre = (float(said.get("cx", width / 2)), float(said.get("cy", height / 2)))
        intrinsics.append([[across, 0, centre[0]], [0, down, centre[1]], [0, 0, 1]])
        lenses.append([float(said.get(part, 0.0) or 0.0) for part in ("k1", "k2", "p1", "p2")])
        world = undo @ np.vstack([placed[:3], [0, 0, 0, 1]])
        rotation = (world[:3, :3] * _FLIP).T
        size = np.linalg.det(rotation)
        if size < 1e-12 or not np.allclose(rotation @ rotation.T, np.eye(3) * size ** (2 / 3), atol=1e-3):
            raise NodeError(f"{path.name}, frame {index} has a transform_matrix that is no rotation")
        rotation = rotation / np.cbrt(size)
        extrinsics.append(np.column_stack([rotation, -rotation @ (world[:3, 3] / scale)]))
        sizes.append([width, height])
        names.append(Path(name.replace("\\", "/")).name)
    count = len(names)
    distortion = np.array(lenses, np.float64).reshape(count, 4)
    return Cameras(
        np.array(intrinsics, np.float64).reshape(count, 3, 3),
        np.array(extrinsics, np.float64).reshape(count, 3, 4),
        np.array(sizes, np.int32).reshape(count, 2),
        tuple(names),
        distortion if distortion.any() else None,
    )


def _points(document: dict[str, Any], path: Path) -> PointCloud:
    name = document.get("ply_file_path")
    folder = path.parent.resolve()
    if not isinstance(name, str) or not (wanted := (folder / name).resolve()).is_relative_to(folder):
        return PointCloud(np.empty((0, 3), np.float32))
    if not wanted.is_file():
        return PointCloud(np.empty((0, 3), np.float32))
    cloud = read_cloud(wanted)
    undo, scale = _applied(document, path.name)
    turn = undo[:3, :3] / np.cbrt(np.linalg.det(undo[:3, :3]))
    positions = (cloud.positions @ undo[:3, :3].T + undo[:3, 3]) / scale
    normals = None if cloud.normals is None else (cloud.normals @ turn.T).astype(np.float32)
    return PointCloud(positions.astype(np.float32), cloud.colours, normals, cloud.confidence)


def _applied(document: dict[str, Any], name: str) -> tuple[NDArray[np.float64], float]:
    """The inverse of the transform that was applied to the world, and its scale."""
    applied = np.eye(4)
    applied[:3] = np.array(
        document.get("applied_transform", np.column_stack([Z_UP, np.zeros(3)])), np.float64
    )[:3]
    if not np.isfinite(applied).all() or np.linalg.det(applied) < 1e-12:
        raise NodeError(f"{name} has an applied_transform that cannot be undone", hint="export it again")
    scale = float(document.get("applied_scale", 1.0))
    if not (math.isfinite(scale) and scale > 0):
        raise NodeError(f"{name} has an applied_scale of {scale}; expected a positive number")
    # nerfstudio scales positions last: undone by dividing, after the matrix as both commute but for its shift.
    inverse = np.linalg.inv(applied)
    inverse[:3, 3] *= scale
    return np.asarray(inverse, np.float64), scale


def _focal(angle: Any, side: int) -> float:
    return 0.5 * side / math.tan(0.5 * float(angle)) if angle and 0 < float(angle) < math.pi else 0.0


def _size(said: dict[str, Any], photo: Path, where: str) -> tuple[int, int]:
    if said.get("w") and said.get("h"):
        width, height = int(said["w"]), int(said["h"])
        if not (0 < width <= 10**6 and 0 < height <= 10**6):
            raise NodeError(f"{where} has the size {width} x {height}; expected pixels")
        return width, height
    from PIL import Image as Pillow

    for candidate in (photo, photo.with_name(photo.name + ".png")):
        try:
            with Pillow.open(candidate) as picture:
                return int(picture.size[0]), int(picture.size[1])
        except OSError:
            continue
    raise NodeError(
        f"{where} tells no size (w, h), and its photo is not there to look it up", hint=f"expected {photo}"
    )
