from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.formats.exr import write_channels
from meshloom.graph_runtime.formats.images import write_png16
from meshloom.graph_runtime.formats.names import make_file, stem_of
from meshloom.graph_runtime.spec import NodeError, Range, Run, node
from meshloom.graph_runtime.types import DepthMap, File


@node("Save depth map", aliases=("write", "export depth", "exr", "16-bit png", "z"))
def save(
    depth: DepthMap,
    format: Literal["exr", "png"] = "exr",
    units: Annotated[float, Range(1e-6, 1e6)] = 1000.0,
    name: str = "",
    *,
    run: Run,
) -> File:
    """Make a file of the distances themselves (for a picture to look at, colour the depth map first).

    exr: 32-bit floats, exact, as channel Z, with the confidence as a channel of its own. png: 16-bit whole
    numbers, distance times ``units``; 0 is unknown.

    units: numbers of the PNG in one unit of the scene: 1000 gives millimetres where the scene is in metres
    name: of the file, without extension; empty: that of the photo
    """
    run.progress(0, 1, f"writing {format}")
    stem = stem_of(name, depth.name, "depth")
    if format == "exr":
        channels = {"Z": depth.depth}
        if depth.confidence is not None:
            channels["confidence"] = depth.confidence
        return make_file(f"{stem}.exr", write_channels(channels))
    known = np.isfinite(depth.depth) & (depth.depth > 0)
    scaled = np.where(known, depth.depth, 0).astype(np.float64) * units
    if not (scaled >= 0.5).any() and known.any():
        raise NodeError(
            f"all distances are below half of 1/{units:g}; a 16-bit PNG would be empty",
            hint="raise units, or save as EXR",
        )
    beyond = int((scaled > 65535.49).sum())
    if beyond == int(known.sum()) and beyond:
        raise NodeError(
            f"all distances are above 65535/{units:g}, the most that a 16-bit PNG holds",
            hint="lower units, or save as EXR",
        )
    if beyond:
        run.warn(
            f"{beyond:,} pixels are above 65535/{units:g} and become unknown; lower units, or save as EXR"
        )
        scaled = np.where(scaled > 65535.49, 0, scaled)
    return make_file(f"{stem}.png", write_png16((scaled + 0.5).astype(np.uint16)))
