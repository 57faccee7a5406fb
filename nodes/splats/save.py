from __future__ import annotations

from typing import Literal

from meshloom.graph_runtime.formats.names import make_file, stem_of
from meshloom.graph_runtime.formats.splats import write_splats
from meshloom.graph_runtime.spec import Run, node
from meshloom.graph_runtime.types import File, Splats


@node("Save splats", aliases=("export", "write", "ply", "spz", "splat", "glb", "usd", "3dgs"))
def save(
    splats: Splats,
    format: Literal["ply", "compressed.ply", "spz", "spz4", "splat", "glb", "usda"] = "ply",
    name: str = "splats",
    *,
    run: Run,
) -> File:
    """Make a file of splats, delivered into the output folder with the workflow that made it.

    PLY is exact, and read by nearly everything; y down, as all splat PLYs are. Compressed PLY is that of SuperSplat
    and PlayCanvas, 16 bytes a splat and a byte a higher coefficient. SPZ is ten times smaller (positions
    24 bits, the rest bytes), y up. .splat is for web viewers and drops how colours change with the direction. GLB
    follows KHR_gaussian_splatting, y up; viewers that do not know it show points. USD (text) has them as
    ParticleField3DGaussianSplat, y up.

    format: spz4 is the newer SPZ, a little smaller, which older programs do not read
    name: of the file, without extension
    """
    run.progress(0, 1, f"writing {format}")
    if format == "splat" and splats.degree:
        run.warn(".splat does not hold how colours change with the direction; PLY, SPZ and GLB do")
    suffix = "spz" if format == "spz4" else format
    return make_file(f"{stem_of(name, '', 'splats')}.{suffix}", write_splats(splats, format))
