"""Agreeing on signs over a graph: which way faces or normals point."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def agree(
    pairs: NDArray[np.int64], same: NDArray[np.bool_], cost: NDArray[np.float64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give ``count`` items signs that agree along the cheapest tree of the graph.

    ``pairs``: (E, 2) neighbouring items. ``same``: (E,) whether the two should have one sign. ``cost``: (E,)
    how doubtful that is, > 0. Returns signs (count,) of 1 or -1 and the number of each item's component;
    within a component only the signs' ratio means something. (Hoppe et al., Surface reconstruction from
    unorganized points, 1992.)
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree

    flip = np.where(same, 1, -1)
    graph = coo_matrix((cost, (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    parts, component = connected_components(graph, directed=False)
    # One more item, joined to the first of every component, makes a single tree of the forest.
    _, first = np.unique(component, return_index=True)
    top = np.full(parts, count)
    tree = minimum_spanning_tree(graph.tocsr()).tocoo()
    rows, columns = np.concatenate([tree.row, top]), np.concatenate([tree.col, first])
    joined = coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(count + 1, count + 1)).tocsr()
    _, parent = breadth_first_order(joined, count, directed=False)
    parent = parent.astype(np.int64)
    parent[count] = count
    # The sign of the step from each item to its parent, then products up to the top by doubling the step.
    key = np.minimum(pairs[:, 0], pairs[:, 1]) * count + np.maximum(pairs[:, 0], pairs[:, 1])
    order = np.argsort(key, kind="stable")
    item = np.arange(count)
    below = parent[:-1] < count
    wanted = np.minimum(item, parent[:-1]) * count + np.maximum(item, parent[:-1])
    sign = np.ones(count + 1, np.int64)
    place = np.searchsorted(key[order], wanted[below])
    sign[:-1][below] = flip[order[place]]
    while (parent != count).any():
        sign = sign * sign[parent]
        parent = parent[parent]
    return sign[:-1], component.astype(np.int64)
