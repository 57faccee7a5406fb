"""Groups opened, bypassed nodes stepped over, muted nodes left out: what remains are plain nodes and links.

Iterative throughout, so that neither a long chain nor deep nesting meets Python's recursion limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from meshloom.graph_runtime.errors import Problem, RequestError
from meshloom.graph_runtime.graph import GROUP_PREFIX, GraphData, GroupData, NodeData
from meshloom.graph_runtime.spec import NodeSpec, Wire

#: More nodes than this after opening all groups is taken for a mistake (or an attack).
MOST_NODES = 200_000

Specs = Mapping[str, NodeSpec]


@dataclass(slots=True)
class FlatNode:
    """A plain node with its path (``group/node``), its own parameters, and its links by input."""

    name: str
    type: str
    params: dict[str, Any]
    links: dict[str, tuple[str, str]]
    mute: bool
    bypass: bool


@dataclass(slots=True)
class Flat:
    """The flattened graph. ``groups``: instances by path, each with the group it is of."""

    nodes: dict[str, FlatNode] = field(default_factory=dict)
    groups: dict[str, tuple[GroupData, FlatNode]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def flatten(graph: GraphData) -> Flat:
    """Open every group of ``graph``. Links still name group instances and bypassed nodes: see ``Resolver``.

    Raises :class:`RequestError` where that gives more than :data:`MOST_NODES` nodes.
    """
    flat = Flat()
    waiting = [_Opened("", graph.nodes)]
    while waiting:
        opened = waiting.pop()
        prefix, overrides, outside, around = opened.prefix, opened.params, opened.links, opened.around
        for name, node in opened.nodes.items():
            path = prefix + name
            links = {socket: (prefix + link.node, link.output) for socket, link in node.links.items()}
            links.update(outside.get(name, {}))
            params = {**node.params, **overrides[name]} if name in overrides else dict(node.params)
            mute, bypass = node.mute or opened.mute, node.bypass or opened.bypass
            flat_node = FlatNode(path, node.type, params, links, mute, bypass)
            if not node.type.startswith(GROUP_PREFIX):
                flat.nodes[path] = flat_node
                continue
            group_name = node.type[len(GROUP_PREFIX) :]
            group = graph.groups.get(group_name)
            if group is None:
                flat.problems.append(Problem(path, f"is of group {group_name!r}, which the workflow lacks"))
                flat.nodes[path] = flat_node
                continue
            if group_name in around:
                flat.problems.append(Problem(path, f"group {group_name!r} holds itself"))
                flat.nodes[path] = flat_node
                continue
            flat.groups[path] = group, flat_node
            if len(flat.nodes) + len(flat.groups) > MOST_NODES:
                top = path.partition("/")[0]
                raise RequestError(Problem(top, f"opening its groups gives more than {MOST_NODES} nodes"))
            inner_params, inner_links = _handed_down(flat, path, group, flat_node)
            inside = around | {group_name}
            waiting.append(_Opened(path + "/", group.nodes, inner_params, inner_links, inside, mute, bypass))
    return flat


_Outside = dict[str, dict[str, tuple[str, str]]]


@dataclass(slots=True)
class _Opened:
    """A scope to be flattened: its nodes, what the instance around it gives them, and the groups around it."""

    prefix: str
    nodes: Mapping[str, NodeData]
    params: dict[str, dict[str, Any]] = field(default_factory=dict)
    links: _Outside = field(default_factory=dict)
    around: frozenset[str] = frozenset()
    mute: bool = False
    bypass: bool = False


def _handed_down(
    flat: Flat, path: str, group: GroupData, node: FlatNode
) -> tuple[dict[str, dict[str, Any]], _Outside]:
    """What a group instance gives the nodes inside: promoted parameters, and its own links.

    A promoted parameter takes a link as a parameter does.
    """

    def ends(outer: str, kind: str, found: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
        if outer not in group.params and (kind == "parameter" or outer not in group.inputs):
            flat.problems.append(Problem(f"{path}.{outer}", f"the group has no such {kind}"))
        for inner, socket in found:
            if inner in group.nodes:
                yield inner, socket
            else:
                flat.problems.append(
                    Problem(f"{path}.{outer}", f"leads to {inner!r} inside, which the group lacks")
                )

    params: dict[str, dict[str, Any]] = {}
    for outer, held in node.params.items():
        promoted = [group.params[outer]] if outer in group.params else []
        for inner, name in ends(outer, "parameter", promoted):
            params.setdefault(inner, {})[name] = held
    links: _Outside = {}
    for outer, source in node.links.items():
        promoted = [group.params[outer]] if outer in group.params else []
        for inner, socket in ends(outer, "input", group.inputs.get(outer) or promoted):
            links.setdefault(inner, {})[socket] = source
    return params, links


class Resolver:
    """Follows a link back to the plain node that makes the value."""

    def __init__(self, flat: Flat, specs: Specs) -> None:
        self._flat = flat
        self._specs = specs
        self._found: dict[tuple[str, str], tuple[str, str] | Problem | None] = {}

    def source(self, node: str, output: str) -> tuple[str, str] | Problem | None:
        """(node, output) that makes the value; ``None`` if it is muted away; a problem if it leads nowhere."""
        seen: set[tuple[str, str]] = set()
        end: tuple[str, str] | Problem | None = (node, output)
        while isinstance(end, tuple) and end not in self._found:
            if end in seen:
                end = Problem(end[0], "leads back to itself through bypassed nodes")
                break
            seen.add(end)
            step = self._step(*end)
            if step == end:
                break
            end = step
        if isinstance(end, tuple):
            end = self._found.get(end, end)
        # Remembered for all that was passed, or many links into one long chain of bypassed nodes are quadratic.
        self._found.update(dict.fromkeys(seen, end))
        return end

    def _step(self, node: str, output: str) -> tuple[str, str] | Problem | None:
        if node in self._flat.groups:
            group, instance = self._flat.groups[node]
            if instance.mute:
                return None
            if output not in group.outputs:
                return Problem(node, f"has no output {output!r}")
            if instance.bypass:
                return self._through_group(node, group, instance, output)
            inner, inner_output = group.outputs[output]
            return f"{node}/{inner}", inner_output
        made = self._flat.nodes.get(node)
        if made is None:
            return Problem(node, "is not in the graph")
        if made.mute:
            return None
        spec = self._specs.get(made.type)
        if not made.bypass or spec is None:
            return node, output
        port = spec.output(output)
        if port is None:
            return Problem(node, f"has no output {output!r}")
        for candidate in spec.inputs:
            if candidate.wire == port.wire:
                return made.links.get(candidate.name)
        return None

    def _through_group(
        self, node: str, group: GroupData, instance: FlatNode, output: str
    ) -> tuple[str, str] | None:
        wanted = self._wire(node, group.outputs[output], outgoing=True)
        for outer, targets in group.inputs.items():
            if targets and wanted is not None and self._wire(node, targets[0], outgoing=False) == wanted:
                return instance.links.get(outer)
        return None

    def _wire(self, path: str, place: tuple[str, str], outgoing: bool) -> Wire | None:
        """The type of a socket inside a group, however deep it is nested."""
        name, socket = f"{path}/{place[0]}", place[1]
        while name in self._flat.groups:
            group, _ = self._flat.groups[name]
            inner = group.outputs.get(socket) if outgoing else next(iter(group.inputs.get(socket, ())), None)
            if inner is None:
                return None
            name, socket = f"{name}/{inner[0]}", inner[1]
        made = self._flat.nodes.get(name)
        spec = self._specs.get(made.type) if made is not None else None
        if spec is None:
            return None
        port = spec.output(socket) if outgoing else spec.input(socket)
        return port.wire if port is not None else None
