"""A standard place and size."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.spec import Range, node
from meshloom.graph_runtime.types import Mesh


@node("Normalise mesh", aliases=("centre", "center", "unit size", "fit"))
def normalise(
    mesh: Mesh,
    size: Annotated[float, Range(0.0, None, unit="scene units")] = 1.0,
    measure: Literal["longest side", "diagonal"] = "longest side",
    origin: Literal["centre", "base", "keep"] = "centre",
) -> Mesh:
    """Bring a mesh to a given size, with its middle or its underside at the origin.

    size: how long the longest side or the diagonal of the bounding box becomes; 0 keeps the size
    measure: which length ``size`` speaks of
    origin: what comes to lie at the origin: the middle of the bounding box, the middle of its underside (y
      points down), or keep, which scales about the middle where it is
    """
    from meshloom.kernels.geometry.placing import pivot_point
    from meshloom.nodes.mesh._checks import need_surface
    from meshloom.nodes.mesh._placing import moved_mesh

    need_surface(mesh)
    used = mesh.vertices[mesh.faces.ravel()]
    sides = used.max(axis=0).astype(np.float64) - used.min(axis=0)
    now = float(sides.max() if measure == "longest side" else np.linalg.norm(sides))
    factor = size / now if size > 0 else 1.0
    at = pivot_point(used, "base" if origin == "base" else "centre")
    matrix = np.eye(4)
    matrix[:3, :3] *= factor
    matrix[:3, 3] = (at if origin == "keep" else 0.0) - factor * at
    return moved_mesh(mesh, matrix)
