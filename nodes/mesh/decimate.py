"""Fewer faces."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from meshloom.graph_runtime.spec import Range, Run, Slider, node
from meshloom.graph_runtime.types import Mesh


@node("Decimate", aliases=("simplify", "reduce faces", "polycount", "quadric", "lod"))
def decimate(
    mesh: Mesh,
    faces: Annotated[int, Range(4, None)] = 40_000,
    aggressiveness: Annotated[float, Slider(1.0, 10.0, step=0.5)] = 5.0,
    keep_border: bool = False,
    *,
    run: Run,
) -> Mesh:
    """Reduce a mesh to about so many faces while keeping its shape.

    Collapses the edges that change the surface least (quadric error metrics, Garland and Heckbert 1997) by
    fast-simplification. A mesh that has no more faces than asked for comes back as it is. Colours are taken
    from the nearest former vertex. Thin parts may be pinched: mesh.fill_holes comes best after this.
    Texture coordinates cannot survive: decimate first, then unwrap and bake.

    faces: how many faces to keep; 40000 suits texturing, 5000 a web page
    aggressiveness: lower is slower and closer to the shape
    keep_border: leave the rims of open surfaces untouched
    """
    from meshloom.nodes.mesh._apart import run_apart
    from meshloom.nodes.mesh._checks import need_surface
    from meshloom.nodes.mesh._decimation import decimate as collapse
    from meshloom.nodes.mesh._surface import vertex_normals
    from meshloom.nodes.mesh._topology import proper, welded

    need_surface(mesh)
    if len(mesh.faces) <= faces:
        return mesh
    if mesh.uv is not None:
        run.warn("the texture was dropped: its layout does not fit the new faces; unwrap and bake again")
    label, first = welded(mesh.vertices)  # a seam left in would open into a crack
    whole = label[mesh.faces]
    whole = whole[proper(whole)]
    used, whole = np.unique(whole, return_inverse=True)
    whole = whole.reshape(-1, 3).astype(np.int32)
    positions = mesh.vertices[first[used]].astype(np.float64)
    low, high = positions.min(axis=0), positions.max(axis=0)
    centre, size = (low + high) / 2, float((high - low).max())
    found = run_apart(
        collapse,
        {
            "vertices": (positions - centre) / size,
            "faces": whole,
            "settings": np.array([min(faces, len(whole)), aggressiveness, keep_border]),
        },
        run,
        "decimating",
    )
    if len(found["faces"]) > 1.05 * faces + 2:
        run.warn(
            f"{len(found['faces'])} faces are left instead of {faces}: more would tear the surface; "
            "raise aggressiveness, or drop small pieces with mesh.keep_components"
        )
    vertices, kept = found["vertices"] * size + centre, found["faces"]
    vertices = vertices.astype(np.float32)
    colours = normals = None
    if mesh.colours is not None:
        run.progress(0.9, 1.0, "colours")
        colours = mesh.colours[first[used]][_nearest(positions, vertices)]
    if mesh.normals is not None:
        label, _ = welded(vertices)
        normals = vertex_normals(vertices, kept, label).astype(np.float32)
    run.progress(1.0, 1.0, "done")
    return Mesh(vertices, kept, normals=normals, colours=colours)


def _nearest(positions, wanted):  # type: ignore[no-untyped-def]
    from scipy.spatial import cKDTree

    return cKDTree(positions).query(wanted)[1]
