"""Depth maps in files: EXR, float TIFF, 16-bit PNG. Numbers, not colours: no curve, no profile."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats import exr
from meshloom.graph_runtime.formats._reading import check_file, read_bytes, reading
from meshloom.graph_runtime.formats.images import MAX_PIXELS, read_image

#: What the file picker offers.
PATTERNS = ("*.exr", "*.png", "*.tif", "*.tiff")

Floats = NDArray[np.float32]


def read_depth(path: Path) -> tuple[Floats, Floats | None, bool]:
    """(H, W) float32 depth with 0 where unknown, its confidence if stored, and whether it was whole numbers.

    Whole numbers are returned as stored (0..65535). Raises ``NodeError`` naming the file.
    """
    path = Path(path)
    check_file(path, "a depth map")
    confidence: Floats | None = None
    with reading(path.name, "a depth map"):
        with path.open("rb") as file:
            start = file.read(8)
        if start.startswith(exr.MAGIC):
            channels = exr.read_channels(path, MAX_PIXELS)
            name = next(
                (name for name in ("Z", "depth.Z", "Depth", "depth", "Y", "R") if name in channels), None
            )
            depth = channels[name] if name else next(iter(channels.values()))
            confidence = channels.get("confidence")
            whole = False
        else:
            depth, whole = _numbers(path)
    known = np.isfinite(depth) & (depth > 0)
    if confidence is not None:
        confidence = np.clip(np.nan_to_num(confidence), 0, 1)
    return np.where(known, depth, 0).astype(np.float32), confidence, whole


def _numbers(path: Path) -> tuple[Floats, bool]:
    """The samples of a TIFF or PNG of one channel."""
    # Sizes and formats are checked there; it is decoded again for the plain numbers.
    image = read_image(path)
    if image.pixels.shape[2] != 1:
        raise NodeError(
            f"{path.name} has {image.pixels.shape[2]} channels; expected a depth map of one",
            hint="a coloured picture of a depth map holds no distances",
        )
    import cv2

    data = np.frombuffer(read_bytes(path, "a depth map"), np.uint8)
    stored = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if stored is None or stored.ndim != 2:
        raise NodeError(f"{path.name} cannot be read as a depth map", hint="save it as EXR or 16-bit PNG")
    return stored.astype(np.float32), stored.dtype.kind in "ui"
