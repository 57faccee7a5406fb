"""Smoothing."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from meshloom.graph_runtime.spec import Range, Run, Slider, node
from meshloom.graph_runtime.types import Mesh


@node("Smooth mesh", aliases=("taubin", "laplacian", "denoise", "fair"))
def smooth(
    mesh: Mesh,
    rounds: Annotated[int, Range(0, 1000)] = 10,
    strength: Annotated[float, Slider(0.0, 1.0, step=0.05)] = 0.5,
    keep_volume: bool = True,
    keep_border: bool = True,
    *,
    run: Run,
) -> Mesh:
    """Even out noise on a surface.

    Each round moves every vertex towards the mean of its neighbours; with ``keep_volume`` a step outwards
    follows that undoes the shrinking (Taubin, A signal processing approach to fair surface design, 1995).
    Faces, texture coordinates and colours stay; normals are computed anew where the mesh has them.

    rounds: how often; more evens out wider bumps
    strength: how far towards the mean of the neighbours a vertex goes each time
    keep_volume: Taubin's outward step; off is plain Laplacian smoothing, which shrinks
    keep_border: leave the rims of open surfaces in place
    """
    from scipy.sparse import coo_matrix, diags

    from meshloom.nodes.mesh._checks import need_surface
    from meshloom.nodes.mesh._surface import vertex_normals
    from meshloom.nodes.mesh._topology import edges, welded

    need_surface(mesh)
    if not rounds or not strength:
        return mesh
    run.progress(0.0, rounds, "smoothing")
    label, first = welded(mesh.vertices)
    table = edges(label[mesh.faces])
    joined = table.ends[table.ends[:, 0] != table.ends[:, 1]]
    count = len(first)
    rows = np.concatenate([joined[:, 0], joined[:, 1]])
    columns = np.concatenate([joined[:, 1], joined[:, 0]])
    links = coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(count, count)).tocsr()
    degree = np.asarray(links.sum(axis=1)).ravel()
    mean = diags(1.0 / np.maximum(degree, 1.0)) @ links
    still = degree == 0
    if keep_border:
        still[table.ends[table.uses == 1].ravel()] = True
    moving = (~still)[:, None]
    centre = mesh.vertices[mesh.faces.ravel()].mean(axis=0, dtype=np.float64)
    position = mesh.vertices[first].astype(np.float64) - centre
    # Taubin's pass band of 0.1: 1/strength + 1/outward = 0.1.
    steps = (strength, 1.0 / (0.1 - 1.0 / strength)) if keep_volume else (strength,)
    for index in range(rounds):
        run.progress(index, rounds, "smoothing")
        for step in steps:
            position += np.where(moving, step * (mean @ position - position), 0.0)
    vertices = np.where(moving[label], (position + centre)[label], mesh.vertices).astype(np.float32)
    normals = None
    if mesh.normals is not None:
        normals = vertex_normals(vertices, mesh.faces, label).astype(np.float32)
    run.progress(rounds, rounds, "done")
    return Mesh(vertices, mesh.faces, mesh.uv, normals, mesh.colours, mesh.material)
