"""Every way to change a document. ``edit.apply(document)`` returns the edit that undoes it.

An inverse is ``trusted``: what it puts back was there before, right or wrong, so no rule stops it.

An edit that cannot be applied raises an :class:`~meshloom.graph_runtime.errors.EditError` and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from meshloom.graph_runtime.document import ROOT, Document
from meshloom.graph_runtime.errors import BadValue
from meshloom.graph_runtime.graph import GroupData, Link, NodeData, Position


class Edit(Protocol):
    """A change that can be undone. ``label`` names the step in the undo list."""

    @property
    def label(self) -> str: ...

    def apply(self, document: Document) -> Edit:
        """Change the document; returns the inverse."""


@dataclass(frozen=True)
class Add:
    """A new node, with its parameters and the links into it."""

    name: str
    data: NodeData
    position: Position | None = None
    scope: str = ROOT
    trusted: bool = False

    @property
    def label(self) -> str:
        return f"Add {self.name}"

    def apply(self, document: Document) -> Edit:
        document.add_node(self.name, self.data, self.position, self.scope, self.trusted)
        try:
            for socket, link in self.data.links.items():
                document.link(link.node, link.output, self.name, socket, self.scope, self.trusted)
        except Exception:
            _unlink_all(document, self.name, self.scope)
            document.remove_node(self.name, self.scope)
            raise
        return Remove(self.name, self.scope)


@dataclass(frozen=True)
class Remove:
    """A node goes, with every link to and from it."""

    name: str
    scope: str = ROOT

    @property
    def label(self) -> str:
        return f"Remove {self.name}"

    def apply(self, document: Document) -> Edit:
        data = document.node(self.name, self.scope)
        position = document.position(self.name, self.scope)
        outgoing = [
            NewLink(self.name, output, node, socket, self.scope, trusted=True)
            for output, node, socket in document.links_from(self.name, self.scope)
        ]
        _unlink_all(document, self.name, self.scope)
        document.remove_node(self.name, self.scope)
        add = Add(self.name, data, position, self.scope, trusted=True)
        return Batch((add, *outgoing), f"Add {self.name}") if outgoing else add


def _unlink_all(document: Document, name: str, scope: str) -> None:
    for socket in list(document.node(name, scope).links):
        document.unlink(name, socket, scope)
    for _, node, socket in list(document.links_from(name, scope)):
        document.unlink(node, socket, scope)


@dataclass(frozen=True)
class NewLink:
    """Connect an output to a free input."""

    source: str
    output: str
    target: str
    socket: str
    scope: str = ROOT
    trusted: bool = False

    @property
    def label(self) -> str:
        return f"Link {self.source} to {self.target}"

    def apply(self, document: Document) -> Edit:
        document.link(self.source, self.output, self.target, self.socket, self.scope, self.trusted)
        return Unlink(self.target, self.socket, self.scope)


@dataclass(frozen=True)
class Unlink:
    """Disconnect an input."""

    target: str
    socket: str
    scope: str = ROOT

    @property
    def label(self) -> str:
        return f"Unlink {self.target}.{self.socket}"

    def apply(self, document: Document) -> Edit:
        link: Link = document.unlink(self.target, self.socket, self.scope)
        return NewLink(link.node, link.output, self.target, self.socket, self.scope, trusted=True)


@dataclass(frozen=True)
class Set:
    """Give a parameter a value; :data:`~meshloom.graph_runtime.document.DEFAULT` puts it back to its default."""

    name: str
    param: str
    given: Any
    scope: str = ROOT
    trusted: bool = False

    @property
    def label(self) -> str:
        return f"Set {self.name}.{self.param}"

    def apply(self, document: Document) -> Edit:
        before = document.set_param(self.name, self.param, self.given, self.scope, self.trusted)
        return Set(self.name, self.param, before, self.scope, trusted=True)


@dataclass(frozen=True)
class Flag:
    """Mute or bypass a node, or neither."""

    name: str
    mute: bool = False
    bypass: bool = False
    scope: str = ROOT

    @property
    def label(self) -> str:
        return f"{'Mute' if self.mute else 'Bypass' if self.bypass else 'Enable'} {self.name}"

    def apply(self, document: Document) -> Edit:
        mute, bypass = document.set_flags(self.name, self.mute, self.bypass, self.scope)
        return Flag(self.name, mute, bypass, self.scope)


@dataclass(frozen=True)
class Title:
    """Give a node a title."""

    name: str
    title: str
    scope: str = ROOT

    @property
    def label(self) -> str:
        return f"Title {self.name}"

    def apply(self, document: Document) -> Edit:
        return Title(self.name, document.set_title(self.name, self.title, self.scope), self.scope)


@dataclass(frozen=True)
class Rename:
    """Change a node's name."""

    name: str
    to: str
    scope: str = ROOT

    @property
    def label(self) -> str:
        return f"Rename {self.name}"

    def apply(self, document: Document) -> Edit:
        document.rename(self.name, self.to, self.scope)
        return Rename(self.to, self.name, self.scope)


@dataclass(frozen=True)
class Move:
    """Put a node elsewhere on the canvas."""

    name: str
    position: Position | None
    scope: str = ROOT

    @property
    def label(self) -> str:
        return f"Move {self.name}"

    def apply(self, document: Document) -> Edit:
        return Move(self.name, document.move(self.name, self.position, self.scope), self.scope)


@dataclass(frozen=True)
class Group:
    """Define or redefine the sockets of a group; ``None`` removes an empty one."""

    name: str
    interface: GroupData | None
    trusted: bool = False

    @property
    def label(self) -> str:
        return f"Group {self.name}"

    def apply(self, document: Document) -> Edit:
        if self.interface is None and not self.trusted and document.is_used(self.name):
            raise BadValue(self.name, "the group is still used", "remove its instances first")
        return Group(self.name, document.set_group(self.name, self.interface), trusted=True)


@dataclass(frozen=True)
class Extra:
    """Frames, notes, pins: whatever is kept beside the graph."""

    name: str
    held: Any

    @property
    def label(self) -> str:
        return f"Change {self.name}"

    def apply(self, document: Document) -> Edit:
        return Extra(self.name, document.set_extra(self.name, self.held))


@dataclass(frozen=True)
class Batch:
    """Several edits as one step: all or none."""

    edits: Sequence[Edit] = field(default_factory=tuple)
    label: str = "Edit"

    def apply(self, document: Document) -> Edit:
        undo: list[Edit] = []
        try:
            for edit in self.edits:
                undo.append(edit.apply(document))
        except Exception:
            for inverse in reversed(undo):
                inverse.apply(document)
            raise
        return Batch(tuple(reversed(undo)), self.label)


def in_turn(first: Edit, then: Edit, label: str) -> Batch:
    """Two edits as one, however often this is done: of what is given a value twice only the last one stays."""
    parts = [*_parts(first), *_parts(then)]
    given = [_given(part) for part in parts]
    if None not in given:
        parts = list(dict(zip(given, parts, strict=True)).values())
    return Batch(tuple(parts), label)


def _given(edit: Edit) -> tuple[object, ...] | None:
    """What an edit gives a value, whatever it was before; ``None`` where the order of edits matters."""
    if isinstance(edit, Set):
        return Set, edit.scope, edit.name, edit.param
    if isinstance(edit, (Flag, Title, Move)):
        return type(edit), edit.scope, edit.name
    return (Extra, edit.name) if isinstance(edit, Extra) else None


def _parts(edit: Edit) -> Sequence[Edit]:
    return edit.edits if isinstance(edit, Batch) else (edit,)
