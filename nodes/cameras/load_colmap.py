from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple

from meshloom.graph_runtime.formats.cameras import read_colmap
from meshloom.graph_runtime.spec import NodeError, OpenFolder, Run, node
from meshloom.graph_runtime.types import Cameras, PointCloud

_FILES = tuple(
    f"{folder}{name}"
    for folder in ("", "sparse/0/", "sparse/", "0/", "colmap/sparse/0/")
    for name in ("cameras.*", "images.*", "points3D.*")
)


class Loaded(NamedTuple):
    """cameras: in the order of their numbers

    points: the sparse points, with who saw them
    """

    cameras: Cameras
    points: PointCloud


@node("Load COLMAP model", aliases=("open", "sparse", "poses", "cameras.bin", "images.txt"))
def load_colmap(folder: Annotated[Path, OpenFolder(_FILES)] = Path(), *, run: Run) -> Loaded:
    """Read cameras and sparse points from a COLMAP model, text or binary.

    Lenses: SIMPLE_PINHOLE, PINHOLE, SIMPLE_RADIAL, RADIAL and OPENCV. Axes and world are COLMAP's own.

    folder: holds cameras, images and points3D (.bin or .txt), itself or in sparse/0
    """
    if str(folder) == ".":
        raise NodeError(
            "no folder is chosen; expected a COLMAP model", hint="choose the folder of cameras.bin"
        )
    run.progress(0, 1, f"reading {folder.name}")
    return Loaded(*read_colmap(folder))
