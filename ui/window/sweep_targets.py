"""What of a graph a sweep looks at: nodes with their outputs, and how they are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from meshloom.graph_runtime.graph import GROUP_PREFIX, GraphData
from meshloom.graph_runtime.spec import NodeSpec, Port
from meshloom.graph_runtime.types import SCALARS, Table
from meshloom.ui.fields.text import label
from meshloom.ui.words import _

#: Groups nest no deeper than this.
_DEEPEST = 32


@dataclass(frozen=True)
class Part:
    """An output of a target: how numbers of it are called, the node that has it and which of its outputs."""

    label: str
    path: str
    index: int
    port: Port


@dataclass(frozen=True)
class Target:
    """A node whose results are looked at."""

    name: str
    title: str
    parts: tuple[Part, ...]

    @property
    def has_pictures(self) -> bool:
        return any(not is_plain(part.port) for part in self.parts)


def is_plain(port: Port) -> bool:
    return port.wire.base in SCALARS.values() or port.wire.base is Table


def ends_of(graph: GraphData) -> list[str]:
    """The nodes that nothing is linked to, muted ones left out: what a run of everything gives."""
    used = {link.node for node in graph.nodes.values() for link in node.links.values()}
    return [name for name, node in graph.nodes.items() if name not in used and not node.mute]


def titles_of(graph: GraphData, catalog: Mapping[str, NodeSpec]) -> dict[str, str]:
    """What each node is called; with its name where others are called the same."""
    made = {}
    for name, node in graph.nodes.items():
        spec = catalog.get(node.type)
        plain = _(spec.title) if spec is not None else node.type.removeprefix(GROUP_PREFIX)
        made[name] = node.title or plain
    count = Counter(made.values())
    return {name: f"{title} ({name})" if count[title] > 1 else title for name, title in made.items()}


def targets_of(names: Iterable[str], graph: GraphData, catalog: Mapping[str, NodeSpec]) -> list[Target]:
    """Nodes of the graph with their outputs; those of a group are found inside it."""
    titles = titles_of(graph, catalog)
    return [_target(name, titles[name], graph, catalog) for name in names]


def _target(name: str, title: str, graph: GraphData, catalog: Mapping[str, NodeSpec]) -> Target:
    node = graph.nodes[name]
    found = list(_outputs(node.type, name, graph, catalog))
    parts = tuple(
        Part(name if len(found) == 1 else f"{name}.{outer}", path, index, port)
        for outer, path, index, port in found
    )
    return Target(name, title, parts)


def _outputs(
    type_: str, path: str, graph: GraphData, catalog: Mapping[str, NodeSpec], only: str = "", depth: int = 0
) -> Iterator[tuple[str, str, int, Port]]:
    group = graph.groups.get(type_.removeprefix(GROUP_PREFIX)) if type_.startswith(GROUP_PREFIX) else None
    spec = catalog.get(type_)
    if spec is not None:
        for index, port in enumerate(spec.outputs):
            if only in ("", port.name):
                yield port.name, path, index, port
    elif group is not None and depth < _DEEPEST:
        for outer, (inner, socket) in group.outputs.items():
            if only in ("", outer) and inner in group.nodes:
                held = group.nodes[inner].type
                for _name, place, index, port in _outputs(
                    held, f"{path}/{inner}", graph, catalog, socket, depth + 1
                ):
                    yield outer, place, index, port


def axis_label(place: str, titles: Mapping[str, str]) -> str:
    """``node.param`` as people read it: the node's title and the parameter's name."""
    name, _dot, param = place.partition(".")
    return f"{titles[name]} · {label(param)}"
