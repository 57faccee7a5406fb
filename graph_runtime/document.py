"""The editable graph, on ryvencore: the only file that knows it.

ryvencore holds the nodes, ports and connections and tells listeners of changes; what it leaves open is
closed here: it accepts cycles and two links into one input, leaves links behind when a node goes, and would
compute on every connection. So everything is checked before it is touched, connections are made silently,
and the flow has an executor that does nothing. ryvencore's own save format (pickled) is never used.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from ryvencore.Flow import Flow
from ryvencore.FlowExecutor import FlowExecutor
from ryvencore.Node import Node
from ryvencore.Session import Session

from meshloom.graph_runtime.errors import (
    BadValue,
    InputTaken,
    NameTaken,
    UnknownNode,
    UnknownSocket,
    WouldCycle,
    WrongType,
)
from meshloom.graph_runtime.flatten import Specs
from meshloom.graph_runtime.graph import (
    FARTHEST,
    GROUP_PREFIX,
    TOP_FIELDS,
    GraphData,
    GroupData,
    Link,
    NodeData,
    Position,
    check_storable,
    name_fault,
)
from meshloom.graph_runtime.params import check_param
from meshloom.graph_runtime.plan import LINKABLE, fit, suggest
from meshloom.graph_runtime.spec import NodeSpec, Wire

#: The scope of the top-level graph; a group's scope is its name.
ROOT = ""

#: Stands for a parameter that is not set: ``None`` is a value that some parameters take.
DEFAULT: Any = type("_Default", (), {"__repr__": lambda self: "DEFAULT"})()

#: What listeners are told: what happened, in which scope, to which node.
Listener = Callable[[str, str, str], None]


class _Inert(FlowExecutor):
    """Computes nothing: Meshloom's runtime does, from a snapshot."""

    def update_node(self, node: Any, inp: int) -> None: ...
    def input(self, node: Any, index: int) -> None: ...
    def set_output_val(self, node: Any, index: int, val: Any) -> None: ...
    def exec_output(self, node: Any, index: int) -> None: ...
    def conn_added(self, out: Any, inp: Any, silent: bool = False) -> None: ...
    def conn_removed(self, out: Any, inp: Any, silent: bool = False) -> None: ...


class _Placed(Node):
    """A node in a ryvencore flow: the name, type and parameters live on it, sockets are its ports."""

    title = "node"
    name: str
    type: str
    params: dict[str, Any]
    mute: bool
    bypass: bool
    version_of_params: int
    label: str
    position: Position | None


class _Scope:
    """One flow: the top-level graph, or the inside of a group."""

    def __init__(self, session: Session, title: str) -> None:
        self.flow: Flow = session.create_flow(title)
        self.flow.executor = _Inert(self.flow)
        self.nodes: dict[str, _Placed] = {}
        self.inputs: dict[str, tuple[tuple[str, str], ...]] = {}
        self.outputs: dict[str, tuple[str, str]] = {}
        self.params: dict[str, tuple[str, str]] = {}


class Document:
    """A graph that can be edited. Edits (``edits.py``) are the way to change it: they can be undone.

    Unknown node types are kept as ghosts: their parameters and links survive, they only cannot run.
    """

    def __init__(self, specs: Specs) -> None:
        self.specs = specs
        self.extras: dict[str, Any] = {}
        self._session = Session()
        self._session.register_node_type(_Placed)
        self._scopes: dict[str, _Scope] = {ROOT: _Scope(self._session, "graph")}
        self._listeners: list[Listener] = []

    # ---------------------------------------------------------------------------------------- reading

    @property
    def scopes(self) -> tuple[str, ...]:
        """The top-level graph first, then the groups."""
        return tuple(self._scopes)

    def names(self, scope: str = ROOT) -> tuple[str, ...]:
        return tuple(self._scope(scope).nodes)

    def node(self, name: str, scope: str = ROOT) -> NodeData:
        """A node as plain data. Raises :class:`UnknownNode`."""
        return self._data(self._scope(scope), self._placed(name, scope))

    def spec(self, name: str, scope: str = ROOT) -> NodeSpec | None:
        """The spec of a node; ``None`` for a ghost or a group."""
        return self.specs.get(self._placed(name, scope).type)

    def position(self, name: str, scope: str = ROOT) -> Position | None:
        return self._placed(name, scope).position

    def group(self, name: str) -> GroupData:
        """A group as plain data."""
        scope = self._scope(name)
        nodes = {node.name: self._data(scope, node) for node in scope.nodes.values()}
        view = {node.name: node.position for node in scope.nodes.values() if node.position is not None}
        return GroupData(nodes, dict(scope.inputs), dict(scope.outputs), dict(scope.params), view)

    def is_used(self, group: str) -> bool:
        """Whether any scope holds an instance of a group."""
        type_ = GROUP_PREFIX + group
        return any(node.type == type_ for scope in self._scopes.values() for node in scope.nodes.values())

    def snapshot(self) -> GraphData:
        """The whole document as plain data: what is saved, planned and run."""
        root = self.group(ROOT)
        groups = {name: self.group(name) for name in self._scopes if name != ROOT}
        return GraphData(root.nodes, groups, root.view, dict(self.extras))

    def links_from(self, name: str, scope: str = ROOT) -> Iterator[tuple[str, str, str]]:
        """(output, node, input) of every link that leaves a node."""
        held = self._scope(scope)
        placed = self._placed(name, scope)
        for port in placed.outputs:
            for inp in held.flow.connected_inputs(port):
                yield port.label_str, _name(inp), inp.label_str

    def listen(self, listener: Listener) -> None:
        """Call ``listener(what, scope, node)`` after each change."""
        self._listeners.append(listener)

    # --------------------------------------------------------------------- changing (called by edits)

    def add_node(
        self,
        name: str,
        data: NodeData,
        position: Position | None,
        scope: str = ROOT,
        trusted: bool = False,
    ) -> None:
        """Place a node without links. Raises :class:`NameTaken`, :class:`BadValue`, :class:`UnknownSocket` or,
        for a group placed in itself, :class:`WouldCycle`."""
        held = self._scope(scope)
        self._check_name(name, held.nodes)
        self._check_stored(name, data.title, position)
        if not data.type.isprintable() or not data.type:
            raise BadValue(name, "its type is empty or holds characters that cannot be printed")
        if not trusted:
            for param, given in data.params.items():
                self._check_param(name, data.type, param, given)
            if self._holds(data.type, scope):
                raise WouldCycle(name, f"would put group {scope!r} into itself")
        placed: _Placed = held.flow.create_node(_Placed)
        placed.name, placed.type = name, data.type
        placed.params, placed.mute, placed.bypass = dict(data.params), data.mute, data.bypass
        placed.version_of_params, placed.label, placed.position = data.version, data.title, position
        inputs, outputs = self._sockets(data.type)
        for socket in inputs:
            placed.create_input(socket)
        for socket in outputs:
            placed.create_output(socket)
        held.nodes[name] = placed
        self._tell("added", scope, name)

    def remove_node(self, name: str, scope: str = ROOT) -> None:
        """Take a node out; it must have no links left."""
        held = self._scope(scope)
        placed = self._placed(name, scope)
        held.flow.remove_node(placed)
        del held.nodes[name]
        self._tell("removed", scope, name)

    def set_param(self, name: str, param: str, given: Any, scope: str = ROOT, trusted: bool = False) -> Any:
        """Set a parameter (:data:`DEFAULT`: as if it had never been set); returns what it was. Raises
        :class:`BadValue`, :class:`UnknownSocket`."""
        placed = self._placed(name, scope)
        if given is not DEFAULT and not trusted:
            self._check_param(name, placed.type, param, given)
        before = placed.params.pop(param, DEFAULT)
        if given is not DEFAULT:
            placed.params[param] = given
        self._tell("param", scope, name)
        return before

    def _check_param(self, name: str, type_: str, param: str, given: Any) -> None:
        spec = self.specs.get(type_)
        try:
            if spec is None:
                check_storable(given)
                return
            known = spec.param(param)
            if known is None:
                names = [each.name for each in spec.params]
                hint = suggest(param, names)
                raise UnknownSocket(f"{name}.{param}", f"{spec.id} has no such parameter", hint)
            check_param(known, given)
        except ValueError as error:
            raise BadValue(f"{name}.{param}", str(error)) from None

    @staticmethod
    def _check_name(name: str, taken: Collection[str]) -> None:
        if name in taken:
            raise NameTaken(name, "a node of this name exists already", "choose another name")
        fault = name_fault(name)
        if fault:
            raise BadValue(name[:80] or "node", f"the name {fault}", "choose another name")

    @staticmethod
    def _check_stored(name: str, title: str, position: Position | None) -> None:
        if position is not None and not all(abs(place) < FARTHEST for place in position):
            raise BadValue(name, f"the place {position} is not on the canvas")
        try:
            check_storable(title)
        except ValueError as error:
            raise BadValue(name, str(error)) from None

    def _holds(self, type_: str, scope: str) -> bool:
        """Whether a node of that type is, or holds at any depth, an instance of the group ``scope``."""
        waiting, seen = [type_], set[str]()
        while waiting:
            group = waiting.pop().removeprefix(GROUP_PREFIX)
            if group == scope != ROOT:
                return True
            if group not in seen and group in self._scopes:
                seen.add(group)
                placed = self._scopes[group].nodes.values()
                waiting += [node.type for node in placed if node.type.startswith(GROUP_PREFIX)]
        return False

    def set_flags(self, name: str, mute: bool, bypass: bool, scope: str = ROOT) -> tuple[bool, bool]:
        """Mute or bypass a node; returns what it was."""
        placed = self._placed(name, scope)
        before = placed.mute, placed.bypass
        placed.mute, placed.bypass = mute, bypass
        self._tell("flags", scope, name)
        return before

    def set_title(self, name: str, title: str, scope: str = ROOT) -> str:
        """Give a node a title of its own; returns what it was."""
        placed = self._placed(name, scope)
        self._check_stored(name, title, None)
        before, placed.label = placed.label, title
        self._tell("title", scope, name)
        return before

    def move(self, name: str, position: Position | None, scope: str = ROOT) -> Position | None:
        """Put a node elsewhere on the canvas; returns where it was."""
        placed = self._placed(name, scope)
        self._check_stored(name, "", position)
        before, placed.position = placed.position, position
        self._tell("moved", scope, name)
        return before

    def rename(self, name: str, to: str, scope: str = ROOT) -> None:
        """Change a node's name; its links follow."""
        held = self._scope(scope)
        placed = self._placed(name, scope)
        self._check_name(to, held.nodes)
        placed.name = to
        held.nodes = {node.name: node for node in held.nodes.values()}
        if scope != ROOT:
            self._rename_interface(held, name, to)
        self._tell("renamed", scope, to)

    @staticmethod
    def _rename_interface(held: _Scope, name: str, to: str) -> None:
        held.inputs = {
            outer: tuple((to if node == name else node, socket) for node, socket in inner)
            for outer, inner in held.inputs.items()
        }
        for ends in (held.outputs, held.params):
            for outer, (node, socket) in ends.items():
                ends[outer] = (to if node == name else node, socket)

    def link(
        self,
        source: str,
        output: str,
        target: str,
        socket: str,
        scope: str = ROOT,
        trusted: bool = False,
    ) -> None:
        """Connect. Raises the error of the rule that the link would break; then nothing has changed.

        ``trusted``, as in the other methods: the change goes back to what the document held, or opens a file.
        What is there stays, right or wrong, for the plan to report; only what ryvencore cannot hold is refused.
        """
        held = self._scope(scope)
        maker, taker = self._placed(source, scope), self._placed(target, scope)
        out, inp = _port(maker.outputs, output), _port(taker.inputs, socket)
        if inp is not None and held.flow.connected_output(inp) is not None:
            raise InputTaken(f"{target}.{socket}", "has a link already", "remove that link first")
        if not trusted:
            if out is None:
                self._check_socket(maker, output, outgoing=True)
            if inp is None:
                self._check_socket(taker, socket, outgoing=False)
            self._check_types(source, output, target, socket, scope)
        if source == target or not (trusted or not self._reaches(held, taker, maker)):
            raise WouldCycle(f"{target}.{socket}", f"linking it to {source} would close a cycle")
        # Sockets of unknown nodes appear as they are named; a parameter that is linked becomes an input.
        out = out or maker.create_output(output)
        inp = inp or taker.create_input(socket)
        held.flow.connect_nodes(out, inp, silent=True)
        self._tell("linked", scope, target)

    def unlink(self, target: str, socket: str, scope: str = ROOT) -> Link:
        """Disconnect an input; returns the link it had. Raises :class:`UnknownSocket`."""
        held = self._scope(scope)
        inp = _port(self._placed(target, scope).inputs, socket)
        out = held.flow.connected_output(inp) if inp is not None else None
        if out is None:
            raise UnknownSocket(f"{target}.{socket}", "has no link to remove")
        held.flow.disconnect_nodes(out, inp, silent=True)
        self._tell("unlinked", scope, target)
        return Link(_name(out), out.label_str)

    def set_group(self, name: str, group: GroupData | None) -> GroupData | None:
        """Define, replace (with its sockets; its nodes come by edits of their own) or remove a group.

        Only the interface of ``group`` is taken. Returns the interface it had, or ``None``.
        """
        before: GroupData | None = None
        if name in self._scopes:
            held = self._scopes[name]
            before = GroupData({}, dict(held.inputs), dict(held.outputs), dict(held.params))
        if group is None:
            if name == ROOT:
                raise BadValue("group", "the graph itself is no group")
            held = self._scope(name)
            if held.nodes:
                raise BadValue(name, "the group still holds nodes", "remove them first")
            self._session.delete_flow(held.flow)
            del self._scopes[name]
        else:
            self._check_name(name, ())
            held = self._scopes.get(name) or _Scope(self._session, name)
            held.inputs, held.outputs = dict(group.inputs), dict(group.outputs)
            held.params = dict(group.params)
            self._scopes[name] = held
            self._refresh_instances(name)
        self._tell("group", name, "")
        return before

    def set_extra(self, name: str, held: Any) -> Any:
        """Set what is kept beside the graph (frames, notes, pins); ``None`` removes. Returns what it was.

        Raises :class:`NameTaken` for a word of the file format, :class:`BadValue` for what no file can hold.
        """
        if name in TOP_FIELDS:
            raise NameTaken(name, "stands for a part of every workflow", "choose another name")
        try:
            check_storable([name, held])
        except ValueError as error:
            raise BadValue(name[:80], str(error)) from None
        before = self.extras.get(name)
        if held is None:
            self.extras.pop(name, None)
        else:
            self.extras[name] = held
        self._tell("extra", ROOT, name)
        return before

    def find_cycle(self) -> list[str] | None:
        """A cycle in any scope, or ``None``: a file may hold one."""
        import networkx as nx

        for held in self._scopes.values():
            digraph = nx.DiGraph(
                (_name(out), _name(inp)) for out, taken in held.flow.graph_adj.items() for inp in taken
            )
            try:
                return [edge[0] for edge in nx.find_cycle(digraph)]
            except nx.NetworkXNoCycle:
                continue
        return None

    # ---------------------------------------------------------------------------------------- inside

    def _scope(self, scope: str) -> _Scope:
        held = self._scopes.get(scope)
        if held is None:
            raise UnknownNode(scope, "no group of this name", suggest(scope, self._scopes))
        return held

    def _placed(self, name: str, scope: str) -> _Placed:
        nodes = self._scope(scope).nodes
        if name not in nodes:
            raise UnknownNode(name, "no node of this name in the graph", suggest(name, nodes))
        return nodes[name]

    def _tell(self, what: str, scope: str, name: str) -> None:
        for listener in self._listeners:
            listener(what, scope, name)

    @staticmethod
    def _data(held: _Scope, placed: _Placed) -> NodeData:
        links = {}
        for inp in placed.inputs:
            out = held.flow.graph_adj_rev.get(inp)
            if out is not None:
                links[inp.label_str] = Link(_name(out), out.label_str)
        return NodeData(
            placed.type,
            dict(placed.params),
            links,
            placed.mute,
            placed.bypass,
            placed.version_of_params,
            placed.label,
        )

    def _sockets(self, type_: str) -> tuple[list[str], list[str]]:
        if type_.startswith(GROUP_PREFIX):
            held = self._scopes.get(type_[len(GROUP_PREFIX) :])
            return (list(held.inputs), list(held.outputs)) if held is not None else ([], [])
        spec = self.specs.get(type_)
        if spec is None:
            return [], []
        return [port.name for port in spec.inputs], [port.name for port in spec.outputs]

    def _refresh_instances(self, group: str) -> None:
        """Give instances of a group the sockets it has now; sockets in use stay, for the plan to report."""
        inputs, outputs = self._sockets(GROUP_PREFIX + group)
        for held in self._scopes.values():
            for placed in held.nodes.values():
                if placed.type == GROUP_PREFIX + group:
                    for socket in inputs:
                        if _port(placed.inputs, socket) is None:
                            placed.create_input(socket)
                    for socket in outputs:
                        if _port(placed.outputs, socket) is None:
                            placed.create_output(socket)

    def _check_socket(self, placed: _Placed, socket: str, outgoing: bool) -> None:
        """Raise unless the node, which has no such port yet, may get one: a ghost, or a linked parameter."""
        spec = self.specs.get(placed.type)
        if spec is not None:
            param = None if outgoing else spec.param(socket)
            if param is None or param.kind not in LINKABLE:
                ports = spec.outputs if outgoing else spec.inputs
                kind = "output" if outgoing else "input"
                hint = suggest(socket, [port.name for port in ports])
                raise UnknownSocket(f"{placed.name}.{socket}", f"{spec.id} has no such {kind}", hint)
        elif placed.type.startswith(GROUP_PREFIX) and placed.type[len(GROUP_PREFIX) :] in self._scopes:
            kind = "output" if outgoing else "input"
            held = self._scopes[placed.type[len(GROUP_PREFIX) :]]
            if outgoing or socket not in held.params:
                hint = suggest(socket, held.outputs if outgoing else [*held.inputs, *held.params])
                raise UnknownSocket(f"{placed.name}.{socket}", f"the group has no such {kind}", hint)

    def _check_types(self, source: str, output: str, target: str, socket: str, scope: str) -> None:
        given = self._wire(source, output, scope, outgoing=True)
        wanted = self._wire(target, socket, scope, outgoing=False)
        if given is not None and wanted is not None and not fit(given.base, wanted.base)[0]:
            raise WrongType(
                f"{target}.{socket}", f"takes {wanted.name}, but {source}.{output} gives {given.name}"
            )

    def _wire(self, name: str, socket: str, scope: str, outgoing: bool) -> Wire | None:
        """The type of a socket, looked up through groups; ``None`` for a ghost's."""
        for _ in range(len(self._scopes) + 1):
            placed = self._scope(scope).nodes.get(name)
            if placed is None:
                return None
            if placed.type.startswith(GROUP_PREFIX):
                scope = placed.type[len(GROUP_PREFIX) :]
                held = self._scopes.get(scope)
                if held is None:
                    return None
                if outgoing:
                    inner = held.outputs.get(socket)
                else:
                    inner = next(iter(held.inputs.get(socket, ())), None) or held.params.get(socket)
                if inner is None:
                    return None
                name, socket = inner
                continue
            return socket_wire(self.specs.get(placed.type), socket, outgoing)
        return None

    @staticmethod
    def _reaches(held: _Scope, start: _Placed, end: _Placed) -> bool:
        """Whether data flows from ``start`` to ``end``."""
        seen: set[Any] = set()
        waiting: list[Any] = [start]
        successors: Mapping[Any, list[Any]] = held.flow.node_successors
        while waiting:
            node = waiting.pop()
            if node is end:
                return True
            if node not in seen:
                seen.add(node)
                waiting += successors[node]
        return False


def socket_wire(spec: NodeSpec | None, socket: str, outgoing: bool) -> Wire | None:
    """The type of a socket, or of a parameter used as one."""
    if spec is None:
        return None
    port = spec.output(socket) if outgoing else spec.input(socket)
    if port is not None:
        return port.wire
    param = spec.param(socket)
    return Wire(LINKABLE[param.kind]) if param is not None and param.kind in LINKABLE else None


def _name(port: Any) -> str:
    """The name of the node that a port belongs to."""
    return str(port.node.name)


def _port(ports: list[Any], label: str) -> Any:
    return next((port for port in ports if port.label_str == label), None)
