"""Cutting a mesh into pieces small enough to be flattened one at a time.

xatlas takes seconds that grow with the square of the faces, holds the interpreter lock meanwhile and cannot be
stopped. Given pieces of a few hundred faces it grows linearly, and a run can be cancelled between two.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def neighbours(faces: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of faces that share an edge, (E,) and (E,)."""
    count = len(faces)
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    owner = np.tile(np.arange(count), 3)
    key = edges[:, 0] * (int(faces.max()) + 1) + edges[:, 1]
    order = np.argsort(key, kind="stable")
    key, owner = key[order], owner[order]
    same = key[1:] == key[:-1]
    return owner[:-1][same], owner[1:][same]


def smoothed(vertices: NDArray[np.float32], faces: NDArray[np.int64], rounds: int) -> NDArray[np.float32]:
    """Taubin smoothing (1995): noise goes, volume stays. (V, 3) float32."""
    from scipy.sparse import coo_matrix, diags

    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    rows, columns = np.concatenate([ends, ends[:, ::-1]]).T
    count = len(vertices)
    links = coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(count, count)).tocsr()
    links.data[:] = 1.0
    mean = diags(1.0 / np.maximum(np.asarray(links.sum(axis=1)).ravel(), 1.0)) @ links
    alone = np.diff(links.indptr) == 0
    moved = vertices.astype(np.float64)
    for _ in range(rounds):
        for factor in (0.5, -0.53):
            moved = moved + factor * (mean @ moved - moved)
            moved[alone] = vertices[alone]
    return moved.astype(np.float32)


def pieces(vertices: NDArray[np.float32], faces: NDArray[np.int64], at_most: int) -> list[NDArray[np.int64]]:
    """Face numbers of compact, connected, fairly flat pieces of about ``at_most`` faces.

    Big components are split into Voronoi cells of the face graph, where a step over a bend is longer than one
    over flat ground, after two rounds of Lloyd's relaxation. Small components share pieces.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    first, second = neighbours(faces)
    corners = vertices[faces].astype(np.float64)
    centre = corners.mean(axis=1)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-30)
    step = np.linalg.norm(centre[first] - centre[second], axis=1)
    bend = 1.0 - np.einsum("ij,ij->i", normal[first], normal[second])
    length = step * (1.0 + 2.0 * bend) + 1e-12 * (1.0 + float(np.abs(centre).max()))
    count = len(faces)
    graph = coo_matrix((length, (first, second)), shape=(count, count)).tocsr()
    _, component = connected_components(graph, directed=False)
    sizes = np.bincount(component)
    found: list[NDArray[np.int64]] = []
    order = np.argsort(component, kind="stable")
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    shared: list[NDArray[np.int64]] = []
    for index, size in enumerate(sizes):
        members = order[bounds[index] : bounds[index + 1]]
        if size > at_most:
            found += _split(graph[members][:, members], members, centre[members], normal[members], at_most)
            continue
        shared.append(members)
        if sum(len(part) for part in shared) >= at_most:
            found.append(np.sort(np.concatenate(shared)))
            shared = []
    if shared:
        found.append(np.sort(np.concatenate(shared)))
    return found


def _split(graph, members, centre, normal, at_most) -> list[NDArray[np.int64]]:  # type: ignore[no-untyped-def]
    from scipy.sparse.csgraph import dijkstra

    spread = np.linalg.norm(centre - centre.mean(axis=0), axis=1).mean()
    place = np.hstack([centre / max(float(spread), 1e-30), 0.5 * normal])
    seeds = [0]
    distance = np.linalg.norm(place - place[0], axis=1)
    for _ in range(-(-len(members) // at_most) - 1):
        seeds.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(place - place[seeds[-1]], axis=1))
    for round_ in range(3):
        seeds = sorted(set(seeds))
        _, _, source = dijkstra(graph, directed=False, indices=seeds, min_only=True, return_predecessors=True)
        groups = [np.flatnonzero(source == seed) for seed in seeds]
        if round_ < 2:
            seeds = [
                int(group[np.linalg.norm(centre[group] - centre[group].mean(axis=0), axis=1).argmin()])
                for group in groups
            ]
    return [members[group] for group in groups]
