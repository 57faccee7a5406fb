"""How the faces of a mesh hang together.

Vertices at exactly the same position count as one here: a texture seam doubles vertices without cutting the
surface.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def welded(vertices: NDArray[np.float32]) -> tuple[Ints, Ints]:
    """Number the distinct positions.

    Returns ``(label, first)``: ``label`` (V,) is the number of each vertex's position, ``first`` (P,) the
    first vertex at each position; positions are numbered in the order of their first vertex.
    """
    count = len(vertices)
    if not count:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    position = vertices + np.float32(0.0)  # turns -0.0 into 0.0
    order = np.lexsort((position[:, 2], position[:, 1], position[:, 0]))
    ordered = position[order]
    new = np.ones(count, bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    group = np.cumsum(new) - 1
    # lexsort is stable, so the first of a group is its lowest vertex number.
    first = order[new]
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    label = np.empty(count, np.int64)
    label[order] = rank[group]
    return label, np.sort(first)


def proper(faces: Ints) -> NDArray[np.bool_]:
    """(F,) whether the three corners differ."""
    return (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])


@dataclass(frozen=True)
class Edges:
    """The undirected edges of (F, 3) faces.

    ``ends``: (E, 2), lower number first. ``of_face``: (F, 3) the edge from each corner to the next.
    ``uses``: (E,) how many faces have it. ``balance``: (E,) how often it runs upwards minus downwards.
    """

    ends: Ints
    of_face: Ints
    uses: Ints
    balance: Ints


def edges(faces: Ints) -> Edges:
    """The edges of ``faces`` (F, 3)."""
    if not len(faces):
        none = np.zeros(0, np.int64)
        return Edges(none.reshape(0, 2), none.reshape(0, 3), none, none)
    start = faces.astype(np.int64).ravel()
    end = np.roll(faces.astype(np.int64), -1, axis=1).ravel()
    low, high = np.minimum(start, end), np.maximum(start, end)
    span = int(high.max()) + 1
    key, of_face, uses = np.unique(low * span + high, return_inverse=True, return_counts=True)
    balance = np.bincount(of_face, weights=np.sign(end - start), minlength=len(key)).astype(np.int64)
    return Edges(
        np.stack([key // span, key % span], axis=1), of_face.reshape(-1, 3), uses.astype(np.int64), balance
    )


def components(faces: Ints, count: int) -> Ints:
    """(F,) the number of each face's connected component: faces that share a vertex belong together."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    if not len(faces):
        return np.zeros(0, np.int64)
    rows = np.concatenate([faces[:, 0], faces[:, 0]])
    columns = np.concatenate([faces[:, 1], faces[:, 2]])
    graph = coo_matrix((np.ones(len(rows), np.int8), (rows, columns)), shape=(count, count))
    _, of_vertex = connected_components(graph, directed=False)
    _, label = np.unique(of_vertex[faces[:, 0]], return_inverse=True)
    return label.astype(np.int64)


@dataclass(frozen=True)
class Shape:
    """What the faces amount to. ``euler`` is V - E + F over the vertices in use."""

    vertices: int
    edges: int
    faces: int
    components: int
    boundary_edges: int
    crowded_edges: int
    torn_edges: int
    pinched_vertices: int

    @property
    def euler(self) -> int:
        return self.vertices - self.edges + self.faces

    @property
    def manifold(self) -> bool:
        """No edge in more than two faces, and the faces around each vertex form one fan."""
        return self.faces > 0 and not self.crowded_edges and not self.pinched_vertices

    @property
    def oriented(self) -> bool:
        """Neighbouring faces agree which side is outside."""
        return not self.torn_edges

    @property
    def watertight(self) -> bool:
        """Every edge joins exactly two faces that agree which side is outside."""
        return self.faces > 0 and not (self.boundary_edges or self.crowded_edges or self.torn_edges)


def shape(faces: Ints, count: int) -> Shape:
    """Measure the connectivity of (F, 3) welded, proper faces over ``count`` vertices."""
    table = edges(faces)
    return Shape(
        vertices=len(np.unique(faces)),
        edges=len(table.ends),
        faces=len(faces),
        components=len(np.unique(components(faces, count))),
        boundary_edges=int((table.uses == 1).sum()),
        crowded_edges=int((table.uses > 2).sum()),
        torn_edges=int(((table.uses == 2) & (table.balance != 0)).sum()),
        pinched_vertices=_pinched(faces, table),
    )


def _pinched(faces: Ints, table: Edges) -> int:
    """How many vertices join two fans of faces that share no edge there."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    if not len(faces):
        return 0
    # Corners (face, vertex) are linked where two faces share an edge at that vertex; fans are what is linked.
    corner = np.arange(3 * len(faces)).reshape(-1, 3)
    after = np.roll(corner, -1, axis=1)
    edge = np.concatenate([table.of_face.ravel(), table.of_face.ravel()])
    at = np.concatenate([corner.ravel(), after.ravel()])
    vertex = faces.ravel()[at]
    order = np.lexsort((vertex, edge))
    edge, at, vertex = edge[order], at[order], vertex[order]
    same = (edge[1:] == edge[:-1]) & (vertex[1:] == vertex[:-1])
    links = (at[:-1][same], at[1:][same])
    size = corner.size
    graph = coo_matrix((np.ones(len(links[0]), np.int8), links), shape=(size, size))
    fans, of_corner = connected_components(graph, directed=False)
    fan_vertex = np.empty(fans, np.int64)
    fan_vertex[of_corner] = faces.ravel()
    return int((np.bincount(fan_vertex) > 1).sum())
