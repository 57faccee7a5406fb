"""Nodes as text: what copy puts on the clipboard and paste takes from it is a workflow like any other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from PySide6.QtCore import QMimeData

from meshloom.graph_runtime.document import Document
from meshloom.graph_runtime.edits import Add, Batch, Edit, Group
from meshloom.graph_runtime.graph import GROUP_PREFIX, GraphData, GroupData, Link, NodeData, Position
from meshloom.graph_runtime.preset import dump, parse, resolve
from meshloom.ui.document import OpenDocument
from meshloom.ui.words import _

MIME = "application/x-meshloom-graph+json"


def part(document: Document, scope: str, names: Collection[str]) -> GraphData:
    """These nodes of a scope as a graph of their own: links among them, and the groups they use."""
    held = document.group(scope)
    nodes = {name: _without_outer_links(held.nodes[name], names) for name in names if name in held.nodes}
    view = {name: place for name, place in held.view.items() if name in nodes}
    return GraphData(nodes, _groups_of(document, nodes.values()), view)


def _without_outer_links(data: NodeData, names: Collection[str]) -> NodeData:
    return replace(data, links={socket: link for socket, link in data.links.items() if link.node in names})


def _groups_of(document: Document, nodes: Iterable[NodeData]) -> dict[str, GroupData]:
    groups: dict[str, GroupData] = {}
    waiting = [node.type for node in nodes]
    while waiting:
        name = waiting.pop().removeprefix(GROUP_PREFIX)
        if name in document.scopes and name and name not in groups:
            groups[name] = document.group(name)
            waiting += [node.type for node in groups[name].nodes.values()]
    return groups


def to_mime(graph: GraphData) -> QMimeData:
    """The graph for the clipboard, as its own kind and as text."""
    data = QMimeData()
    text = dump(graph)
    data.setData(MIME, text.encode())
    data.setText(text)
    return data


def from_mime(data: QMimeData | None, document: OpenDocument) -> GraphData:
    """The graph on the clipboard (``None``: nothing). Raises :class:`RequestError` for anything else."""
    if data is None:
        held = b""
    elif data.hasFormat(MIME):
        held = bytes(data.data(MIME).data())
    else:
        held = data.text().encode("utf-8", "replace")
    return resolve(parse(held, _("the clipboard")), document.specs)


def pasted(document: OpenDocument, scope: str, graph: GraphData, at: Position) -> tuple[Batch, list[str]]:
    """The edit that adds a graph's nodes with its corner at ``at``, and the names they get."""
    edits: list[Edit] = []
    groups = _paste_groups(document, graph, edits)
    taken = set(document.document.names(scope))
    names: dict[str, str] = {}
    for name in graph.nodes:
        names[name] = free(name, taken)
        taken.add(names[name])
    left = min((place[0] for place in graph.view.values()), default=0.0)
    top = min((place[1] for place in graph.view.values()), default=0.0)
    for name in in_order(graph.nodes):
        data = graph.nodes[name]
        links = {
            socket: Link(names[link.node], link.output)
            for socket, link in data.links.items()
            if link.node in names
        }
        type_ = data.type
        if type_.startswith(GROUP_PREFIX):
            inner = type_.removeprefix(GROUP_PREFIX)
            type_ = GROUP_PREFIX + groups.get(inner, inner)
        x, y = graph.view.get(name, (left, top))
        place = (round(at[0] + x - left), round(at[1] + y - top))
        edits.append(Add(names[name], replace(data, type=type_, links=links), place, scope))
    return Batch(tuple(edits), _("Paste {count} nodes").format(count=len(names))), list(names.values())


def _paste_groups(document: OpenDocument, graph: GraphData, edits: list[Edit]) -> dict[str, str]:
    """Bring along groups that the document has not; one of the same name and other content is renamed."""
    held = document.document
    names: dict[str, str] = {}
    taken = set(held.scopes)
    for name, group in graph.groups.items():
        same = name in held.scopes and held.group(name) == group
        names[name] = name if same else free(name, taken)
        taken.add(names[name])
        if not same:
            edits.append(Group(names[name], GroupData()))
    for name, group in graph.groups.items():
        if names[name] in held.scopes:
            continue
        for inner in in_order(group.nodes):
            data = group.nodes[inner]
            kind = data.type.removeprefix(GROUP_PREFIX)
            if data.type.startswith(GROUP_PREFIX):
                data = replace(data, type=GROUP_PREFIX + names.get(kind, kind))
            edits.append(Add(inner, data, group.view.get(inner), names[name]))
        edits.append(Group(names[name], replace(group, nodes={}, view={})))
    return names


def in_order(nodes: Mapping[str, NodeData]) -> list[str]:
    """Names so that each comes after those it is linked to."""
    import networkx as nx

    held = dict(nodes)
    digraph: nx.DiGraph[str] = nx.DiGraph()
    digraph.add_nodes_from(held)
    for name, data in held.items():
        digraph.add_edges_from((link.node, name) for link in data.links.values() if link.node in held)
    return list(nx.topological_sort(digraph))


def free(wish: str, taken: Collection[str]) -> str:
    """``wish``, or ``wish_2``, ... where that is taken. A number at its end counts on."""
    if wish not in taken:
        return wish
    stem, _underscore, count = wish.rpartition("_")
    stem = stem if stem and count.isdigit() else wish
    number = 2
    while f"{stem}_{number}" in taken:
        number += 1
    return f"{stem}_{number}"
