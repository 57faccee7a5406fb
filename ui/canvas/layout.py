"""Places for nodes: in layers from left to right, as few crossings as a few sweeps find.

Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures" (1981), with
layers by longest path and barycentre ordering.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

from meshloom.graph_runtime.graph import NodeData, Position

if TYPE_CHECKING:
    import networkx as nx

GAP_X = 72.0
GAP_Y = 32.0
_WIDTH = 216.0
_HEIGHT = 200.0
_SWEEPS = 6
#: Room kept free for links that pass a layer, and how many such places there may be for each node.
_LANE = 24.0
#: How much more it matters that a lane is straight than that a node is beside its neighbours.
_STRAIGHT = 8.0
#: Where a node's first socket is, from its top.
_SOCKET = 48.0
_MOST_LANES = 4


def layered(
    nodes: Mapping[str, NodeData],
    placed: Mapping[str, Position] | None = None,
    sizes: Mapping[str, tuple[float, float]] | None = None,
) -> dict[str, Position]:
    """Places for all ``nodes``, starting at the corner of those in ``placed`` (or at the origin).

    ``sizes``: (width, height) by name. Links to nodes outside are ignored; a cycle is cut where it closes.
    """
    import networkx as nx  # a sixth of a second, which the start of the window need not pay

    digraph: nx.DiGraph[str] = nx.DiGraph()
    digraph.add_nodes_from(nodes)
    for name, data in nodes.items():
        digraph.add_edges_from((link.node, name) for link in data.links.values() if link.node in nodes)
    while not nx.is_directed_acyclic_graph(digraph):
        digraph.remove_edge(*nx.find_cycle(digraph)[-1][:2])
    sizes = sizes or {}
    parts = [
        _part(digraph.subgraph(part), list(nodes), sizes) for part in nx.weakly_connected_components(digraph)
    ]
    held = list((placed or {}).values())
    left = min((each[0] for each in held), default=0.0)
    # Beside what is there, not on it.
    top = max((each[1] for each in held), default=-_HEIGHT - GAP_Y) + _HEIGHT + GAP_Y
    places: dict[str, Position] = {}
    for (x, y), (inner, _size) in zip(_shelves([size for _inner, size in parts]), parts, strict=True):
        for name, place in inner.items():
            places[name] = (round(left + x + place[0]), round(top + y + place[1]))
    return places


def _part(
    digraph: nx.DiGraph[str], order: list[str], sizes: Mapping[str, tuple[float, float]]
) -> tuple[dict[str, Position], tuple[float, float]]:
    """Places of what hangs together, from (0, 0) on, and the size of it all."""
    import networkx as nx

    whole: nx.DiGraph[str] = nx.DiGraph()
    whole.add_nodes_from(name for name in order if name in digraph)
    whole.add_edges_from(digraph.edges)
    layers = _layers(whole)
    real = set(whole)
    _add_lanes(whole, layers)
    for sweep in range(_SWEEPS if len(layers) > 1 else 0):
        _order(whole, layers, down=sweep % 2 == 0)
    tops = _tops(whole, layers, {**sizes, **dict.fromkeys(set(whole) - real, (0.0, _LANE))})
    least = min(tops[name] for name in real)
    places: dict[str, Position] = {}
    x = 0.0
    for layer in layers:
        places.update({name: (x, tops[name] - least) for name in layer if name in real})
        x += max((sizes.get(name, (_WIDTH, 0))[0] for name in layer), default=_WIDTH) + GAP_X
    lowest = max(places[name][1] + sizes.get(name, (0, _HEIGHT))[1] for name in places)
    return places, (x - GAP_X, lowest)


def _tops(
    digraph: nx.DiGraph[str], layers: list[list[str]], sizes: Mapping[str, tuple[float, float]]
) -> dict[str, float]:
    """Upper edges: each as high as its neighbours, so that a chain is a straight line, in the order of its layer."""
    tops: dict[str, float] = {}
    offsets: dict[str, float] = {}
    for layer in layers:
        y = 0.0
        for name in layer:
            offsets[name] = y
            y += sizes.get(name, (0, _HEIGHT))[1] + GAP_Y
        for name in layer:
            tops[name] = offsets[name] - (y - GAP_Y) / 2
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        neighbours = digraph.pred if down else digraph.succ
        for layer in layers[1:] if down else layers[-2::-1]:
            wanted = []
            for name in layer:
                held = [(tops[each] + _lane_at(each), _weight(each)) for each in neighbours[name]]
                whole = sum(weight for _top, weight in held)
                mean = (
                    sum(top * weight for top, weight in held) / whole - _lane_at(name) if held else tops[name]
                )
                wanted.append(mean - offsets[name])
            for name, top in zip(layer, _rising(wanted, [_weight(name) for name in layer]), strict=True):
                tops[name] = top + offsets[name]
    return tops


def _lane_at(name: str) -> float:
    """How far below the upper edge of a node the lane of a link from it would begin."""
    return 0.0 if "/" in name else _SOCKET - _LANE / 2


def _weight(name: str) -> float:
    return _STRAIGHT if "/" in name else 1.0


def _rising(wanted: list[float], weights: list[float]) -> list[float]:
    """The nearest numbers, by least squares, none of which is below the one before (pool adjacent violators)."""
    pools: list[tuple[float, float, int]] = []
    for each, heavy in zip(wanted, weights, strict=True):
        mean, weight, count = each, heavy, 1
        while pools and pools[-1][0] > mean:
            before, held, some = pools.pop()
            mean = (mean * weight + before * held) / (weight + held)
            weight, count = weight + held, count + some
        pools.append((mean, weight, count))
    return [mean for mean, _weight, count in pools for _each in range(count)]


def _shelves(boxes: list[tuple[float, float]]) -> list[Position]:
    """Corners for boxes in rows, tall ones first, so that the whole is about as wide as a screen."""
    area = sum((width + GAP_X) * (height + 2 * GAP_Y) for width, height in boxes)
    widest = max(max((width for width, _height in boxes), default=0.0), (1.6 * area) ** 0.5)
    corners: list[Position] = [(0.0, 0.0)] * len(boxes)
    x = y = row = 0.0
    for index in sorted(range(len(boxes)), key=lambda each: -boxes[each][1]):
        width, height = boxes[index]
        if x > 0 and x + width > widest:
            x, y, row = 0.0, y + row + 2 * GAP_Y, 0.0
        corners[index] = (x, y)
        x += width + GAP_X
        row = max(row, height)
    return corners


def _layers(digraph: nx.DiGraph[str]) -> list[list[str]]:
    """By longest path from a source; a node that feeds only later layers moves up to just before them."""
    depth: dict[str, int] = {}
    import networkx as nx

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


def _add_lanes(digraph: nx.DiGraph[str], layers: list[list[str]]) -> None:
    """Give links that pass layers a place in each, so that they are not drawn behind what stands there.

    Links from one node share their places. Left out where there would be too many to be worth it.
    """
    level = {name: index for index, layer in enumerate(layers) for name in layer}
    far = {name: max((level[below] for below in digraph.succ[name]), default=level[name]) for name in digraph}
    if sum(max(0, far[name] - level[name] - 1) for name in far) > _MOST_LANES * len(far):
        return
    for name in list(digraph):
        first = level[name]
        beyond = [below for below in digraph.succ[name] if level[below] > first + 1]
        digraph.remove_edges_from([(name, below) for below in beyond])
        before = name
        for index in range(first + 1, far[name]):
            lane = f"{index}/{name}"  # no node's name has a slash
            layers[index].append(lane)
            digraph.add_edge(before, lane)
            digraph.add_edges_from((lane, below) for below in beyond if level[below] == index + 1)
            before = lane


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
