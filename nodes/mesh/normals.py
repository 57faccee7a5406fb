"""Normals of a mesh."""

from __future__ import annotations

from typing import Literal

import numpy as np

from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import Mesh


@node("Mesh normals", aliases=("shade smooth", "shade flat", "flip normals"))
def normals(mesh: Mesh, shading: Literal["smooth", "flat", "none"] = "smooth", flip: bool = False) -> Mesh:
    """Give the vertices normals, which decide how the surface is shaded.

    shading: smooth averages the faces around a vertex, weighted by their angle; flat gives each face
      corners of its own; none removes normals
    flip: turn the surface inside out first
    """
    from meshloom.nodes.mesh._checks import need_surface
    from meshloom.nodes.mesh._parts import with_vertices
    from meshloom.nodes.mesh._surface import crosses, unit, vertex_normals
    from meshloom.nodes.mesh._topology import welded

    need_surface(mesh)
    faces = mesh.faces[:, ::-1] if flip else mesh.faces
    rows = np.arange(len(mesh.vertices))
    found = None
    if shading == "smooth":
        label, _ = welded(mesh.vertices)
        found = vertex_normals(mesh.vertices, faces, label)
    elif shading == "flat":
        found = unit(crosses(mesh.vertices, faces)).repeat(3, axis=0)
        found[~found.any(axis=1)] = (0.0, 0.0, -1.0)
        rows, faces = faces.ravel(), np.arange(faces.size, dtype=np.int32).reshape(-1, 3)
    mesh = with_vertices(mesh, mesh.vertices[rows], faces, rows)
    normal = None if found is None else found.astype(np.float32)
    return Mesh(mesh.vertices, mesh.faces, mesh.uv, normal, mesh.colours, mesh.material)
