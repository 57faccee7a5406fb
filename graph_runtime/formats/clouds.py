"""Point clouds in files: PLY and plain text. As they are, with no change of axes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats._reading import read_bytes, reading
from meshloom.graph_runtime.formats.ply import Element, read_ply, write_ply
from meshloom.graph_runtime.formats.ply_meshes import colours_of, vertex_columns
from meshloom.graph_runtime.types import PointCloud

Array = NDArray[Any]
Warn = Callable[[str], None]

#: What the file picker offers.
PATTERNS = ("*.ply", "*.xyz", "*.txt", "*.pts", "*.csv")
FORMATS = ("ply", "xyz")
#: The constant band of spherical harmonics: a Gaussian's colour is 0.5 + SH_0 * f_dc.
_SH_0 = 0.28209479177387814


def read_cloud(path: Path, warn: Warn | None = None) -> PointCloud:
    """The points of a PLY (also of a mesh or of Gaussian splats), or of text (x y z [r g b] [nx ny nz]).

    Points that are no finite numbers are left out, which ``warn`` is told. Colours in text are 0..255, or
    fractions of 1. Raises ``NodeError`` naming the file.
    """
    path = Path(path)
    data = read_bytes(path, "a point cloud")
    with reading(path.name, "a point cloud"):
        if data[:3] == b"ply":
            return _from_ply(data, path.name, warn)
        return _from_text(data, path.name, warn)


def write_cloud(cloud: PointCloud, format: str = "ply") -> bytes:
    """PLY (binary, everything, exact) or XYZ text (x y z, then r g b and nx ny nz where there are any)."""
    if format == "xyz":
        return _to_text(cloud)
    if format != "ply":
        raise NodeError(f"clouds are not written as {format}; expected one of {', '.join(FORMATS)}")
    columns = vertex_columns(cloud.positions, cloud.normals, cloud.colours)
    if cloud.confidence is not None:
        columns["confidence"] = cloud.confidence
    elements = {"vertex": columns}
    if cloud.observations is not None:
        elements["observation"] = {"point": cloud.observations[:, 0], "camera": cloud.observations[:, 1]}
    return write_ply(elements)


def _from_ply(data: bytes, name: str, warn: Warn | None) -> PointCloud:
    elements = read_ply(data, name)
    vertices = elements.get("vertex")
    positions = vertices.stacked("x", "y", "z") if vertices is not None else None
    if vertices is None or positions is None:
        raise NodeError(f"{name} has no points x, y, z", hint="export it again")
    colours = colours_of(vertices)
    splats = vertices.stacked("f_dc_0", "f_dc_1", "f_dc_2")
    if colours is None and splats is not None:
        shade = 0.5 + _SH_0 * np.nan_to_num(splats.astype(np.float64))
        colours = (np.clip(shade, 0, 1) * 255 + 0.5).astype(np.uint8)
    normals = vertices.stacked("nx", "ny", "nz")
    if normals is not None and not normals.any():
        normals = None  # splat files hold zeros there
    confidence = vertices.column("confidence")
    return _cloud(name, positions, colours, normals, confidence, _observations(elements), warn)


def _observations(elements: dict[str, Element]) -> Array | None:
    found = elements.get("observation")
    return None if found is None else found.stacked("point", "camera")


def _cloud(
    name: str,
    positions: Array,
    colours: Array | None,
    normals: Array | None,
    confidence: Array | None,
    observations: Array | None,
    warn: Warn | None,
) -> PointCloud:
    with np.errstate(over="ignore"):
        positions = positions.astype(np.float32)
    good = np.asarray(np.isfinite(positions).all(axis=1))
    if not good.all():
        if not good.any():
            raise NodeError(f"{name} holds no point that is a finite number", hint="export it again")
        if warn is not None:
            warn(f"{name}: left out {int((~good).sum()):,} points that are no finite numbers")
    if observations is not None and len(observations):
        if observations.min() < 0 or observations[:, 0].max() >= len(positions):
            raise NodeError(f"{name} has an observation of a point that does not exist")
        observations = observations[good[observations[:, 0]]]
        observations = np.column_stack([(np.cumsum(good) - 1)[observations[:, 0]], observations[:, 1]])
    if normals is not None:
        normals = np.nan_to_num(normals.astype(np.float32))[good]
        lengths = np.linalg.norm(normals, axis=1, keepdims=True)
        unit = np.abs(lengths - 1) < 1e-4
        normals = np.where(unit, normals, normals / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    if confidence is not None:
        confidence = np.nan_to_num(confidence.astype(np.float32))[good]
    return PointCloud(
        positions[good],
        None if colours is None else colours[good],
        normals,
        confidence,
        None if observations is None else observations.astype(np.int32),
    )


def _from_text(data: bytes, name: str, warn: Warn | None) -> PointCloud:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NodeError(f"{name} is neither PLY nor text; expected a point cloud", hint="use PLY") from None
    lines = text.replace(",", " ").replace(";", " ").replace("\t", " ").splitlines()
    rows = [line for line in lines if line.strip() and not line.lstrip().startswith(("#", "//"))]
    # A line of names, or a count as .pts files begin with.
    skipped = next(
        (i for i, row in enumerate(rows[:100]) if _numeric(row) and len(row.split()) > 1), len(rows)
    )
    heads = [line for line in lines[:100] if not _numeric(line)] if skipped < len(rows) else []
    rows = rows[skipped:]
    if not rows:
        raise NodeError(f"{name} holds no lines of x y z", hint="expected numbers in columns")
    width = len(rows[0].split())
    try:
        numbers = np.fromstring(" ".join(rows), np.float64, sep=" ")
    except ValueError:
        raise NodeError(f"{name} holds something other than numbers", hint="expected x y z") from None
    if width < 3 or len(numbers) != width * len(rows):
        raise NodeError(
            f"{name} has lines of differing length, or fewer than 3 numbers in its first line",
            hint="expected x y z [r g b] [nx ny nz], the same in all lines",
        )
    table = numbers.reshape(-1, width)
    colours_at, normals_at = _columns(heads, table)
    colours = None
    if colours_at is not None:
        shade = table[:, colours_at : colours_at + 3]
        fractions = shade.max() <= 1 and (shade % 1).any()
        colours = np.clip(shade * (255 if fractions else 1) + 0.5, 0, 255).astype(np.uint8)
    normals = None if normals_at is None else table[:, normals_at : normals_at + 3]
    return _cloud(name, table[:, :3], colours, normals, None, None, warn)


def _columns(heads: list[str], table: Array) -> tuple[int | None, int | None]:
    """Where colours and normals begin: as a line of names says, else by what the numbers look like."""
    width = table.shape[1]
    for head in heads:
        names = head.lower().lstrip("#/ ").split()
        if len(names) == width and names[:3] == ["x", "y", "z"]:
            red = next((names.index(word) for word in ("r", "red") if word in names[: width - 2]), None)
            return red, names.index("nx") if "nx" in names[: width - 2] else None
    # .pts files put the intensity before the colour.
    at = 4 if width in (7, 10) else 3
    first = table[:, at : at + 3]
    if first.shape[1] < 3:
        return None, None
    if np.isfinite(first).all() and first.min() >= 0 and first.max() <= 255:
        return at, at + 3 if width >= at + 6 else None
    return None, at


def _numeric(line: str) -> bool:
    try:
        [float(word) for word in line.split()]
    except ValueError:
        return False
    return True


def _to_text(cloud: PointCloud) -> bytes:
    # %.9g is enough to get every float32 back.
    parts: list[Array] = [cloud.positions]
    line, names = "%.9g %.9g %.9g", "x y z"
    if cloud.colours is not None:
        parts.append(cloud.colours)
        line, names = line + " %d %d %d", names + " r g b"
    if cloud.normals is not None:
        parts.append(cloud.normals)
        line, names = line + " %.9g %.9g %.9g", names + " nx ny nz"
    pieces = [f"# {names}\n"]
    for start in range(0, len(cloud), 100_000):
        rows = np.column_stack([part[start : start + 100_000].astype(np.float64) for part in parts])
        pieces.append((f"{line}\n" * len(rows)) % tuple(rows.reshape(-1).tolist()))
    return "".join(pieces).encode()
