"""An engine over small nodes made for testing (sample_nodes/), and graphs of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from meshloom.graph_runtime.catalog import Catalog, find_nodes
from meshloom.graph_runtime.engine import Engine, open_cache
from meshloom.graph_runtime.events import Event, NodeDone
from meshloom.graph_runtime.graph import GraphData, Link, NodeData
from meshloom.graph_runtime.run import Outcome

SAMPLE_NODES = Path(__file__).parent / "sample_nodes"


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return find_nodes(SAMPLE_NODES, packs=False)


@pytest.fixture
def make_engine(catalog: Catalog, tmp_path: Path) -> Iterator[Callable[..., Engine]]:
    """Engines over one cache folder: a second one stands for a restarted process."""
    made: list[Engine] = []

    def make(disk: bool = True, memory: int = 256 << 20, folder: Path | None = None) -> Engine:
        engine = Engine(catalog, open_cache((folder or tmp_path / "cache") if disk else None, memory), 2)
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.cache.close()


@pytest.fixture
def engine(make_engine: Callable[..., Engine]) -> Engine:
    return make_engine()


def graph(**nodes: tuple[Any, ...]) -> GraphData:
    """``graph(a=("t.number", {"value": 1}), b=("t.add", {}, {"a": "a", "b": "a"}))``; a link names a node, or
    ``node.output``; the output defaults to ``value``."""
    made = {}
    for name, (type_, *rest) in nodes.items():
        params = rest[0] if rest else {}
        links = {}
        for socket, text in (rest[1] if len(rest) > 1 else {}).items():
            source, _, output = text.partition(".")
            links[socket] = Link(source, output or "value")
        made[name] = NodeData(type_, params, links)
    return GraphData(made)


class Ran:
    """One run: its outcome, events and values by node."""

    def __init__(self, engine: Engine, data: GraphData, **options: Any) -> None:
        self.engine = engine
        self.events: list[Event] = []
        targets = options.pop("targets", None)
        self.plan = engine.plan(data, targets, options.pop("folder", None))
        self.outcome: Outcome = engine.run(self.plan, self.events.append, **options)

    def value(self, node: str, output: int = 0) -> Any:
        return self.engine.value(self.outcome.outputs[node][output])

    @property
    def computed(self) -> set[str]:
        """The nodes that computed anything."""
        return {name for name, event in self.outcome.done.items() if event.computed}

    def done(self, node: str) -> NodeDone:
        return self.outcome.done[node]
