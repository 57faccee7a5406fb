"""Meshes as Wavefront OBJ with its material file and texture, +Y up."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats.axes import from_y_up, to_y_up
from meshloom.graph_runtime.formats.image_writing import write_image
from meshloom.graph_runtime.formats.mesh_parts import Part
from meshloom.graph_runtime.formats.trimeshes import from_trimesh
from meshloom.graph_runtime.types import Image, Mesh

Warn = Callable[[str], None]
_LINES_AT_ONCE = 100_000


def write_obj(mesh: Mesh, stem: str) -> dict[str, bytes]:
    """``stem.obj``, and with a material ``stem.mtl`` and its texture. Vertex colours follow the coordinates.

    Every float32 comes back exactly. Of the material OBJ holds colour and texture.
    """
    files: dict[str, bytes] = {}
    parts = ["# Meshloom\n"]
    material = mesh.material
    if material is not None:
        parts.append(f"mtllib {stem}.mtl\n")
    rows = to_y_up(mesh.vertices).astype(np.float64)
    line = "v %.9g %.9g %.9g"
    if mesh.colours is not None:
        rows, line = np.column_stack([rows, mesh.colours / 255.0]), line + " %.4f %.4f %.4f"
    parts += _lines(line, rows)
    slots = ["%d"]
    if mesh.uv is not None:
        parts += _lines(
            "vt %.9g %.9g", np.column_stack([mesh.uv[:, 0], 1.0 - mesh.uv[:, 1].astype(np.float64)])
        )
        slots.append("%d")
    if mesh.normals is not None:
        parts += _lines("vn %.9g %.9g %.9g", to_y_up(mesh.normals).astype(np.float64))
        slots += [""] * (2 - len(slots)) + ["%d"]
    if material is not None:
        parts.append("usemtl surface\n")
        files[f"{stem}.mtl"] = _mtl(mesh, stem, files)
    corner = "/".join(slots)
    used = corner.count("%")
    parts += _lines(f"f {corner} {corner} {corner}", (mesh.faces.astype(np.int64) + 1).repeat(used, axis=1))
    return {f"{stem}.obj": "".join(parts).encode(), **files}


def _mtl(mesh: Mesh, stem: str, files: dict[str, bytes]) -> bytes:
    material = mesh.material
    assert material is not None
    red, green, blue, alpha = material.base_factor
    lines = ["# Meshloom", "newmtl surface", f"Kd {red:.6g} {green:.6g} {blue:.6g}", "Ka 0 0 0", "Ks 0 0 0"]
    lines += [f"d {alpha:.6g}", "illum 1"]
    if material.base_colour is not None and mesh.uv is not None:
        files[f"{stem}.png"] = write_image(Image(material.base_colour), "png")
        lines.append(f"map_Kd {stem}.png")
    return ("\n".join(lines) + "\n").encode()


def _lines(line: str, rows: NDArray[Any]) -> list[str]:
    pieces = []
    for start in range(0, len(rows), _LINES_AT_ONCE):
        piece = rows[start : start + _LINES_AT_ONCE]
        pieces.append((f"{line}\n" * len(piece)) % tuple(piece.reshape(-1).tolist()))
    return pieces


def read_obj(data: bytes, path: Path, warn: Warn) -> list[Part]:
    """The parts of an OBJ by material, in our world. Materials and textures are looked for beside it only."""
    import trimesh

    # A byte that is no text would end the lines of some encodings; names of materials are all it can touch.
    clean = data.decode("utf-8", "replace").encode()
    if b"\nf " not in b"\n" + clean:
        raise NodeError(
            f"{path.name} has no faces; expected a mesh", hint="a point cloud is read by cloud.load"
        )
    scene = trimesh.load_scene(
        io.BytesIO(clean),
        file_type="obj",
        resolver=_Beside(path, warn),
        maintain_order=True,
        process=False,
    )
    parts = []
    for geometry in scene.geometry.values():
        if isinstance(geometry, trimesh.Trimesh):
            mesh = from_trimesh(geometry)
            normals = None if mesh.normals is None else from_y_up(mesh.normals)
            parts.append(
                Part(from_y_up(mesh.vertices), mesh.faces, mesh.uv, normals, mesh.colours, mesh.material)
            )
    return parts


class _Beside(Mapping[str, bytes]):
    """The files in the folder of a model or below, and no others."""

    def __init__(self, path: Path, warn: Warn) -> None:
        self.folder, self.name, self.warn = path.parent.resolve(), path.name, warn

    def __getitem__(self, name: str) -> bytes:
        wanted = (self.folder / str(name).strip().replace("\\", "/")).resolve()
        if not wanted.is_relative_to(self.folder) or not wanted.is_file():
            self.warn(f"{self.name}: {str(name)[:100]!r} is not beside it; left out")
            raise KeyError(name)
        return wanted.read_bytes()

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0
