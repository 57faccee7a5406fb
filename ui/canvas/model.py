"""What the canvas shows of one scope of the document: shapes, links and where they are, kept up to date.

A projection: it holds nothing that the document does not say, but for how nodes stand in the current run and
where things are while they are dragged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QLineF, QObject, QPointF, QRectF, Signal

from meshloom.graph_runtime.document import ROOT
from meshloom.graph_runtime.graph import NodeData
from meshloom.ui.canvas.layout import layered
from meshloom.ui.canvas.shape import NodeShape, shape_of
from meshloom.ui.document import Change, OpenDocument
from meshloom.ui.running.status import NodeStatus

#: The side of a cell of the index of places.
_CELL = 640.0

#: A link by the input it feeds.
LinkKey = tuple[str, str]


@dataclass(slots=True)
class LinkShape:
    """Where a link begins. ``converts``: its value is changed into the type of the input on the way."""

    source: str
    output: str
    target: str
    socket: str
    type: str
    converts: bool


class CanvasModel(QObject):
    """The shapes and links of a scope."""

    #: Something looks different.
    changed = Signal()

    def __init__(self, document: OpenDocument, scope: str = ROOT, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self.scope = scope
        self.shapes: dict[str, NodeShape] = {}
        self.links: dict[LinkKey, LinkShape] = {}
        self.statuses: dict[str, NodeStatus] = {}
        self._outgoing: dict[str, set[LinkKey]] = defaultdict(set)
        self._cells: dict[tuple[int, int], set[str]] = defaultdict(set)
        self._versions = 0
        #: What far views paint, by colour; ``None`` when it must be made again.
        self._far: tuple[dict[str, list[QRectF]], dict[str, list[QLineF]]] | None = None
        #: Nodes that are being dragged: painted apart and in no cell, so that lists and index stay.
        self._loose: frozenset[str] = frozenset()
        self._bounds: QRectF | None = None
        #: The links in a fixed order and the ends of each, (n, 4); ``None`` when they must be made again.
        self._ends: tuple[list[LinkShape], np.ndarray] | None = None
        self._loose_rows = (np.empty(0, int), np.empty(0, int))
        self.reload()
        document.changed.connect(self._document_changed)

    # ------------------------------------------------------------------------------- following the document

    def reload(self) -> None:
        """Read the whole scope anew."""
        held = self.document.document.group(self.scope)
        places = dict(held.view)
        if len(places) < len(held.nodes):
            places = {**layered(held.nodes, places), **places}
        self.shapes.clear()
        self.links.clear()
        self._outgoing.clear()
        self._cells.clear()
        self._loose = frozenset()
        for name, data in held.nodes.items():
            self._add(name, data, places[name])
        for name, data in held.nodes.items():
            self._read_links(name, data)
        self._dirty()

    def _document_changed(self, changes: tuple[Change, ...]) -> None:
        document = self.document.document
        if self.scope not in document.scopes:
            self._dirty()  # for the view to go elsewhere
            return
        names: dict[str, set[str]] = defaultdict(set)
        for what, scope, name in changes:
            if scope == self.scope:
                names[name].add(what)
            if (what == "renamed" and scope == self.scope) or what == "group":
                self.reload()
                return
        present = set(document.names(self.scope))
        for name in names:
            if name not in present:
                self._remove(name)
        if any(what != "moved" and scope not in (self.scope, ROOT) for what, scope, _name in changes):
            # Undone or done again from outside: what a group takes and gives may be another.
            for name in [name for name, shape in self.shapes.items() if shape.group]:
                names[name].add("group")
        others = []
        for name, kinds in names.items():
            if name in present and kinds == {"moved"} and name in self.shapes:
                place = document.position(name, self.scope)
                if place is not None:
                    self.place(name, *place)
            elif name in present:
                others.append(name)
                self._refresh(name)
        for name in others if len(others) > 1 else ():  # links among them, now that all are there
            self._read_links(name, document.node(name, self.scope))
        self._dirty()

    def _refresh(self, name: str) -> None:
        data = self.document.document.node(name, self.scope)
        before = self.shapes.get(name)
        loose = name in self._loose  # where the pointer has it, whatever the document says
        place = None if loose else self.document.document.position(name, self.scope)
        at = place or ((before.x, before.y) if before is not None else (0.0, 0.0))
        if before is not None:
            self._uncell(before)
        for key in [key for key in self.links if key[0] == name] if before is not None else []:
            self._drop_link(key)
        self._add(name, data, at)
        if loose:
            self._uncell(self.shapes[name])
        self._read_links(name, data)
        for target in {key[0] for key in self._outgoing[name]}:
            self._read_links(target, self.document.document.node(target, self.scope))

    def _add(self, name: str, data: NodeData, at: tuple[float, float]) -> None:
        status = self.statuses.get(name)
        pictured = status is not None and status.picture is not None
        shape = shape_of(self.document.document, self.scope, name, data, at, pictured)
        self._versions += 1
        shape.version = self._versions
        self.shapes[name] = shape
        self._encell(shape)

    def _remove(self, name: str) -> None:
        shape = self.shapes.pop(name, None)
        if shape is None:
            return
        self._uncell(shape)
        self._loose -= {name}
        self.statuses.pop(name, None)
        for key in [key for key, link in self.links.items() if name in (key[0], link.source)]:
            self._drop_link(key)
        self._outgoing.pop(name, None)

    def _read_links(self, name: str, data: NodeData) -> None:
        target = self.shapes[name]
        for socket, link in data.links.items():
            source = self.shapes.get(link.node)
            if source is None:
                continue
            given, taken = source.socket(link.output, outgoing=True), target.socket(socket, outgoing=False)
            type_ = given.type if given is not None else ""
            converts = bool(given and taken and given.type and taken.type and given.type != taken.type)
            self.links[name, socket] = LinkShape(link.node, link.output, name, socket, type_, converts)
            self._outgoing[link.node].add((name, socket))

    def _drop_link(self, key: LinkKey) -> None:
        link = self.links.pop(key)
        self._outgoing[link.source].discard(key)

    # ---------------------------------------------------------------------------------------- places

    def place(self, name: str, x: float, y: float) -> None:
        """Show a node elsewhere."""
        shape = self.shapes[name]
        self._uncell(shape)
        shape.x, shape.y = x, y
        self._encell(shape)
        self._far = self._bounds = self._ends = None

    def free_place(self, at: QPointF, width: float, height: float) -> QPointF:
        """The nearest place below ``at``, or there, where a node of this size lies on no other."""
        box = QRectF(at.x(), at.y(), width, height)
        while below := [rect_of(each).bottom() for each in self.near(box) if rect_of(each).intersects(box)]:
            box.moveTop(max(below) + 24)
        return box.topLeft()

    def loosen(self, names: Collection[str]) -> None:
        """These are picked up: until called with none, :meth:`shift` moves them all at little cost."""
        for name in self._loose:
            if name in self.shapes:
                self._encell(self.shapes[name])
        self._loose = frozenset(name for name in names if name in self.shapes)
        for name in self._loose:
            self._uncell(self.shapes[name])
        self._far = self._bounds = None
        links, _ends = self._link_ends()
        self._find_loose_rows(links)

    def _find_loose_rows(self, links: list[LinkShape]) -> None:
        self._loose_rows = (
            np.array([row for row, link in enumerate(links) if link.source in self._loose], int),
            np.array([row for row, link in enumerate(links) if link.target in self._loose], int),
        )

    def shift(self, dx: float, dy: float) -> None:
        """Move what is picked up (the document is told when it is put down)."""
        for name in self._loose:
            shape = self.shapes.get(name)
            if shape is not None:
                shape.x += dx
                shape.y += dy
        _links, ends = self._link_ends()
        begin, end = self._loose_rows
        ends[begin, :2] += (dx, dy)
        ends[end, 2:] += (dx, dy)

    def loose_lines(self) -> list[QLineF]:
        """The links of what is picked up, as straight lines."""
        _links, ends = self._link_ends()
        rows = np.unique(np.concatenate(self._loose_rows))
        return [QLineF(*row) for row in ends[rows].tolist()]

    def _encell(self, shape: NodeShape) -> None:
        for cell in _cells(shape):
            self._cells[cell].add(shape.name)

    def _uncell(self, shape: NodeShape) -> None:
        for cell in _cells(shape):
            self._cells[cell].discard(shape.name)

    def _dirty(self) -> None:
        self._far = self._bounds = self._ends = None
        self.changed.emit()

    def near(self, box: QRectF) -> list[NodeShape]:
        """The nodes that touch ``box``, in the order they are painted."""
        left, right = int(box.left() // _CELL), int(box.right() // _CELL)
        top, bottom = int(box.top() // _CELL), int(box.bottom() // _CELL)
        if (right - left + 1) * (bottom - top + 1) > len(self._cells):
            found: Iterable[str] = self.shapes
        else:
            found = {
                name
                for column in range(left, right + 1)
                for row in range(top, bottom + 1)
                for name in self._cells.get((column, row), ())
            }
        found = {*found, *self._loose} if self._loose else found
        shapes = [self.shapes[name] for name in found if rect_of(self.shapes[name]).intersects(box)]
        return sorted(shapes, key=lambda shape: shape.version)

    def bounds(self, names: Iterable[str] | None = None) -> QRectF:
        """The box around these nodes, or around all."""
        if names is None and self._bounds is not None:
            return self._bounds
        shapes = [self.shapes[name] for name in names] if names is not None else list(self.shapes.values())
        if not shapes:
            return QRectF()
        left, top = min(each.x for each in shapes), min(each.y for each in shapes)
        right = max(each.x + each.width for each in shapes)
        box = QRectF(left, top, right - left, max(each.y + each.height for each in shapes) - top)
        if names is None:
            self._bounds = box
        return box

    def ends(self, link: LinkShape) -> tuple[QPointF, QPointF]:
        """Where a link begins and ends."""
        source, target = self.shapes[link.source], self.shapes[link.target]
        given = source.socket(link.output, outgoing=True)
        taken = target.socket(link.socket, outgoing=False)
        start = (given.x, given.y) if given is not None else (source.width, 15.0)
        end = (taken.x, taken.y) if taken is not None else (0.0, 15.0)
        return QPointF(source.x + start[0], source.y + start[1]), QPointF(
            target.x + end[0], target.y + end[1]
        )

    def _link_ends(self) -> tuple[list[LinkShape], np.ndarray]:
        if self._ends is None:
            links = list(self.links.values())
            ends = np.empty((len(links), 4))
            for index, link in enumerate(links):
                start, end = self.ends(link)
                ends[index] = (start.x(), start.y(), end.x(), end.y())
            self._ends = links, ends
            self._find_loose_rows(links)
        return self._ends

    def links_near(self, box: QRectF) -> Iterator[tuple[LinkShape, QPointF, QPointF]]:
        """The links whose curves may touch ``box``, with their ends."""
        links, ends = self._link_ends()
        x1, y1, x2, y2 = ends.T
        reach = np.where(x2 >= x1 + 60, 0.0, 160.0)  # a curve that goes back swings out on both sides
        touching = (
            (np.maximum(x1, x2) + reach >= box.left())
            & (np.minimum(x1, x2) - reach <= box.right())
            & (np.maximum(y1, y2) >= box.top())
            & (np.minimum(y1, y2) <= box.bottom())
        )
        chosen = np.flatnonzero(touching)
        for index, row in zip(chosen.tolist(), ends[chosen].tolist(), strict=True):
            yield links[index], QPointF(row[0], row[1]), QPointF(row[2], row[3])

    def links_of(self, names: Collection[str]) -> Iterator[LinkShape]:
        """Every link that begins or ends at one of these nodes, once."""
        held = set(names)
        for name in held:
            for key in self._outgoing.get(name, ()):
                yield self.links[key]
            for socket in self.shapes[name].inputs:
                link = self.links.get((name, socket.name))
                if link is not None and link.source not in held:
                    yield link

    def far(self) -> tuple[dict[str, list[QRectF]], dict[str, list[QLineF]]]:
        """Boxes by tint and lines by type of all that is not being dragged, for views from far away."""
        if self._far is None:
            boxes: dict[str, list[QRectF]] = defaultdict(list)
            lines: dict[str, list[QLineF]] = defaultdict(list)
            for name, shape in self.shapes.items():
                if name not in self._loose:
                    boxes["" if shape.ghost else shape.tint].append(rect_of(shape))
            for link in self.links.values():
                if link.source not in self._loose and link.target not in self._loose:
                    lines[link.type].append(QLineF(*self.ends(link)))
            self._far = boxes, lines
        return self._far

    @property
    def loose(self) -> frozenset[str]:
        return self._loose

    # ---------------------------------------------------------------------------------------- statuses

    def set_status(self, name: str, status: NodeStatus) -> None:
        """How a node stands. Only a picture that comes or goes changes its shape."""
        before = self.statuses.get(name)
        self.statuses[name] = status
        shape = self.shapes.get(name)
        if shape is None:
            return
        old = before.picture if before is not None else None
        if (old is None) != (status.picture is None):
            self._refresh(name)
            self._dirty()
        elif old is not status.picture:
            self._versions += 1
            shape.version = self._versions


def rect_of(shape: NodeShape) -> QRectF:
    return QRectF(shape.x, shape.y, shape.width, shape.height)


def _cells(shape: NodeShape) -> list[tuple[int, int]]:
    left, right = int(shape.x // _CELL), int((shape.x + shape.width) // _CELL)
    top, bottom = int(shape.y // _CELL), int((shape.y + shape.height) // _CELL)
    return [(column, row) for column in range(left, right + 1) for row in range(top, bottom + 1)]
