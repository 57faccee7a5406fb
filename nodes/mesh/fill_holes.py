"""Closing holes."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from meshloom.graph_runtime.spec import Run, Slider, node
from meshloom.graph_runtime.types import Mesh


@node("Fill holes", aliases=("close", "watertight", "cap"))
def fill_holes(
    mesh: Mesh,
    max_size: Annotated[float, Slider(0.0, 1.0, step=0.01, unit="of the diagonal")] = 0.1,
    *,
    run: Run,
) -> Mesh:
    """Close the holes of a mesh that are not too large.

    Each hole gets the patch of least area over its rim, without new vertices (Barequet and Sharir, 1995; long
    rims are halved along short chords first). With ``max_size`` 1 every hole is closed, so a mesh without
    crowded edges becomes watertight. On a textured mesh the patches show whatever lies between their corners'
    texture coordinates.

    max_size: the diagonal of the largest hole's bounding box, as a fraction of the mesh's
    """
    from meshloom.nodes.mesh._checks import need_surface
    from meshloom.nodes.mesh._holes import hole_loops, patch
    from meshloom.nodes.mesh._parts import with_faces
    from meshloom.nodes.mesh._surface import diagonal
    from meshloom.nodes.mesh._topology import edges, welded

    need_surface(mesh)
    run.progress(0.0, 1.0, "looking for holes")
    label, first = welded(mesh.vertices)
    faces = label[mesh.faces]
    table = edges(faces)
    loops = hole_loops(faces, table)
    positions = mesh.vertices[first].astype(np.float64)
    limit = max_size * diagonal(mesh.vertices[mesh.faces.ravel()]) * (1 + 1e-6)
    small = [loop for loop in loops if diagonal(positions[loop]) <= limit]
    rim = np.zeros(len(first), bool)
    rim[[vertex for loop in small for vertex in loop]] = True
    joined = set(map(tuple, table.ends[rim[table.ends].all(axis=1)].tolist()))
    added: list[tuple[int, int, int]] = []
    left = 0
    for index, loop in enumerate(small):
        run.progress(0.2 + 0.8 * index / len(small), 1.0, f"hole {index + 1} of {len(small)}")
        new = patch(loop, positions, joined)
        left += not new
        added += new
        for triangle in new:
            for here in range(3):
                joined.add((min(triangle[here], triangle[here - 1]), max(triangle[here], triangle[here - 1])))
    if left:
        run.warn(f"{left} holes were left open: their rims are tangled; mesh.repair may help")
    run.progress(1.0, 1.0, f"filled {len(small) - left} of {len(loops)} holes")
    if not added:
        return mesh
    # A vertex in use stands for its position: the first may be one that no face has.
    corner = mesh.faces.ravel()[::-1]
    stands = first.copy()
    stands[label[corner]] = corner
    patches = stands[np.array(added)].astype(np.int32)
    return with_faces(mesh, np.concatenate([mesh.faces, patches]))
