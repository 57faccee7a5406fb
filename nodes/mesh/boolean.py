"""Solids added, cut and intersected."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Run, node
from meshloom.graph_runtime.types import Mesh

#: Where one of the two has colours, the other is painted so.
GREY = 204


@node("Boolean", aliases=("csg", "union", "difference", "intersection", "cut", "subtract"))
def boolean(
    a: Mesh,
    b: Mesh,
    operation: Literal["union", "difference", "intersection"] = "difference",
    *,
    run: Run,
) -> Mesh:
    """Combine two closed solids exactly (Manifold).

    Both must be watertight; the result is watertight too, and empty only where the solids leave nothing,
    which is an error. Vertex colours are carried over; texture coordinates are not, so unwrap afterwards.

    a: a watertight mesh
    b: a watertight mesh
    operation: union keeps what is in either, difference what is in ``a`` but not in ``b``, intersection
      what is in both
    """
    run.progress(0.0, 1.0, "reading solids")
    coloured = a.colours is not None or b.colours is not None
    if a.uv is not None or b.uv is not None:
        run.warn("texture coordinates were dropped: they do not fit the new surface; unwrap and bake again")
    # About a common middle: Manifold reads positions in single precision.
    used = np.concatenate([a.vertices[a.faces.ravel()], b.vertices[b.faces.ravel()]]).astype(np.float64)
    middle = (
        (used.min(axis=0) + used.max(axis=0)) / 2 if len(used) and np.isfinite(used).all() else np.zeros(3)
    )
    first, second = (_solid(mesh, name, middle, coloured) for mesh, name in ((a, "a"), (b, "b")))
    run.progress(0.3, 1.0, operation)
    if operation == "union":
        made = first + second
    elif operation == "difference":
        made = first - second
    else:
        made = first ^ second
    if made.is_empty():
        raise NodeError(
            f"the {operation} leaves nothing",
            hint="a lies within b: swap them"
            if operation == "difference"
            else "move the solids so that they overlap",
        )
    run.progress(0.9, 1.0, "reading the result")
    found = made.to_mesh()
    properties = np.asarray(found.vert_properties)
    vertices = (properties[:, :3].astype(np.float64) + middle).astype(np.float32)
    colours = None
    if coloured:
        colours = np.clip(np.rint(properties[:, 3:6]), 0, 255).astype(np.uint8)
    run.progress(1.0, 1.0, "done")
    return Mesh(vertices, np.asarray(found.tri_verts, np.int32), colours=colours)


def _solid(mesh: Mesh, name: str, middle: np.ndarray, coloured: bool) -> Any:
    """``mesh`` as Manifold's solid; vertices at one position are joined. Raises unless it is watertight."""
    import manifold3d

    from meshloom.nodes.mesh._checks import need_surface
    from meshloom.nodes.mesh._surface import crosses
    from meshloom.nodes.mesh._topology import proper, shape, welded

    need_surface(mesh, f"mesh {name}")
    label, first = welded(mesh.vertices)
    faces = label[mesh.faces]
    faces = faces[proper(faces)]
    form = shape(faces, len(first))
    hint = "close it with mesh.fill_holes (max_size 1), after mesh.repair if its faces disagree"
    if not form.watertight and (form.boundary_edges or form.torn_edges):
        raise NodeError(
            f"mesh {name} is not watertight: {form.boundary_edges} edges lie at a hole, "
            f"{form.crowded_edges} have more than two faces, "
            f"at {form.torn_edges} neighbours disagree which side is outside",
            hint=hint,
        )
    positions = mesh.vertices[first].astype(np.float64) - middle
    if np.einsum("ij,ij->", positions[faces[:, 0]], crosses(positions, faces)) < 0:
        faces = faces[:, ::-1]  # inside out as a whole
    columns = [positions]
    if coloured:
        colours = np.full((len(first), 3), GREY) if mesh.colours is None else mesh.colours[first]
        columns.append(colours.astype(np.float64))
    solid = manifold3d.Manifold(
        manifold3d.Mesh(
            vert_properties=np.ascontiguousarray(np.hstack(columns), np.float32),
            tri_verts=np.ascontiguousarray(faces, np.uint32),
        )
    )
    if solid.status() != manifold3d.Error.NoError:
        raise NodeError(f"mesh {name} is no solid: {solid.status().name}", hint=hint)
    return solid
