"""An engine over small nodes made for testing (sample_nodes/), and graphs of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

import pytest

from meshloom.graph_runtime.catalog import Catalog, find_nodes
from meshloom.graph_runtime.engine import Engine, open_cache
from meshloom.graph_runtime.events import Event, NodeDone
from meshloom.graph_runtime.graph import GraphData, Link, NodeData
from meshloom.graph_runtime.outcome import Outcome

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


class Children:
    """Runs in processes of their own (child.py), which can be killed at any moment."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("child.py"))], stdin=subprocess.PIPE, text=True
        )
        self._count = 0

    def start(self, cache: Path | None, **job: Any) -> TextIO:
        """Begin a run; what it says is read from the file returned, which ends when the process does."""
        self._count += 1
        fifo = self._folder / f"said-{self._count}"
        os.mkfifo(fifo)
        fifo.chmod(0o666)
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps({"cache": str(cache or ""), "said": str(fifo), **job}) + "\n")
        self._server.stdin.flush()
        return fifo.open()

    def run(self, cache: Path | None, **job: Any) -> list[str]:
        """A run to its end; every line it says."""
        with self.start(cache, **job) as said:
            return said.read().splitlines()

    def close(self) -> None:
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait(20)


@pytest.fixture(scope="module")
def children(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Children]:
    folder = tmp_path_factory.mktemp("children")
    folder.chmod(0o755)
    made = Children(folder)
    yield made
    made.close()
