from __future__ import annotations

from typing import Literal

from meshloom.graph_runtime.formats.clouds import write_cloud
from meshloom.graph_runtime.formats.names import make_file, stem_of
from meshloom.graph_runtime.spec import Run, node
from meshloom.graph_runtime.types import File, PointCloud


@node("Save point cloud", aliases=("write", "export points", "ply", "xyz"))
def save(cloud: PointCloud, format: Literal["ply", "xyz"] = "ply", name: str = "points", *, run: Run) -> File:
    """Make a point file, delivered into the output folder with the workflow that made it.

    PLY is binary and keeps everything exactly, confidence and observations too. XYZ is text: x y z, then r
    g b and nx ny nz where there are any. Axes are kept as they are (y down).

    name: of the file, without extension
    """
    run.progress(0, 1, f"writing {format}")
    if format == "xyz" and (cloud.confidence is not None or cloud.observations is not None):
        run.warn("XYZ holds neither confidence nor observations, so they are left out; PLY keeps them")
    return make_file(f"{stem_of(name, '', 'points')}.{format}", write_cloud(cloud, format))
