"""Places for nodes: in layers from left to right, as few crossings as a few sweeps find.

Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures" (1981), with
layers by longest path and barycentre ordering.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import networkx as nx

from meshloom.graph_runtime.graph import NodeData, Position

GAP_X = 64.0
GAP_Y = 28.0
_WIDTH = 216.0
_HEIGHT = 200.0
_SWEEPS = 6


def layered(
    nodes: Mapping[str, NodeData],
    placed: Mapping[str, Position] | None = None,
    sizes: Mapping[str, tuple[float, float]] | None = None,
) -> dict[str, Position]:
    """Places for all ``nodes``, starting at the corner of those in ``placed`` (or at the origin).

    ``sizes``: (width, height) by name. Links to nodes outside are ignored; a cycle is cut where it closes.
    """
    digraph: nx.DiGraph[str] = nx.DiGraph()
    digraph.add_nodes_from(nodes)
    for name, data in nodes.items():
        digraph.add_edges_from((link.node, name) for link in data.links.values() if link.node in nodes)
    while not nx.is_directed_acyclic_graph(digraph):
        digraph.remove_edge(*nx.find_cycle(digraph)[-1][:2])
    layers = _layers(digraph)
    for sweep in range(_SWEEPS):
        _order(digraph, layers, down=sweep % 2 == 0)
    sizes = sizes or {}
    held = list((placed or {}).values())
    x = min((each[0] for each in held), default=0.0)
    top = min((each[1] for each in held), default=0.0)
    if held:  # beside what is there, not on it
        top = max(each[1] for each in held) + _HEIGHT + GAP_Y
    heights = [sum(sizes.get(name, (0, _HEIGHT))[1] + GAP_Y for name in layer) - GAP_Y for layer in layers]
    tallest = max(heights, default=0.0)
    places: dict[str, Position] = {}
    for layer, height in zip(layers, heights, strict=True):
        y = top + (tallest - height) / 2
        for name in layer:
            places[name] = (round(x), round(y))
            y += sizes.get(name, (0, _HEIGHT))[1] + GAP_Y
        x += max((sizes.get(name, (_WIDTH, 0))[0] for name in layer), default=_WIDTH) + GAP_X
    return places


def _layers(digraph: nx.DiGraph[str]) -> list[list[str]]:
    """By longest path from a source; a node that feeds only later layers moves up to just before them."""
    depth: dict[str, int] = {}
    order = list(nx.topological_sort(digraph))
    for name in order:
        depth[name] = max((depth[above] + 1 for above in digraph.pred[name]), default=0)
    for name in reversed(order):
        below = [depth[each] for each in digraph.succ[name]]
        if below and not digraph.pred[name]:
            depth[name] = min(below) - 1
    layers: dict[int, list[str]] = defaultdict(list)
    for name in order:
        layers[depth[name]].append(name)
    return [layers[level] for level in sorted(layers)]


def _order(digraph: nx.DiGraph[str], layers: list[list[str]], down: bool) -> None:
    """Sort each layer by the mean place of its neighbours in the layers passed before."""
    neighbours = digraph.pred if down else digraph.succ
    place: dict[str, float] = {}
    for layer in layers if down else reversed(layers):

        def centre(name: str, held: dict[str, float] = place) -> float | None:
            known = [held[each] for each in neighbours[name] if each in held]
            return sum(known) / len(known) if known else None

        wanted = {name: centre(name) for name in layer}
        # A node without neighbours there keeps its place among the others.
        keys = {
            name: wanted[name] if wanted[name] is not None else (index + 0.5) / max(1, len(layer))
            for index, name in enumerate(layer)
        }
        layer.sort(key=lambda name: keys[name])
        for index, name in enumerate(layer):
            place[name] = (index + 0.5) / len(layer)
