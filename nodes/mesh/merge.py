"""Several meshes as one."""

from __future__ import annotations

from collections.abc import Sequence

from meshloom.graph_runtime.spec import NodeError, Run, node
from meshloom.graph_runtime.types import Mesh


@node("Merge meshes", aliases=("join", "combine", "concatenate"))
def merge(meshes: Sequence[Mesh], *, run: Run) -> Mesh:
    """Put several meshes into one, side by side, without cutting them (for that see mesh.boolean).

    Normals and colours are kept where all the meshes have them; texture coordinates and the material where
    all share one material.
    """
    from meshloom.nodes.mesh._parts import joined

    if not meshes:
        raise NodeError("there are no meshes to merge", hint="connect one or more meshes")
    if len(meshes) == 1:
        return meshes[0]
    whole = joined(meshes)
    if whole.uv is None and any(mesh.uv is not None for mesh in meshes):
        run.warn("the textures were dropped: one mesh holds one texture, and these have several")
    if whole.colours is None and any(mesh.colours is not None for mesh in meshes):
        run.warn("the colours were dropped: not all of the meshes have colours")
    return whole
