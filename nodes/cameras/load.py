from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple

from meshloom.graph_runtime.formats.cameras import read_cameras
from meshloom.graph_runtime.spec import OpenFile, Run, node
from meshloom.graph_runtime.types import Cameras, PointCloud


class Loaded(NamedTuple):
    """cameras: in the order of the file

    points: those that the file names (a PLY of nerfstudio's); none where it names none
    """

    cameras: Cameras
    points: PointCloud


@node("Load cameras", aliases=("open", "transforms.json", "nerfstudio", "instant-ngp", "poses"))
def load(file: Annotated[Path, OpenFile(("*.json",), beside=("*.ply",))] = Path(), *, run: Run) -> Loaded:
    """Read cameras from nerfstudio's transforms.json (also instant-ngp's and Blender's), or Meshloom's JSON.

    They come in OpenCV axes, world-to-camera, in a world with y down: the axes of transforms.json (OpenGL, +Z
    up) are converted, and the ``applied_transform`` and scale in it are undone.

    file: the JSON
    """
    run.progress(0, 1, f"reading {file.name}")
    return Loaded(*read_cameras(file))
