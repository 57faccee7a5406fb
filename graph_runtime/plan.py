"""From a snapshot and targets to what must be computed, in order, with every problem found at once.

The whole graph is checked, not only what the targets need; but a fault elsewhere does not stop a good target.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from meshloom.graph_runtime.errors import Problem, RequestError
from meshloom.graph_runtime.flatten import Flat, FlatNode, Resolver, flatten
from meshloom.graph_runtime.graph import GraphData
from meshloom.graph_runtime.keys import Keys, Static, path_of
from meshloom.graph_runtime.params import check_param, in_short
from meshloom.graph_runtime.spec import NodeSpec, Param, Wire
from meshloom.graph_runtime.types import CONVERSIONS, SCALARS

#: The scalar a parameter of each kind can be fed by through a link.
LINKABLE = {"int": int, "float": float, "bool": bool, "str": str, "choice": str, "path": str}

#: Problems of one plan that say what was probably meant.
_MOST_HINTS = 50


@dataclass(slots=True)
class Source:
    """Where an input's value comes from, and how it is handed over.

    ``each``: the input takes one value and gets a list, so the node runs per item. ``wrap``: the input takes
    a list and gets one value.
    """

    node: str
    index: int
    each: bool = False
    wrap: bool = False
    convert: Callable[[Any], Any] | None = None


@dataclass(slots=True)
class PlanNode:
    """One node to compute. ``many``: it runs per item of the list that feeds it."""

    name: str
    spec: NodeSpec
    params: dict[str, Any]
    static: Static
    sources: dict[str, Source]
    many: bool
    order: int = 0


@dataclass(slots=True)
class Plan:
    """What is needed for the targets, in topological order, and what is wrong elsewhere."""

    nodes: dict[str, PlanNode] = field(default_factory=dict)
    targets: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    #: Nodes that will not run because they or something they need is muted.
    muted: dict[str, str] = field(default_factory=dict)


def plan(
    graph: GraphData,
    specs: Mapping[str, NodeSpec],
    keys: Keys,
    targets: Sequence[str] | None = None,
    folder: Path | None = None,
) -> Plan:
    """Plan ``targets`` (all sinks when ``None``). Raises :class:`RequestError` if no target can run, or one
    asked for by name cannot.

    ``folder``: relative paths in parameters are relative to it.
    """
    return _Planner(graph, specs, keys, folder or Path.cwd()).plan(targets)


class _Planner:
    def __init__(self, graph: GraphData, specs: Mapping[str, NodeSpec], keys: Keys, folder: Path) -> None:
        self.specs = specs
        self.keys = keys
        self.folder = folder
        self.flat: Flat = flatten(graph)
        self.resolver = Resolver(self.flat, specs)
        self.problems: list[Problem] = list(self.flat.problems)
        #: Nodes that cannot run, with the reason that a node depending on them would give.
        self.broken: dict[str, str] = {
            problem.where.partition(".")[0]: problem.message for problem in self.flat.problems
        }
        self._break_inside()
        self.hints = 0
        self.muted: dict[str, str] = {}
        self.links: dict[str, dict[str, tuple[str, int]]] = {}

    def plan(self, targets: Sequence[str] | None) -> Plan:
        for node in self.flat.nodes.values():
            self._check_node(node)
        order = self._order()
        nodes = self._type_check(order)
        chosen = self._targets(targets)
        needed = self._needed(chosen, nodes)
        made = Plan(targets=chosen, problems=self.problems, muted=self.muted)
        for index, name in enumerate(name for name in order if name in needed):
            nodes[name].order = index
            made.nodes[name] = nodes[name]
        return made

    def _break_inside(self) -> None:
        """What is wrong with a group instance keeps the nodes inside from running."""
        groups = self.broken.keys() & self.flat.groups.keys()
        for name in self.flat.nodes if groups else ():
            parts = name.split("/")
            for end in range(1, len(parts)):
                around = "/".join(parts[:end])
                if around in groups:
                    self.broken.setdefault(name, self.broken[around])

    def _problem(self, node: str, socket: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(f"{node}.{socket}" if socket else node, message, hint))
        self.broken.setdefault(node, message)

    # ------------------------------------------------------------------------------- one node by itself

    def _check_node(self, node: FlatNode) -> None:
        if node.mute:
            self.muted[node.name] = "it is muted"
            return
        spec = self.specs.get(node.type)
        if spec is None:
            if node.name not in self.broken:
                why = getattr(self.specs, "broken", {}).get(node.type, "")  # what a Catalog could not load
                self._problem(
                    node.name,
                    "",
                    why or f"no node is called {in_short(node.type)}",
                    "fix or remove the file" if why else self._suggest(node.type, self.specs),
                )
            return
        if node.bypass:
            return
        links: dict[str, tuple[str, int]] = {}
        for socket, (source, output) in node.links.items():
            if spec.input(socket) is None and spec.param(socket) is None:
                names = [port.name for port in spec.inputs] + [param.name for param in spec.params]
                self._problem(node.name, socket, f"{spec.id} has no such input", self._suggest(socket, names))
                continue
            found = self.resolver.source(source, output)
            if isinstance(found, Problem):
                self._problem(node.name, socket, f"is linked to {found.where}, which {found.message}")
            elif found is not None:
                self._link(node, socket, links, found)
        for port in spec.inputs:
            if port.required and port.name not in node.links:
                self._problem(
                    node.name,
                    port.name,
                    f"is not connected; expected {_article(port.wire.name)}",
                    f"link it: {_makers(port.wire, self.specs)}",
                )
            elif port.required and port.name not in links and node.name not in self.broken:
                self.muted[node.name] = f"its input {port.name} comes from a muted node"
        self.links[node.name] = links

    def _link(
        self, node: FlatNode, socket: str, links: dict[str, tuple[str, int]], found: tuple[str, str]
    ) -> None:
        source, output = found
        made = self.specs.get(self.flat.nodes[source].type)
        if made is None:
            self.broken.setdefault(node.name, f"{source} is unknown")
            links[socket] = (source, 0)
            return
        for index, port in enumerate(made.outputs):
            if port.name == output:
                links[socket] = (source, index)
                return
        names = [port.name for port in made.outputs]
        self._problem(
            node.name,
            socket,
            f"is linked to {source}.{output}, which does not exist",
            self._suggest(output, names),
        )

    # ------------------------------------------------------------------------------------- order, types

    def _order(self) -> list[str]:
        import networkx as nx

        digraph: nx.DiGraph[str] = nx.DiGraph()
        digraph.add_nodes_from(self.links)
        digraph.add_edges_from(
            (source, name) for name, links in self.links.items() for source, _ in links.values()
        )
        try:
            return list(nx.topological_sort(digraph))
        except nx.NetworkXUnfeasible:
            pass
        cyclic: list[str] = []
        for component in list(nx.strongly_connected_components(digraph)):
            if len(component) > 1 or any(digraph.has_edge(name, name) for name in component):
                self._cycle(digraph.subgraph(component))
                cyclic += component
        digraph.remove_nodes_from(cyclic)
        return [*sorted(cyclic), *nx.topological_sort(digraph)]

    def _cycle(self, part: Any) -> None:
        import networkx as nx

        path = [edge[0] for edge in nx.find_cycle(part)]
        shown = " -> ".join([*path[:8], "..." if len(path) > 8 else path[0]])
        for name in part:
            self.broken.setdefault(name, "is part of a cycle")
        self._problem(path[0], "", f"is part of a cycle: {shown}", "remove one of these links")

    def _type_check(self, order: Iterable[str]) -> dict[str, PlanNode]:
        """Types in topological order, since running per item turns outputs into lists."""
        nodes: dict[str, PlanNode] = {}
        for name in order:
            links = self.links.get(name)
            if links is None:
                continue
            for source, _ in list(links.values()):
                if source in self.muted:
                    if name not in self.muted and name not in self.broken:
                        self._mute_below(name, source, links)
                elif source not in nodes:
                    self.broken.setdefault(name, f"needs {source}, which cannot run")
            if name in self.broken or name in self.muted:
                self._check_params(self.flat.nodes[name], {})
                continue
            made = self._plan_node(self.flat.nodes[name], links, nodes)
            if name not in self.broken:
                nodes[name] = made
        return nodes

    def _mute_below(self, name: str, source: str, links: dict[str, tuple[str, int]]) -> None:
        spec = self.specs[self.flat.nodes[name].type]
        for socket in [socket for socket, (other, _) in links.items() if other == source]:
            port = spec.input(socket)
            if port is not None and port.required:
                self.muted[name] = f"it needs {source}, which does not run: {self.muted[source]}"
            else:
                del links[socket]

    def _plan_node(
        self, node: FlatNode, links: dict[str, tuple[str, int]], nodes: dict[str, PlanNode]
    ) -> PlanNode:
        spec = self.specs[node.type]
        sources: dict[str, Source] = {}
        for socket, (source, index) in links.items():
            maker = nodes.get(source)
            if maker is None:
                continue
            wire = maker.spec.outputs[index].wire
            if maker.many:
                if wire.many:
                    self._problem(node.name, socket, f"would get a list of lists from {source}")
                    continue
                wire = Wire(wire.base, many=True)
            made = self._source(node.name, spec, socket, source, index, wire)
            if made is not None:
                sources[socket] = made
        params = self._check_params(node, sources)
        static, problems = (
            (Static(b"", {}), []) if node.name in self.broken else self.keys.static(spec, params)
        )
        for problem in problems:
            self._problem(node.name, problem.where, problem.message, problem.hint)
        many = any(source.each for source in sources.values())
        return PlanNode(node.name, spec, params, static, sources, many)

    def _source(
        self, name: str, spec: NodeSpec, socket: str, source: str, index: int, wire: Wire
    ) -> Source | None:
        port = spec.input(socket)
        if port is not None:
            wanted = port.wire
        else:
            param = spec.param(socket)
            base = LINKABLE.get(param.kind) if param is not None else None
            if base is None:
                self._problem(name, socket, "this parameter takes no link")
                return None
            wanted = Wire(base)
        fits, convert = fit(wire.base, wanted.base)
        if not fits:
            self._problem(
                name,
                socket,
                f"is linked to {source}, which gives {wire.name}; expected {wanted.name}",
                _converters(wire, wanted, self.specs),
            )
            return None
        return Source(source, index, wire.many and not wanted.many, wanted.many and not wire.many, convert)

    def _check_params(self, node: FlatNode, linked: Mapping[str, Any]) -> dict[str, Any]:
        spec = self.specs[node.type]
        params: dict[str, Any] = {}
        for name in node.params:
            if spec.param(name) is None:
                self._problem(
                    node.name,
                    name,
                    f"{spec.id} has no such parameter",
                    self._suggest(name, [param.name for param in spec.params]),
                )
        for param in spec.params:
            if param.name in linked:
                continue
            params[param.name] = self._checked(node, param)
        return params

    def _checked(self, node: FlatNode, param: Param) -> Any:
        if param.name not in node.params:
            return param.default
        try:
            held = check_param(param, node.params[param.name])
        except ValueError as error:
            self._problem(node.name, param.name, str(error))
            return param.default
        return path_of(held, self.folder) if param.kind in ("path", "paths") else held

    # ------------------------------------------------------------------------------------------ targets

    def _targets(self, asked: Sequence[str] | None) -> list[str]:
        if asked is not None:
            return self._asked(asked)
        used = {source for links in self.links.values() for source, _ in links.values()}
        sinks = [
            name
            for name, node in self.flat.nodes.items()
            if name not in used and name not in self.muted and not node.bypass
        ]
        good = [name for name in sinks if name not in self.broken]
        if not good:
            if self.problems:
                raise RequestError(*self.problems)
            raise RequestError(Problem("", "the workflow has nothing to run", "add a node, or unmute one"))
        return good

    def _asked(self, asked: Sequence[str]) -> list[str]:
        chosen: list[str] = []
        unknown = []
        for name in asked:
            inside = [path for path in self.flat.nodes if path == name or path.startswith(name + "/")]
            if name in self.flat.groups:
                group, _ = self.flat.groups[name]
                ends = [self.resolver.source(name, output) for output in group.outputs]
                inside = [end[0] for end in ends if isinstance(end, tuple)] or inside
            if not inside:
                names = [*self.flat.nodes, *self.flat.groups]
                unknown.append(
                    Problem(name, "no node of that name in the workflow", self._suggest(name, names))
                )
            chosen += [path for path in inside if path not in chosen]
        reasons = {name: self._stopped(name) for name in chosen}
        stopped = [Problem(name, f"cannot run: {reason}") for name, reason in reasons.items() if reason]
        if unknown or stopped:
            named = {problem.where.partition(".")[0] for problem in self.problems}
            extra = [problem for problem in stopped if problem.where not in named]
            raise RequestError(*unknown, *self.problems, *extra)
        return chosen

    def _suggest(self, word: str, among: Iterable[str]) -> str:
        """A hint, for the first problems only: thousands of them are a broken file, and comparing names is slow."""
        self.hints += 1
        return suggest(word, among) if self.hints <= _MOST_HINTS else ""

    def _stopped(self, name: str) -> str:
        """Why a node does not run; empty if it does."""
        reason = self.broken.get(name) or self.muted.get(name)
        return reason or ("it is bypassed" if self.flat.nodes[name].bypass else "")

    def _needed(self, targets: Iterable[str], nodes: Mapping[str, PlanNode]) -> set[str]:
        needed: set[str] = set()
        waiting = list(targets)
        while waiting:
            name = waiting.pop()
            if name not in needed:
                needed.add(name)
                waiting += [source.node for source in nodes[name].sources.values()]
        return needed


def fit(given: type, wanted: type) -> tuple[bool, Callable[[Any], Any] | None]:
    """Whether one type may feed another, and the conversion that it takes."""
    if given is wanted:
        return True, None
    convert = CONVERSIONS.get((given, wanted))
    return convert is not None, convert


def suggest(word: str, among: Iterable[str]) -> str:
    """A hint naming what was probably meant."""
    if len(word) > 100:
        return ""
    close = difflib.get_close_matches(word, list(among), n=3, cutoff=0.6)
    return f"did you mean {' or '.join(close)}?" if close else ""


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOUaeio' else 'a'} {name}"


def _makers(wire: Wire, specs: Mapping[str, NodeSpec]) -> str:
    found = [spec.id for spec in specs.values() if any(port.wire.base is wire.base for port in spec.outputs)]
    return f"{', '.join(sorted(found)[:4])} give one" if found else "no installed node gives one"


def _converters(given: Wire, wanted: Wire, specs: Mapping[str, NodeSpec]) -> str:
    found = [
        spec.id
        for spec in specs.values()
        if any(port.wire.base is given.base for port in spec.inputs)
        and any(port.wire.base is wanted.base for port in spec.outputs)
    ]
    if found:
        return f"{', '.join(sorted(found)[:4])} may lie between"
    both = given.base in SCALARS.values() and wanted.base in SCALARS.values()
    return "convert the number first" if both else ""
