"""Loose pieces of a mesh."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from meshloom.graph_runtime.spec import Range, Run, Slider, node
from meshloom.graph_runtime.types import Mesh


@node("Keep components", aliases=("remove floaters", "connected components", "islands", "largest", "clean"))
def keep_components(
    mesh: Mesh,
    min_share: Annotated[float, Slider(0.0, 1.0, step=0.005, unit="of the area")] = 0.02,
    at_most: Annotated[int, Range(0, None)] = 0,
    *,
    run: Run,
) -> Mesh:
    """Keep the large connected pieces of a mesh and drop the crumbs around them.

    Faces that share a vertex position belong to one piece. The largest piece by area always stays. Vertices
    that no face uses go.

    min_share: pieces with less than this share of the largest piece's area are dropped
    at_most: keep only so many pieces, the largest; 0 keeps all that are large enough
    """
    from meshloom.nodes.mesh._checks import need_surface
    from meshloom.nodes.mesh._parts import keep_faces
    from meshloom.nodes.mesh._surface import areas
    from meshloom.nodes.mesh._topology import components, welded

    need_surface(mesh)
    run.progress(0.0, 1.0, "looking for pieces")
    label, first = welded(mesh.vertices)
    piece = components(label[mesh.faces], len(first))
    area = np.bincount(piece, weights=areas(mesh.vertices, mesh.faces))
    order = np.argsort(-area, kind="stable")
    keep = area[order] >= min_share * area[order[0]]
    keep[0] = True
    if at_most:
        keep[at_most:] = False
    run.progress(0.8, 1.0, f"keeping {int(keep.sum())} of {len(area)} pieces")
    chosen = np.zeros(len(area), bool)
    chosen[order[keep]] = True
    mesh = keep_faces(mesh, chosen[piece])
    run.progress(1.0, 1.0, "done")
    return mesh
