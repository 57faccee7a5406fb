from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np

from meshloom.graph_runtime.formats.depths import PATTERNS, read_depth
from meshloom.graph_runtime.spec import OpenFile, Range, Run, node
from meshloom.graph_runtime.types import DepthMap


@node("Load depth map", aliases=("open", "read", "import depth", "exr", "16-bit png", "z"))
def load(
    file: Annotated[Path, OpenFile(PATTERNS)] = Path(),
    units: Annotated[float, Range(1e-6, 1e6)] = 1000.0,
    *,
    run: Run,
) -> DepthMap:
    """Read distances from EXR (channel Z, or the first), float TIFF, or 16-bit PNG.

    Numbers that are not finite or not above 0 are unknown. Depth is along the optical axis.

    units: numbers of a PNG or whole-number TIFF in one unit of the scene: 1000 where they are millimetres and
      the scene is in metres; floats are taken as they are
    """
    run.progress(0, 1, f"reading {file.name}")
    depth, confidence, whole = read_depth(file)
    if whole:
        depth = (depth / units).astype(np.float32)
    return DepthMap(depth, confidence, file.name)
