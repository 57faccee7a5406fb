"""Splats as the PLY of 3D Gaussian splatting (Kerbl et al., 2023): float32, before activation, axes as they are.

Opacity as logit, scales as logarithms, rotation w, x, y, z, colours as coefficients: ``f_dc`` the constant band,
``f_rest`` all higher coefficients of red, then of green, then of blue. The compressed PLY of other programs is in
:mod:`splat_packed_ply`.
"""

from __future__ import annotations

import numpy as np

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats.ply import header_end, read_ply, write_ply
from meshloom.graph_runtime.formats.splat_packed_ply import is_packed, read_packed, write_packed
from meshloom.graph_runtime.formats.splat_parts import (
    BANDS,
    Array,
    Warn,
    check_count,
    logit,
    normalised,
    repaired,
    sigmoid,
)
from meshloom.graph_runtime.types import Splats

#: Said in the header, so that who opens the file knows which way is up and how it was trained.
_AXES = "axes: x right, y down, z forward (RDF)"
_ANTIALIASED = "antialiased: 1"


def read_splat_ply(data: bytes, name: str, warn: Warn | None = None) -> Splats:
    """The splats of a PLY file. Raises ``NodeError`` where it holds none."""
    elements = read_ply(data, name)
    antialiased = _ANTIALIASED in data[: header_end(data)].decode("ascii", "replace")
    if is_packed(elements):
        return read_packed(elements, name, antialiased, warn)
    vertices = elements.get("vertex")
    parts = None
    if vertices is not None:
        parts = [
            vertices.stacked(*names)
            for names in (
                ("x", "y", "z"),
                ("rot_0", "rot_1", "rot_2", "rot_3"),
                ("scale_0", "scale_1", "scale_2"),
                ("opacity",),
                ("f_dc_0", "f_dc_1", "f_dc_2"),
            )
        ]
    if vertices is None or parts is None or any(part is None for part in parts):
        raise NodeError(
            f"{name} holds no splats: x, opacity, scale_0, rot_0 and f_dc_0 (and so on) are expected",
            hint="a PLY of points is read by cloud.load, a mesh by mesh.load",
        )
    means, quaternions, scales, opacities, base = parts
    assert means is not None and quaternions is not None and scales is not None
    assert opacities is not None and base is not None
    check_count(len(means), name)
    count = sum(column.startswith("f_rest_") for column in vertices.columns)
    if count // 3 + 1 not in BANDS or count % 3:
        raise NodeError(f"{name} has {count} columns f_rest; expected 0, 9, 24 or 45", hint="export it again")
    sh = base.astype(np.float32)[:, None]
    if count:
        rest = vertices.stacked(*(f"f_rest_{index}" for index in range(count)))
        if rest is None:
            raise NodeError(f"{name} lacks some of f_rest_0 to f_rest_{count - 1}", hint="export it again")
        by_channel = rest.astype(np.float32).reshape(-1, 3, count // 3)
        sh = np.concatenate([sh, by_channel.transpose(0, 2, 1)], axis=1)
    with np.errstate(all="ignore"):
        linear = np.exp(np.minimum(scales.astype(np.float64), 80.0))
    return repaired(name, means, quaternions, linear, sigmoid(opacities[:, 0]), sh, antialiased, warn)


def write_splat_ply(splats: Splats, packed: bool = False) -> bytes:
    """Everything; rotations are normalised. ``packed``: rounded to 16 bytes a splat, and a byte a coefficient."""
    comments = [_AXES, *([_ANTIALIASED] if splats.antialiased else [])]
    if packed:
        return write_packed(splats, comments)
    columns: dict[str, Array] = {}

    def put(names: list[str], table: Array) -> None:
        for index, name in enumerate(names):
            columns[name] = np.ascontiguousarray(table[:, index], np.float32)

    put(["x", "y", "z"], splats.means)
    put(["nx", "ny", "nz"], np.zeros_like(splats.means))
    put(["f_dc_0", "f_dc_1", "f_dc_2"], splats.sh[:, 0])
    rest = splats.sh[:, 1:].transpose(0, 2, 1).reshape(len(splats), -1)
    put([f"f_rest_{index}" for index in range(rest.shape[1])], rest)
    put(["opacity"], logit(splats.opacities)[:, None])
    put([f"scale_{axis}" for axis in range(3)], np.log(np.maximum(splats.scales.astype(np.float64), 1e-30)))
    put([f"rot_{part}" for part in range(4)], normalised(splats.quaternions))
    return write_ply({"vertex": columns}, comments)
