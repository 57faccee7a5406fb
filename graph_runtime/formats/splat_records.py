"""Splats as ``.splat``: 32 bytes each, as web viewers stream them; axes as in the PLY.

Position and linear scale as float32, colour and opacity as bytes, rotation w, x, y, z as bytes 128 + 128 q. How
colours change with the direction is not kept. The largest and most opaque come first.
"""

from __future__ import annotations

import numpy as np

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats.splat_parts import SH_0, Warn, check_count, normalised, repaired
from meshloom.graph_runtime.types import Splats

_ROW = np.dtype([("mean", "<f4", 3), ("scale", "<f4", 3), ("colour", "u1", 4), ("turn", "u1", 4)])


def read_records(data: bytes, name: str, warn: Warn | None = None) -> Splats:
    """The splats. Raises ``NodeError`` where the length does not fit."""
    if len(data) % _ROW.itemsize:
        raise NodeError(
            f"{name} has {len(data):,} bytes, no multiple of 32; expected .splat records",
            hint="the file is cut off or of another format",
        )
    rows = np.frombuffer(data, _ROW)
    check_count(len(rows), name)
    sh = (rows["colour"][:, None, :3].astype(np.float32) / 255 - 0.5) / SH_0
    turn = rows["turn"].astype(np.float32) / 128 - 1
    return repaired(
        name, rows["mean"], turn, rows["scale"], rows["colour"][:, 3] / np.float32(255), sh, False, warn
    )


def write_records(splats: Splats) -> bytes:
    """The file; colours are rounded to bytes."""
    rows = np.empty(len(splats), _ROW)
    rows["mean"], rows["scale"] = splats.means, splats.scales
    rows["colour"][:, :3] = splats.base_colours()
    rows["colour"][:, 3] = np.clip(splats.opacities * 255 + 0.5, 0, 255)
    turn = normalised(splats.quaternions)
    rows["turn"] = np.clip(np.round(turn * 128 + 128), 0, 255)
    worth = splats.scales.astype(np.float64).prod(axis=1) * splats.opacities
    return rows[np.argsort(-worth, kind="stable")].tobytes()
