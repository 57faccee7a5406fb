"""Making a mesh fit for further work."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError, Run, Slider, node
from meshloom.graph_runtime.types import Mesh


@node("Repair mesh", aliases=("weld", "merge vertices", "fix normals", "non-manifold", "clean"))
def repair(
    mesh: Mesh,
    weld: Annotated[float, Slider(0.0, 0.01, step=0.0001, unit="of the diagonal")] = 0.0,
    cut_fins: bool = True,
    orient: bool = True,
    *,
    run: Run,
) -> Mesh:
    """Remove what trips other steps: broken, empty and doubled faces, doubled vertices, mixed orientation.

    In this order: faces with vertices that are not finite go; vertices at one place (and with one texture
    coordinate) become one; faces without area and copies of faces go; where three or more faces meet at an
    edge without pairing up, only the two largest stay; neighbouring faces are made to agree which side is
    outside, and closed pieces are turned outwards. Shapes stay as they are: for holes see mesh.fill_holes,
    for loose pieces mesh.keep_components.

    weld: vertices closer than this fraction of the bounding diagonal become one; 0 joins equal positions only
    cut_fins: remove surplus faces at edges of more than two
    orient: turn faces that disagree with their neighbours
    """
    from meshloom.nodes.mesh._parts import keep_faces, with_faces
    from meshloom.nodes.mesh._surface import diagonal
    from meshloom.nodes.mesh._topology import proper

    if not len(mesh.faces):
        raise NodeError("the mesh has no faces; a surface is needed", hint="reconstruct or load a mesh first")
    before = len(mesh.faces)
    run.progress(0.0, 1.0, "looking for broken faces")
    mesh = keep_faces(mesh, np.isfinite(mesh.vertices).all(axis=1)[mesh.faces].all(axis=1))
    if not len(mesh.faces):
        raise NodeError("no face has three finite corners", hint="check the source of the mesh")
    run.progress(0.1, 1.0, "joining vertices")
    rows = _joined(mesh, weld * diagonal(mesh.vertices))
    mesh = with_faces(mesh, rows[mesh.faces].astype(np.int32))
    run.progress(0.3, 1.0, "looking for empty and doubled faces")
    mesh = keep_faces(mesh, proper(mesh.faces) & _with_area(mesh))
    mesh = keep_faces(mesh, _first_of_each(mesh.faces))
    if not len(mesh.faces):
        raise NodeError("no face has an area", hint="lower weld, or check the source of the mesh")
    if cut_fins:
        run.progress(0.5, 1.0, "cutting fins")
        mesh = _without_fins(mesh)
    if orient:
        run.progress(0.7, 1.0, "turning faces")
        mesh = _oriented(mesh)
    if len(mesh.faces) < before:
        run.warn(
            f"{before - len(mesh.faces)} of {before} faces were broken, empty or doubled and were removed"
        )
    run.progress(1.0, 1.0, "done")
    return mesh


def _joined(mesh: Mesh, distance: float) -> NDArray[np.int64]:
    """(V,) the vertex that stands for each: the first at its place with its texture coordinate."""
    from meshloom.nodes.mesh._topology import welded

    label, first = welded(mesh.vertices)
    place = first[label]
    if distance > 0:
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import connected_components
        from scipy.spatial import cKDTree

        near = cKDTree(mesh.vertices[first].astype(np.float64)).query_pairs(distance, output_type="ndarray")
        graph = coo_matrix((np.ones(len(near), np.int8), near.T), shape=(len(first), len(first)))
        _, group = connected_components(graph, directed=False)
        _, lead = np.unique(group, return_index=True)
        place = first[lead[group[label]]]
    if mesh.uv is None:
        return place
    row = np.column_stack([place.astype(np.float64), mesh.uv])
    _, lead, group = np.unique(row, axis=0, return_index=True, return_inverse=True)
    return lead[group.ravel()]


def _with_area(mesh: Mesh) -> NDArray[np.bool_]:
    from meshloom.nodes.mesh._surface import areas

    return areas(mesh.vertices, mesh.faces) > 0


def _first_of_each(faces: NDArray[np.int32]) -> NDArray[np.bool_]:
    """(F,) whether no earlier face has the same three corners."""
    corners = np.sort(faces, axis=1)
    order = np.lexsort((corners[:, 2], corners[:, 1], corners[:, 0]))
    ordered = corners[order]
    keep = np.ones(len(faces), bool)
    keep[order[1:]] = (ordered[1:] != ordered[:-1]).any(axis=1)
    return keep


def _without_fins(mesh: Mesh) -> Mesh:
    """At edges where faces do not pair up, all but the two largest faces go.

    Four faces that pair up, two running each way, are two closed pieces that touch along an edge: they stay.
    """
    from meshloom.nodes.mesh._parts import keep_faces
    from meshloom.nodes.mesh._surface import areas
    from meshloom.nodes.mesh._topology import edges, welded

    label, _ = welded(mesh.vertices)
    table = edges(label[mesh.faces])
    crowded = (table.uses > 2) & (table.balance != 0)
    if not crowded.any():
        return mesh
    edge, face = table.of_face.ravel(), np.repeat(np.arange(len(mesh.faces)), 3)
    here = np.flatnonzero(crowded[edge])
    order = here[np.lexsort((face[here], -areas(mesh.vertices, mesh.faces)[face[here]], edge[here]))]
    start = np.r_[True, edge[order][1:] != edge[order][:-1]]
    place = np.arange(len(order))
    rank = place - np.maximum.accumulate(np.where(start, place, 0))
    keep = np.ones(len(mesh.faces), bool)
    keep[face[order[rank >= 2]]] = False
    return keep_faces(mesh, keep)


def _oriented(mesh: Mesh) -> Mesh:
    """Neighbours agree; closed pieces enclose a positive volume, open ones keep the side most faces had."""
    from meshloom.kernels.geometry.signs import agree
    from meshloom.nodes.mesh._parts import with_faces
    from meshloom.nodes.mesh._surface import areas
    from meshloom.nodes.mesh._topology import edges, welded

    label, _ = welded(mesh.vertices)
    faces = label[mesh.faces]
    table = edges(faces)
    order = np.argsort(table.of_face.ravel(), kind="stable")
    edge = table.of_face.ravel()[order]
    upward = (faces < np.roll(faces, -1, axis=1)).ravel()[order]
    pair = np.flatnonzero((edge[1:] == edge[:-1]) & (table.uses[edge[1:]] == 2))
    owner = order // 3
    pairs = np.stack([owner[pair], owner[pair + 1]], axis=1)
    sign, piece = agree(pairs, upward[pair] != upward[pair + 1], np.ones(len(pair)), len(faces))
    corner = mesh.vertices[mesh.faces].astype(np.float64)
    corner -= corner.reshape(-1, 3).mean(axis=0)
    volume = np.einsum("ij,ij->i", corner[:, 0], np.cross(corner[:, 1], corner[:, 2]))
    count = int(piece.max()) + 1
    open_ = np.zeros(count, bool)
    open_[piece[(table.uses[table.of_face] != 2).any(axis=1)]] = True
    vote = np.where(open_[piece], sign * areas(mesh.vertices, mesh.faces), sign * volume)
    sign = sign * np.where(np.bincount(piece, weights=vote, minlength=count) < 0, -1, 1)[piece]
    return with_faces(mesh, np.where((sign < 0)[:, None], mesh.faces[:, ::-1], mesh.faces))
