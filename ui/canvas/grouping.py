"""Nodes into a group and out of one, each as one edit."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from meshloom.graph_runtime.document import Document
from meshloom.graph_runtime.edits import Add, Batch, Edit, Group, NewLink, Remove
from meshloom.graph_runtime.graph import GROUP_PREFIX, GroupData, Link, NodeData
from meshloom.ui.canvas.clipboard import free, in_order
from meshloom.ui.words import _


def collapse(document: Document, scope: str, names: Collection[str], title: str) -> tuple[Batch, str]:
    """The edit that puts nodes into a new group and its instance in their place; and the instance's name.

    Each outside output that feeds them becomes one input, each of their outputs read outside an output.
    """
    held = document.group(scope)
    chosen = [name for name in in_order(held.nodes) if name in names]
    group = free(title, document.scopes)
    instance = free(title, set(held.nodes) - set(chosen))
    inputs: dict[str, list[tuple[str, str]]] = {}
    feeds: dict[Link, str] = {}
    outputs: dict[str, tuple[str, str]] = {}
    outer: list[tuple[str, str, str]] = []
    inner: dict[str, NodeData] = {}
    for name in chosen:
        data = held.nodes[name]
        for socket, link in data.links.items():
            if link.node not in names:
                if link not in feeds:
                    feeds[link] = free(socket, inputs)
                    inputs[feeds[link]] = []
                inputs[feeds[link]].append((name, socket))
        kept = {socket: link for socket, link in data.links.items() if link.node in names}
        inner[name] = replace(data, links=kept)
        for output, target, socket in document.links_from(name, scope):
            if target not in names:
                known = next((key for key, end in outputs.items() if end == (name, output)), None)
                if known is None:
                    known = free(output, outputs)
                    outputs[known] = (name, output)
                outer.append((known, target, socket))
    places = [held.view[name] for name in chosen if name in held.view]
    at = (
        (round(sum(x for x, _y in places) / len(places)), round(sum(y for _x, y in places) / len(places)))
        if places
        else None
    )
    interface = GroupData({}, {key: tuple(ends) for key, ends in inputs.items()}, outputs)
    edits: list[Edit] = [Remove(name, scope) for name in reversed(chosen)]
    edits.append(Group(group, GroupData()))
    edits += [Add(name, inner[name], held.view.get(name), group) for name in chosen]
    edits.append(Group(group, interface))
    links = {feeds[link]: link for link in feeds}
    edits.append(Add(instance, NodeData(GROUP_PREFIX + group, {}, links, title=title), at, scope))
    edits += [NewLink(instance, key, target, socket, scope) for key, target, socket in outer]
    return Batch(tuple(edits), _("Group {count} nodes").format(count=len(chosen))), instance


def expand(document: Document, scope: str, instance: str) -> tuple[Batch, list[str]]:
    """The edit that puts a group's nodes where its instance is; and their names."""
    held = document.group(scope)
    data = held.nodes[instance]
    name = data.type.removeprefix(GROUP_PREFIX)
    group = document.group(name)
    taken = set(held.nodes) - {instance}
    names: dict[str, str] = {}
    for inner in group.nodes:
        names[inner] = free(inner, taken)
        taken.add(names[inner])
    outgoing = list(document.links_from(instance, scope))
    edits: list[Edit] = [Remove(instance, scope)]
    x, y = held.view.get(instance, (0.0, 0.0))
    left = min((place[0] for place in group.view.values()), default=0.0)
    top = min((place[1] for place in group.view.values()), default=0.0)
    fed = {end: data.links[key] for key, ends in group.inputs.items() if key in data.links for end in ends}
    promoted = {
        end: data.params[key] for key, end in group.params.items() if key in data.params
    }  # a parameter set on the instance holds inside
    for inner in in_order(group.nodes):
        node = group.nodes[inner]
        links = {socket: Link(names[link.node], link.output) for socket, link in node.links.items()}
        links |= {socket: link for (target, socket), link in fed.items() if target == inner}
        params = {
            **node.params,
            **{key: value for (target, key), value in promoted.items() if target == inner},
        }
        place = group.view.get(inner, (left, top))
        at = (round(x + place[0] - left), round(y + place[1] - top))
        edits.append(Add(names[inner], replace(node, links=links, params=params), at, scope))
    for key, target, socket in outgoing:
        end = group.outputs.get(key)
        if end is not None:
            edits.append(NewLink(names[end[0]], end[1], target, socket, scope))
    used = sum(
        node.type == data.type for each in document.scopes for node in document.group(each).nodes.values()
    )
    if used == 1:  # nobody else needs it
        edits += [Remove(inner, name) for inner in reversed(in_order(group.nodes))]
        edits.append(Group(name, None, trusted=True))
    return Batch(tuple(edits), _("Ungroup {name}").format(name=instance)), list(names.values())
