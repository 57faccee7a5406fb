"""Benchmarks print figures beside a floor measured in the same run; they are not part of `make test`."""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

import pytest

from meshloom.graph_runtime.catalog import Catalog, find_nodes
from meshloom.graph_runtime.graph import GraphData, Link, NodeData

SAMPLE_NODES = Path(__file__).parents[1] / "graph_runtime" / "sample_nodes"


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return find_nodes(SAMPLE_NODES, packs=False)


def median_ms(work: Callable[[], object], runs: int = 5) -> float:
    """The median wall time of ``work``, in milliseconds."""
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        work()
        times.append((time.perf_counter() - begun) * 1e3)
    return sorted(times)[runs // 2]


def layered(count: int, seed: int = 0, width: int = 20) -> GraphData:
    """``width`` sources, then layers in which each node reads two of the layer before."""
    nodes = {}
    for index in range(count):
        if index < width:
            nodes[f"n{index}"] = NodeData("t.number", {"value": index + seed})
            continue
        above = (index // width - 1) * width
        nodes[f"n{index}"] = NodeData(
            "t.add",
            {"plus": index},
            {
                "a": Link(f"n{above + index % width}", "value"),
                "b": Link(f"n{above + (index * 7 + 3) % width}", "value"),
            },
        )
    return GraphData(nodes)


def chain(count: int) -> GraphData:
    """Each node reads the one before it, twice."""
    nodes = {"n0": NodeData("t.number", {"value": 1})}
    for index in range(1, count):
        link = Link(f"n{index - 1}", "value")
        nodes[f"n{index}"] = NodeData("t.add", {"plus": -index}, {"a": link, "b": link})
    return GraphData(nodes)


def tree(count: int) -> GraphData:
    """Each node reads its two children."""
    nodes = {}
    for index in range(count):
        left, right = 2 * index + 1, 2 * index + 2
        if right < count:
            links = {"a": Link(f"n{left}", "value"), "b": Link(f"n{right}", "value")}
            nodes[f"n{index}"] = NodeData("t.add", {"plus": index}, links)
        else:
            nodes[f"n{index}"] = NodeData("t.number", {"value": index})
    return GraphData(nodes)


def floor_ms(graph: GraphData) -> float:
    """The floor: one networkx topological pass that gives each node blake2b(type, parameters, parents)."""
    import networkx as nx

    def work() -> None:
        digraph = nx.DiGraph()
        digraph.add_nodes_from(graph.nodes)
        digraph.add_edges_from(
            (link.node, name) for name, node in graph.nodes.items() for link in node.links.values()
        )
        keys: dict[str, bytes] = {}
        for name in nx.topological_sort(digraph):
            node = graph.nodes[name]
            hasher = blake2b(repr((node.type, sorted(node.params.items()))).encode(), digest_size=20)
            for parent in digraph.pred[name]:
                hasher.update(keys[parent])
            keys[name] = hasher.digest()

    return median_ms(work)


class Figures:
    """Collects rows and prints them as one table at the end."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, float, float, float]] = []

    def add(self, what: str, got: float, target: float = float("inf"), floor: float = 0.0) -> None:
        self.rows.append((what, got, target, floor))

    def show(self) -> None:
        print(f"\n{'what':<62}{'got':>11}{'target':>10}{'floor':>9}{'x floor':>9}")
        for what, got, target, floor in self.rows:
            ratio = f"{got / floor:.1f}" if floor else ""
            shown = f"{floor:.1f}" if floor else ""
            mark = "" if got <= target else "   over"
            aim = f"{target:g}" if target != float("inf") else ""
            print(f"{what:<62}{got:>11.2f}{aim:>10}{shown:>9}{ratio:>9}{mark}")


@pytest.fixture(scope="session")
def figures() -> Figures:
    held = Figures()
    yield held  # type: ignore[misc]
    held.show()
