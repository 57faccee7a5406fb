"""Workflow files: readable, diffable JSON <-> the graph as plain data.

Nothing in a file is trusted: it is bounded in size and depth, holds data only, and every fault is told with
its place. Parameters of older node versions are migrated as plain data before anything else looks at them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.edits import Add, Batch, Edit, Extra, Group, NewLink
from meshloom.graph_runtime.errors import MeshloomError, Problem, WorkflowError
from meshloom.graph_runtime.graph import (
    FARTHEST,
    GROUP_PREFIX,
    MOST_NAME,
    TOP_FIELDS,
    GraphData,
    GroupData,
    Link,
    NodeData,
    Position,
    name_fault,
)
from meshloom.graph_runtime.plan import suggest
from meshloom.graph_runtime.spec import NodeSpec

#: The format this version writes, and the newest it reads.
FORMAT = 1

#: A workflow is text that people read; this much is no workflow.
MOST_BYTES = 64 << 20

#: Objects and lists within each other, and digits of a number: more is no workflow either.
MOST_DEPTH = 64
MOST_DIGITS = 1000

_NODE_FIELDS = {"type", "with", "from", "mute", "bypass", "version", "title"}
_GROUP_FIELDS = {"nodes", "inputs", "outputs", "params", "view"}


def read_workflow(path: Path) -> GraphData:
    """The graph in a workflow file, or in a result that carries one (PNG, GLB, PLY, sidecar).

    Raises :class:`WorkflowError` with every fault found.
    """
    try:
        if path.is_dir():
            raise WorkflowError(Problem(str(path), "is a folder; expected a workflow file"))
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(64)
        if not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
            carried = _carried(path)
            if carried is None:
                raise WorkflowError(
                    Problem(
                        str(path), "is no workflow and carries none", "expected JSON that begins with '{'"
                    )
                )
            return carried
        if size > MOST_BYTES:
            raise WorkflowError(
                Problem(str(path), f"is {size >> 20} MB; a workflow has at most {MOST_BYTES >> 20} MB")
            )
        data = path.read_bytes()
    except FileNotFoundError:
        beside = [found.name for found in path.parent.glob("*.json")] if path.parent.is_dir() else []
        hint = suggest(path.name, beside) or "meshloom presets lists those that come with Meshloom"
        raise WorkflowError(Problem(str(path), "does not exist", hint)) from None
    except OSError as error:
        raise WorkflowError(Problem(str(path), f"cannot be read: {error.strerror}")) from None
    try:
        return parse(data, str(path))
    except WorkflowError:
        carried = _carried(path)  # a result that happens to be JSON: cameras, numbers
        if carried is None:
            raise
        return carried


def _carried(path: Path) -> GraphData | None:
    from meshloom.graph_runtime.formats.provenance import extract

    text = extract(path)
    return parse(text.encode("utf-8", "replace"), str(path)) if text is not None else None


def parse(data: bytes, name: str = "workflow") -> GraphData:
    """The graph in the bytes of a workflow file. Raises :class:`WorkflowError` with every fault found."""
    try:
        tree = json.loads(
            data.decode("utf-8-sig"),
            object_pairs_hook=_no_twins,
            parse_constant=_no_constant,
            parse_int=_whole,
        )
        _check_plain(tree)
    except UnicodeDecodeError as error:
        raise WorkflowError(Problem(name, f"is not UTF-8 text (byte {error.start})")) from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise WorkflowError(Problem(name, f"is not valid JSON: {error.msg} at {where}")) from None
    except RecursionError:
        raise WorkflowError(Problem(name, "is nested too deeply to be a workflow")) from None
    except ValueError as error:
        raise WorkflowError(Problem(name, f"is not valid: {error}")) from None
    return _Reader(name).graph(tree)


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        twin = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twin[:80]!r} stands twice in one object")
    return made


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is no number that a parameter can take")


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise ValueError(f"a number of {len(text)} digits is no number that a parameter can take")
    return int(text)


def _check_plain(tree: Any) -> None:
    """Raise ``ValueError`` for what JSON allows and no workflow holds. Not recursive, as nesting may be deep."""
    waiting = [(tree, 1)]
    while waiting:
        held, depth = waiting.pop()
        if isinstance(held, str):
            if not held.isascii():
                _check_text(held)
        elif isinstance(held, (dict, list)):
            if depth > MOST_DEPTH:
                raise ValueError(f"it is nested more than {MOST_DEPTH} levels deep")
            if isinstance(held, dict):
                waiting += [(name, depth) for name in held]
                held = held.values()
            waiting += [(item, depth + 1) for item in held]
        elif isinstance(held, float) and abs(held) == float("inf"):
            raise ValueError("it holds a number too large for a computer's")


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("it holds a broken Unicode character") from None


class _Reader:
    """Turns parsed JSON into plain data, noting each fault and going on."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []

    def graph(self, tree: Any) -> GraphData:
        if not isinstance(tree, dict) or "meshloom" not in tree:
            hint = "this looks like a ComfyUI workflow, which has other nodes" if _is_comfy(tree) else ""
            raise WorkflowError(
                Problem(self.name, 'is no Meshloom workflow: expected {"meshloom": 1, "nodes": {...}}', hint)
            )
        number = tree["meshloom"]
        if type(number) is not int or number < 1:
            raise WorkflowError(Problem(self.name, f"has format {number!r}; expected {FORMAT}"))
        if number > FORMAT:
            raise WorkflowError(
                Problem(
                    self.name,
                    f"is of format {number}, made by a newer Meshloom; this one reads up to {FORMAT}",
                    "update Meshloom to open it",
                )
            )
        groups = {}
        for name, held in self.table(tree.get("groups", {}), "groups").items():
            self.check_name(name, "groups")
            groups[name] = self.group(held, name)
        known = {name: tuple(group.outputs) for name, group in groups.items()}
        nodes = self.nodes(tree.get("nodes", {}), "nodes", known)
        view = self.view(tree.get("view", {}), "view")
        extras = {name: held for name, held in tree.items() if name not in TOP_FIELDS}
        for name in extras:
            self.check_word(name, "workflow")
        if self.problems:
            raise WorkflowError(*self.problems[:50])
        return GraphData(nodes, groups, view, extras)

    def fault(self, where: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(where, message, hint))

    def table(self, held: Any, where: str) -> dict[str, Any]:
        if not isinstance(held, dict):
            self.fault(where, f"is {_kind(held)}; expected an object of names")
            return {}
        for name in held:
            self.check_word(name, where)
        return held

    def check_name(self, name: str, where: str) -> None:
        fault = name_fault(name)
        if fault:
            self.fault(where, f"the name {name[:80]!r} {fault}")

    def check_word(self, word: str, where: str) -> None:
        """What is echoed in messages must not steer the terminal."""
        if not word.isprintable() or len(word) > 2 * MOST_NAME:
            self.fault(where, f"{word[:80]!r} is too long or holds characters that cannot be printed")

    def fields(self, held: dict[str, Any], known: set[str], where: str) -> None:
        for name in sorted(held.keys() - known):
            self.fault(where, f"has an unknown field {name[:80]!r}", suggest(name, known))

    def nodes(self, held: Any, where: str, groups: Mapping[str, tuple[str, ...]]) -> dict[str, NodeData]:
        made = {}
        for name, node in self.table(held, where).items():
            self.check_name(name, where)
            if not isinstance(node, dict):
                self.fault(name, f"is {_kind(node)}; expected an object with a type")
                continue
            self.fields(node, _NODE_FIELDS, name)
            type_ = node.get("type")
            if not isinstance(type_, str) or not type_:
                self.fault(name, f"its type is {_kind(type_)}; expected the id of a node")
                continue
            self.check_word(type_, name)
            links = {}
            for socket, text in self.table(node.get("from", {}), f"{name}.from").items():
                if not isinstance(text, str) or not text:
                    self.fault(f"{name}.{socket}", f'is linked to {_kind(text)}; expected "node.output"')
                    continue
                self.check_word(text, name)
                source, _, output = text.partition(".")
                links[socket] = Link(source, output)
            for flag in ("mute", "bypass"):
                if not isinstance(node.get(flag, False), bool):
                    self.fault(name, f"{flag} is {_kind(node[flag])}; expected true or false")
            version, title = node.get("version", 1), node.get("title", "")
            if type(version) is not int or version < 1:
                self.fault(name, f"version is {_kind(version)}; expected a whole number")
            if not isinstance(title, str):
                self.fault(name, f"title is {_kind(title)}; expected text")
            made[name] = NodeData(
                type_,
                self.table(node.get("with", {}), f"{name}.with"),
                links,
                node.get("mute", False) is True,
                node.get("bypass", False) is True,
                version,
                title,
            )
        return made

    def group(self, held: Any, name: str) -> GroupData:
        where = f"groups.{name}"
        table = self.table(held, where)
        self.fields(table, _GROUP_FIELDS, where)
        inputs = {}
        for outer, ends in self.table(table.get("inputs", {}), f"{where}.inputs").items():
            listed = ends if isinstance(ends, list) else [ends]
            inputs[outer] = tuple(self.end(end, f"{where}.inputs.{outer}") for end in listed)
        outputs, params = (
            {
                outer: self.end(end, f"{where}.{part}.{outer}")
                for outer, end in self.table(table.get(part, {}), f"{where}.{part}").items()
            }
            for part in ("outputs", "params")
        )
        return GroupData(
            self.nodes(table.get("nodes", {}), f"{where}.nodes", {}),
            inputs,
            outputs,
            params,
            self.view(table.get("view", {}), f"{where}.view"),
        )

    def end(self, held: Any, where: str) -> tuple[str, str]:
        if not isinstance(held, str) or "." not in held:
            self.fault(where, f'is {_kind(held)}; expected "node.socket"')
            return "", ""
        self.check_word(held, where)
        node, _, socket = held.partition(".")
        return node, socket

    def view(self, held: Any, where: str) -> dict[str, Position]:
        made = {}
        for name, place in self.table(held, where).items():
            if (
                isinstance(place, list)
                and len(place) == 2
                and all(type(part) in (int, float) and abs(part) < FARTHEST for part in place)
            ):
                made[name] = (float(place[0]), float(place[1]))
            else:
                self.fault(f"{where}.{name}", "is no position; expected [x, y]")
        return made


def _is_comfy(tree: Any) -> bool:
    """Whether this is what ComfyUI's editor or its API saves."""
    if not isinstance(tree, dict):
        return False
    if isinstance(tree.get("nodes"), list) and "links" in tree:
        return True
    return any(isinstance(held, dict) and "class_type" in held for held in tree.values())


def _kind(held: Any) -> str:
    if held is None:
        return "missing"
    if isinstance(held, (dict, list)):
        return "an object" if isinstance(held, dict) else "a list"
    return repr(held)[:80]


# ------------------------------------------------------------------------------------------- migrating


def resolve(graph: GraphData, catalog: Catalog) -> GraphData:
    """The graph in today's terms: renamed nodes, migrated parameters, links with their output named."""
    groups = {
        name: replace(group, nodes=_resolve_nodes(group.nodes, graph, catalog))
        for name, group in graph.groups.items()
    }
    return replace(graph, nodes=_resolve_nodes(graph.nodes, graph, catalog), groups=groups)


def _resolve_nodes(nodes: Mapping[str, NodeData], graph: GraphData, catalog: Catalog) -> dict[str, NodeData]:
    renamed = {name: replace(node, type=_current(node.type, catalog)) for name, node in nodes.items()}

    def named(link: Link) -> Link:
        if link.output or link.node not in renamed:
            return link
        type_ = renamed[link.node].type
        if type_.startswith(GROUP_PREFIX):
            group = graph.groups.get(type_[len(GROUP_PREFIX) :])
            outputs = list(group.outputs) if group is not None else []
        else:
            outputs = [port.name for port in catalog[type_].outputs] if type_ in catalog else []
        return Link(link.node, outputs[0]) if len(outputs) == 1 else link

    made = {}
    for name, node in renamed.items():
        links = {socket: named(link) for socket, link in node.links.items()}
        made[name] = replace(_migrated(name, node, catalog.get(node.type)), links=links)
    return made


def _current(type_: str, catalog: Catalog) -> str:
    return type_ if type_.startswith(GROUP_PREFIX) else catalog.current_id(type_)


def _migrated(name: str, node: NodeData, spec: NodeSpec | None) -> NodeData:
    if spec is None or node.version == spec.version:
        return node
    if node.version > spec.version:
        raise WorkflowError(
            Problem(
                name,
                f"has version {node.version} of {spec.id}; installed is {spec.version}",
                "update the pack that brings it",
            )
        )
    try:
        params = spec.migrate(dict(node.params)) if spec.migrate is not None else node.params
        if not isinstance(params, Mapping):
            raise TypeError(f"the migration of {spec.id} gives {type(params).__name__}")
    except Exception as error:  # code of a node pack, given parameters of any shape
        said = f"{type(error).__name__}: {error}"
        raise WorkflowError(
            Problem(name, f"its parameters of version {node.version} cannot be migrated: {said}")
        ) from None
    return replace(node, params=params, version=spec.version)


# --------------------------------------------------------------------------------------------- writing


def dump(graph: GraphData) -> str:
    """The text of a workflow file: nodes sorted by name, defaults omitted, positions apart."""
    tree: dict[str, Any] = {"meshloom": FORMAT}
    tree.update({name: graph.extras[name] for name in sorted(graph.extras)})
    tree["nodes"] = _nodes_tree(graph.nodes)
    if graph.groups:
        tree["groups"] = {name: _group_tree(graph.groups[name]) for name in sorted(graph.groups)}
    if graph.view:
        tree["view"] = _view_tree(graph.view)
    return _lines(tree) + "\n"


def _nodes_tree(nodes: Mapping[str, NodeData]) -> dict[str, Any]:
    made = {}
    for name in sorted(nodes):
        node = nodes[name]
        held: dict[str, Any] = {"type": node.type}
        if node.version != 1:
            held["version"] = node.version
        if node.title:
            held["title"] = node.title
        if node.params:
            held["with"] = {param: _plain(node.params[param]) for param in sorted(node.params)}
        if node.links:
            held["from"] = {
                socket: f"{link.node}.{link.output}" if link.output else link.node
                for socket, link in sorted(node.links.items())
            }
        if node.mute:
            held["mute"] = True
        if node.bypass:
            held["bypass"] = True
        made[name] = held
    return made


def _group_tree(group: GroupData) -> dict[str, Any]:
    held: dict[str, Any] = {"nodes": _nodes_tree(group.nodes)}
    if group.inputs:
        held["inputs"] = {
            outer: [f"{node}.{socket}" for node, socket in ends] for outer, ends in group.inputs.items()
        }
    for part, ends in (("outputs", group.outputs), ("params", group.params)):
        if ends:
            held[part] = {outer: f"{node}.{socket}" for outer, (node, socket) in ends.items()}
    if group.view:
        held["view"] = _view_tree(group.view)
    return held


def _view_tree(view: Mapping[str, Position]) -> dict[str, Any]:
    return {name: [round(x, 1), round(y, 1)] for name, (x, y) in sorted(view.items())}


def _plain(held: Any) -> Any:
    if isinstance(held, Path):
        return held.as_posix()
    return [_plain(item) for item in held] if isinstance(held, (tuple, list)) else held


def _lines(tree: Any, depth: int = 0) -> str:
    """JSON with one line per leaf object, so that a diff shows what changed and a merge goes well."""
    if not isinstance(tree, dict) or not tree:
        return _json(tree)
    if depth > 1 and len(flat := _json(tree)) < 90:
        return flat
    pad = "  " * (depth + 1)
    rows = [f"{pad}{_json(name)}: {_lines(held, depth + 1)}" for name, held in tree.items()]
    return "{\n" + ",\n".join(rows) + "\n" + "  " * depth + "}"


def _json(held: Any) -> str:
    text = _ENCODE(held)
    # A path that is not UTF-8 comes with halves of characters, which no encoding takes but JSON can spell.
    return text if text.isascii() else _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


_HALF = re.compile("[\ud800-\udfff]")
#: One for all: `json.dumps` with options makes another each time.
_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def save_workflow(graph: GraphData, path: Path) -> None:
    """Write a workflow file so that a crash at any moment leaves the old or the new one, whole."""
    text = dump(graph)
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with aside.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise MeshloomError(f"{path} cannot be written: {error.strerror}", "save it elsewhere") from None


def to_edits(graph: GraphData) -> Batch:
    """The edits that build ``graph`` in an empty document, with all that is wrong in it.

    What no document can hold is left out: links of a node to itself or to a node that is not there. The plan of
    ``graph`` itself names them.
    """
    edits: list[Edit] = [
        Group(name, GroupData({}, group.inputs, group.outputs, group.params), trusted=True)
        for name, group in graph.groups.items()
    ]
    scopes = {"": GroupData(graph.nodes, view=graph.view), **graph.groups}
    for scope, group in scopes.items():
        edits += [
            Add(name, replace(node, links={}), group.view.get(name), scope, trusted=True)
            for name, node in group.nodes.items()
        ]
        edits += [
            NewLink(link.node, link.output, name, socket, scope, trusted=True)
            for name, node in group.nodes.items()
            for socket, link in node.links.items()
            if link.node in group.nodes and link.node != name
        ]
    edits += [Extra(name, held) for name, held in graph.extras.items()]
    return Batch(tuple(edits), "Open")
