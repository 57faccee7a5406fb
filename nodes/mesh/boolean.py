"""Solids added, cut and intersected."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError, Run, node
from meshloom.graph_runtime.types import Mesh

#: Where one of the two has colours, the other is painted so.
GREY = 204
#: With so many faces Manifold holds the interpreter for a second or more: a process of its own then.
MANY_FACES = 300_000


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
    from meshloom.nodes.mesh._apart import run_apart
    from meshloom.nodes.mesh._solids import OPERATIONS, combine

    run.progress(0.0, 1.0, "reading solids")
    coloured = a.colours is not None or b.colours is not None
    if a.uv is not None or b.uv is not None:
        run.warn("texture coordinates were dropped: they do not fit the new surface; unwrap and bake again")
    used = np.concatenate([a.vertices[a.faces.ravel()], b.vertices[b.faces.ravel()]]).astype(np.float64)
    # About a common middle: Manifold reads positions in single precision.
    middle = (
        (used.min(axis=0) + used.max(axis=0)) / 2 if len(used) and np.isfinite(used).all() else np.zeros(3)
    )
    inputs = {"operation": np.array(OPERATIONS.index(operation))}
    for mesh, name in ((a, "a"), (b, "b")):
        inputs[f"properties_{name}"], inputs[f"faces_{name}"] = _closed(mesh, name, middle, coloured)
    if len(a.faces) + len(b.faces) > MANY_FACES:
        found = run_apart(combine, inputs, run, operation)
    else:
        found = combine(inputs, lambda share, message: run.progress(share, 1.0, message))
    if not len(found["faces"]):
        swap = operation == "difference"
        raise NodeError(
            f"the {operation} leaves nothing",
            hint="a lies within b: swap them" if swap else "move the solids so that they overlap",
        )
    run.progress(1.0, 1.0, "done")
    properties = found["properties"]
    colours = np.clip(np.rint(properties[:, 3:6]), 0, 255).astype(np.uint8) if coloured else None
    vertices = (properties[:, :3].astype(np.float64) + middle).astype(np.float32)
    return Mesh(vertices, found["faces"], colours=colours)


def _closed(
    mesh: Mesh, name: str, middle: NDArray[np.float64], coloured: bool
) -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
    """Vertex properties and faces of ``mesh``, doubled vertices joined. Raises unless it is watertight."""
    from meshloom.nodes.mesh._checks import need_surface
    from meshloom.nodes.mesh._surface import crosses
    from meshloom.nodes.mesh._topology import proper, shape, welded

    need_surface(mesh, f"mesh {name}")
    label, first = welded(mesh.vertices)
    faces = label[mesh.faces]
    faces = faces[proper(faces)]
    form = shape(faces, len(first))
    if form.boundary_edges or form.torn_edges or not form.faces:
        raise NodeError(
            f"mesh {name} is not watertight: {form.boundary_edges} edges lie at a hole, "
            f"{form.crowded_edges} have more than two faces, "
            f"at {form.torn_edges} neighbours disagree which side is outside",
            hint="close it with mesh.fill_holes (max_size 1), after mesh.repair if its faces disagree",
        )
    positions = mesh.vertices[first].astype(np.float64) - middle
    if np.einsum("ij,ij->", positions[faces[:, 0]], crosses(positions, faces)) < 0:
        faces = faces[:, ::-1]  # inside out as a whole
    columns = [positions]
    if coloured:
        colours = np.full((len(first), 3), GREY) if mesh.colours is None else mesh.colours[first]
        columns.append(colours.astype(np.float64))
    return np.ascontiguousarray(np.hstack(columns), np.float32), np.ascontiguousarray(faces, np.uint32)
