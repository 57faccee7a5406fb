from __future__ import annotations

from pathlib import Path
from typing import Annotated

from meshloom.graph_runtime.formats.splats import PATTERNS, read_splats
from meshloom.graph_runtime.spec import OpenFile, Run, node
from meshloom.graph_runtime.types import Splats


@node("Load splats", aliases=("open", "read", "import", "ply", "spz", "splat", "glb", "usd", "3dgs"))
def load(
    file: Annotated[Path, OpenFile(PATTERNS, ("*.bin",))] = Path(),
    *,
    run: Run,
) -> Splats:
    """Read splats from PLY, .splat, SPZ (versions 1 to 4), glTF (KHR_gaussian_splatting) or USD (with the extra usd).

    PLY may be the compressed one of SuperSplat and PlayCanvas. Axes become ours (y down): SPZ, glTF and USD are
    turned, PLY and .splat are as they are. Splats that cannot be drawn (NaN, no rotation, beyond all size) are left
    out or mended with a warning.

    file: the splats
    """
    run.progress(0, 1, f"reading {file.name}")
    return read_splats(file, run.warn)
