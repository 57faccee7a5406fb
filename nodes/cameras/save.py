from __future__ import annotations

from typing import Literal

from meshloom.graph_runtime.formats.cameras import write_cameras
from meshloom.graph_runtime.formats.names import make_file
from meshloom.graph_runtime.spec import Run, node
from meshloom.graph_runtime.types import Cameras, File, PointCloud


@node("Save cameras", aliases=("write", "export poses", "colmap", "nerfstudio", "transforms.json"))
def save(
    cameras: Cameras,
    points: PointCloud | None = None,
    format: Literal["transforms", "colmap", "colmap_text", "json"] = "transforms",
    *,
    run: Run,
) -> list[File]:
    """Make the files by which other programs take up the cameras, and the sparse points with them.

    transforms: transforms.json for nerfstudio, gsplat and instant-ngp (and sparse_pc.ply), with OpenGL axes and
    +Z up; photos are expected in the folder images beside it. colmap, colmap_text: cameras, images, points3D.
    json: OpenCV axes, world-to-camera, y down, under plain names.

    points: the sparse points; their observations become COLMAP's tracks
    """
    run.progress(0, 1, f"writing {format}")
    if format == "json" and points is not None:
        run.warn("plain JSON has no place for the points, so they are left out")
    return [make_file(name, data) for name, data in write_cameras(cameras, format, points).items()]
