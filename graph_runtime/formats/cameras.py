"""Cameras in files: COLMAP models, nerfstudio's transforms.json, and plain JSON of our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats._reading import read_bytes, reading
from meshloom.graph_runtime.formats.colmap import find_model, read_colmap, write_colmap
from meshloom.graph_runtime.formats.transforms import read_transforms, write_points, write_transforms
from meshloom.graph_runtime.types import Cameras, PointCloud

__all__ = [
    "FORMATS",
    "find_model",
    "read_cameras",
    "read_colmap",
    "read_transforms",
    "write_cameras",
    "write_cameras_json",
    "write_colmap",
    "write_transforms",
]

FORMATS = ("transforms", "colmap", "colmap_text", "json")
_NOTHING = PointCloud(np.empty((0, 3), np.float32))


def read_cameras(path: Path) -> tuple[Cameras, PointCloud]:
    """The cameras of a COLMAP folder or a JSON file, and the points that come with them (or none).

    Raises ``NodeError`` naming the file.
    """
    path = Path(path)
    if str(path) in ("", "."):
        raise NodeError("nothing is chosen; expected a COLMAP folder or a JSON file", hint="choose one")
    if path.is_dir():
        if find_model(path) is None and (path / "transforms.json").is_file():
            return read_transforms(path / "transforms.json")
        return read_colmap(path)
    if path.name in (
        "cameras.bin",
        "images.bin",
        "points3D.bin",
        "cameras.txt",
        "images.txt",
        "points3D.txt",
    ):
        return read_colmap(path.parent)
    data = read_bytes(path, "a file of cameras")
    with reading(path.name, "a file of cameras"):
        document = json.loads(data)
        if isinstance(document, dict) and "frames" in document:
            return read_transforms(path)
        if isinstance(document, dict) and "cameras" in document:
            return _from_json(document, path.name), _NOTHING
    raise NodeError(f"{path.name} holds no cameras", hint="expected transforms.json or cameras of Meshloom")


def write_cameras(cameras: Cameras, format: str, cloud: PointCloud | None = None) -> dict[str, bytes]:
    """The files of one of :data:`FORMATS` by name. Plain JSON has no place for the points of ``cloud``."""
    if format in ("colmap", "colmap_text"):
        return write_colmap(cameras, cloud, binary=format == "colmap")
    if format == "transforms":
        if cloud is None or not len(cloud):
            return {"transforms.json": write_transforms(cameras)}
        return {
            "transforms.json": write_transforms(cameras, points="sparse_pc.ply"),
            "sparse_pc.ply": write_points(cloud),
        }
    if format == "json":
        return {"cameras.json": write_cameras_json(cameras)}
    raise NodeError(f"cameras are not written as {format}; expected one of {', '.join(FORMATS)}")


def write_cameras_json(cameras: Cameras) -> bytes:
    """Everything, exactly, under plain names: OpenCV axes, world-to-camera, world y down, pixels."""
    entries: list[dict[str, Any]] = []
    for row, name in enumerate(cameras.names):
        entry = {
            "name": name,
            "width": int(cameras.sizes[row, 0]),
            "height": int(cameras.sizes[row, 1]),
            "intrinsics": cameras.intrinsics[row].tolist(),
            "world_to_camera": cameras.extrinsics[row].tolist(),
        }
        if cameras.distortion is not None:
            entry["distortion_k1_k2_p1_p2"] = cameras.distortion[row].tolist()
        entries.append(entry)
    return json.dumps({"meshloom_cameras": 1, "cameras": entries}, indent=1, ensure_ascii=False).encode()


def _from_json(document: dict[str, Any], name: str) -> Cameras:
    entries = document["cameras"]
    count = len(entries)

    def stack(key: str, *shape: int) -> Any:
        found = np.array([entry[key] for entry in entries], np.float64).reshape(count, *shape)
        if not np.isfinite(found).all():
            raise NodeError(f"{name} holds {key} that are no finite numbers", hint="export it again")
        return found

    sizes = np.array([[entry["width"], entry["height"]] for entry in entries], np.int32).reshape(count, 2)
    lens = "distortion_k1_k2_p1_p2"
    return Cameras(
        stack("intrinsics", 3, 3),
        stack("world_to_camera", 3, 4),
        sizes,
        tuple(str(entry["name"]) for entry in entries),
        stack(lens, 4) if count and all(lens in entry for entry in entries) else None,
    )
