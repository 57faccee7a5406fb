"""Figures about a mesh."""

from __future__ import annotations

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Run, node
from meshloom.graph_runtime.types import Mesh, Table


@node("Measure mesh", aliases=("volume", "area", "watertight", "statistics", "info", "bounding box"))
def measure(mesh: Mesh, *, run: Run) -> Table:
    """Measure a mesh: counts, size, area, volume, and whether it is closed and sound.

    Two columns, ``measure`` and ``value``, in scene units. Vertices at one position count as one for
    everything but ``vertices``, so texture seams are no holes. ``watertight``: every edge joins two faces
    that agree which side is outside. ``manifold``: no edge has more than two faces, and no two fans of
    faces meet in a vertex only. ``volume`` is given for watertight meshes (negative: inside out). ``genus``
    (handles, as a torus has 1) is given for a single watertight, manifold piece.
    """
    from meshloom.nodes.mesh._surface import areas, crosses
    from meshloom.nodes.mesh._topology import proper, shape, welded

    run.progress(0.0, 1.0, "measuring")
    if not len(mesh.vertices):
        raise NodeError("the mesh is empty", hint="reconstruct or load a mesh first")
    finite = np.isfinite(mesh.vertices).all(axis=1)
    sound = finite[mesh.faces].all(axis=1)
    if not finite.any():
        raise NodeError("no vertex of the mesh is finite", hint="check the source of the mesh")
    label, first = welded(mesh.vertices)
    faces = label[mesh.faces[sound]]
    area = areas(mesh.vertices, mesh.faces[sound])
    distinct = proper(faces)
    run.progress(0.3, 1.0, "measuring")
    form = shape(faces[distinct], len(first))
    used = mesh.vertices[np.unique(mesh.faces[sound])] if sound.any() else mesh.vertices[finite]
    low, high = used.min(axis=0).astype(np.float64), used.max(axis=0).astype(np.float64)
    middle = (low + high) / 2
    volume = None
    if form.watertight:
        apex = mesh.vertices[mesh.faces[sound][:, 0]].astype(np.float64) - middle
        volume = float(np.einsum("ij,ij->", apex, crosses(mesh.vertices, mesh.faces[sound]))) / 6.0
    single = form.watertight and form.manifold and form.components == 1
    figures = {
        "vertices": len(mesh.vertices),
        "distinct positions": len(first),
        "faces": len(mesh.faces),
        "edges": form.edges,
        "components": form.components,
        "area": float(area.sum()),
        "volume": volume,
        "watertight": form.watertight,
        "manifold": form.manifold,
        "consistently oriented": form.oriented,
        "boundary edges": form.boundary_edges,
        "edges of more than two faces": form.crowded_edges,
        "faces without area": int((~(area > 0)).sum()),
        "vertices that are not finite": int((~finite).sum()),
        "Euler characteristic": form.euler,
        "genus": (2 - form.euler) // 2 if single else None,
        **{f"size {axis}": float(side) for axis, side in zip("xyz", high - low, strict=True)},
        "diagonal": float(np.linalg.norm(high - low)),
        **{f"lowest {axis}": float(edge) for axis, edge in zip("xyz", low, strict=True)},
        **{f"highest {axis}": float(edge) for axis, edge in zip("xyz", high, strict=True)},
    }
    run.progress(1.0, 1.0, "done")
    return Table(("measure", "value"), tuple(figures.items()))
