"""Meshes in files: GLB, glTF, PLY, OBJ, STL. Axes are converted here, once: see ``axes``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats._reading import read_bytes, reading
from meshloom.graph_runtime.formats.gltf_reading import read_gltf
from meshloom.graph_runtime.formats.gltf_writing import write_glb
from meshloom.graph_runtime.formats.mesh_parts import merge
from meshloom.graph_runtime.formats.obj import read_obj, write_obj
from meshloom.graph_runtime.formats.ply_meshes import read_ply_mesh, write_ply_mesh
from meshloom.graph_runtime.formats.stl import read_stl, write_stl
from meshloom.graph_runtime.formats.trimeshes import checked_mesh, from_trimesh, to_trimesh
from meshloom.graph_runtime.types import Mesh

__all__ = [
    "FORMATS",
    "PATTERNS",
    "checked_mesh",
    "from_trimesh",
    "read_mesh",
    "to_trimesh",
    "write_glb",
    "write_mesh",
    "write_obj",
]

Warn = Callable[[str], None]

#: What the file picker offers.
PATTERNS = ("*.glb", "*.gltf", "*.ply", "*.obj", "*.stl")
#: Formats of one file. OBJ is several: :func:`write_obj`.
FORMATS = ("glb", "ply", "stl")


def read_mesh(path: Path, warn: Warn | None = None) -> Mesh:
    """The model in a file as one mesh with one material, in our world (y down).

    A scene is flattened and several materials are merged: see ``mesh_parts.merge``. ``warn`` is told what
    could not be kept. Raises ``NodeError`` naming the file: missing, cut off, hostile, or without triangles.
    """
    path = Path(path)
    warn = warn or (lambda message: None)
    data = read_bytes(path, "a mesh")
    with reading(path.name, "a mesh"):
        suffix = path.suffix.lower()
        if data[:4] == b"glTF" or suffix in (".gltf", ".glb"):
            return merge(read_gltf(data, path, warn), path.name, warn)
        if data[:3] == b"ply":
            return read_ply_mesh(data, path.name)
        if suffix == ".obj":
            return merge(read_obj(data, path, warn), path.name, warn)
        if suffix == ".stl":
            return read_stl(data, path.name)
    raise NodeError(
        f"{path.name} is no mesh that can be read; expected GLB, glTF, PLY, OBJ or STL",
        hint="export it in one of these formats",
    )


def write_mesh(mesh: Mesh, format: str = "glb", textures: str = "png", quality: int = 90) -> bytes:
    """The mesh as a file of one of :data:`FORMATS`.

    GLB keeps everything. PLY keeps all but the material. STL keeps triangles only. ``textures`` and
    ``quality`` are those of ``write_glb``.
    """
    if format == "glb":
        return write_glb(mesh, textures, quality)
    if format == "ply":
        return write_ply_mesh(mesh)
    if format == "stl":
        return write_stl(mesh)
    raise NodeError(f"meshes are not written as {format} in one file; expected one of {', '.join(FORMATS)}")
