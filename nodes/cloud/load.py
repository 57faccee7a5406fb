from __future__ import annotations

from pathlib import Path
from typing import Annotated

from meshloom.graph_runtime.formats.clouds import PATTERNS, read_cloud
from meshloom.graph_runtime.spec import OpenFile, Run, node
from meshloom.graph_runtime.types import PointCloud


@node("Load point cloud", aliases=("open", "read", "import points", "ply", "xyz"))
def load(file: Annotated[Path, OpenFile(PATTERNS)] = Path(), *, run: Run) -> PointCloud:
    """Read points from PLY (also of a mesh or of Gaussian splats) or text (x y z [r g b] [nx ny nz]).

    Axes are taken as they are. Colours, normals, and Meshloom's confidence and observations are kept. Points
    that are no finite numbers are left out with a warning.

    file: the points
    """
    run.progress(0, 1, f"reading {file.name}")
    return read_cloud(file, run.warn)
