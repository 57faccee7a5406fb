"""Splats in files: PLY, .splat, SPZ, glTF and USD. Axes are converted here, once: see the modules of the formats."""

from __future__ import annotations

from pathlib import Path

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats._reading import read_bytes, reading
from meshloom.graph_runtime.formats.gltf_splats import read_gltf_splats, write_gltf_splats
from meshloom.graph_runtime.formats.splat_parts import Warn
from meshloom.graph_runtime.formats.splat_ply import read_splat_ply, write_splat_ply
from meshloom.graph_runtime.formats.splat_records import read_records, write_records
from meshloom.graph_runtime.formats.spz import MAGIC, read_spz, write_spz
from meshloom.graph_runtime.formats.usd_splats import read_usd_splats, write_usda
from meshloom.graph_runtime.types import Splats

#: What the file picker offers.
PATTERNS = ("*.ply", "*.splat", "*.spz", "*.glb", "*.gltf", "*.usda", "*.usdc", "*.usd", "*.usdz")
FORMATS = ("ply", "compressed.ply", "splat", "spz", "spz4", "glb", "usda")


def holds_splats(path: Path) -> bool:
    """Whether a file that other things come in too (PLY, glTF) holds splats, by how it begins."""
    try:
        with path.open("rb") as file:
            start = file.read(1 << 16)
    except OSError:
        return False
    marks = (b"property float f_dc_0", b"property uint packed_rotation", b"KHR_gaussian_splatting")
    return any(mark in start for mark in marks)


def read_splats(path: Path, warn: Warn | None = None) -> Splats:
    """The splats of a file, told by its content (.splat by its name). Raises ``NodeError`` naming the file."""
    path = Path(path)
    data = read_bytes(path, "a file of splats")
    with reading(path.name, "a file of splats"):
        if data[:3] == b"ply":
            return read_splat_ply(data, path.name, warn)
        if data[:4] == MAGIC or data[:2] == b"\x1f\x8b":
            return read_spz(data, path.name, warn)
        if data[:4] == b"glTF" or path.suffix.lower() == ".gltf":
            return read_gltf_splats(data, path, warn)
        if path.suffix.lower() in (".usd", ".usda", ".usdc", ".usdz") or data[:8] in (
            b"PXR-USDC",
            b"#usda 1.",
        ):
            return read_usd_splats(path, warn)
        if path.suffix.lower() == ".splat":
            return read_records(data, path.name, warn)
    raise NodeError(
        f"{path.name} is no file of splats that is known; expected PLY, .splat, SPZ, glTF or USD",
        hint="export it again",
    )


def write_splats(splats: Splats, format: str = "ply") -> bytes:
    """The content of a file: ply (exact), compressed.ply, splat and spz (small, rounded), spz4, glb, usda."""
    if not len(splats):
        raise NodeError("the scene holds no splats to write", hint="look at where they come from")
    match format:
        case "ply":
            return write_splat_ply(splats)
        case "compressed.ply":
            return write_splat_ply(splats, packed=True)
        case "splat":
            return write_records(splats)
        case "spz":
            return write_spz(splats, 3)
        case "spz4":
            return write_spz(splats, 4)
        case "glb":
            return write_gltf_splats(splats)
        case "usda":
            return write_usda(splats)
    raise NodeError(f"splats are not written as {format}; expected one of {', '.join(FORMATS)}")
