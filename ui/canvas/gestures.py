"""What the mouse does on the canvas, one class for each thing that begins with a press and ends with a release."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QMouseEvent

from meshloom.graph_runtime.document import DEFAULT
from meshloom.graph_runtime.edits import Batch, Edit, Extra, Move, NewLink, Set, Unlink
from meshloom.graph_runtime.plan import fit
from meshloom.graph_runtime.spec import Range
from meshloom.graph_runtime.types import SCALARS, VALUES
from meshloom.ui.canvas import decor, dots
from meshloom.ui.canvas.hits import Hit, link_at
from meshloom.ui.canvas.model import LinkShape, rect_of
from meshloom.ui.canvas.shape import Field, Socket
from meshloom.ui.locks import is_locked
from meshloom.ui.words import _

if TYPE_CHECKING:
    from meshloom.ui.canvas.view import CanvasView

#: A press that moves less than this (pixels) is a click.
_SLACK = 4.0
#: Nodes come to stand on multiples of this while Ctrl is held.
_SNAP = 24.0


def begin(view: CanvasView, event: QMouseEvent, space: bool) -> Gesture | None:
    """The gesture that a press begins; ``None`` if it means nothing here."""
    button = event.button()
    if button == Qt.MouseButton.MiddleButton or (button == Qt.MouseButton.LeftButton and space):
        if space:
            view.space_used()
        return Pan(view, event)
    if button != Qt.MouseButton.LeftButton:
        return None
    hit = view.at(event.position())
    if hit.socket is not None:
        return DragLink(view, event, hit)
    if hit.field is not None and hit.node is not None:
        if is_locked(view.document.document, view.scope, hit.node, hit.field.name):
            view.notice(_("{field} is locked").format(field=hit.field.label), event.position())
            return MoveNodes(view, event, hit.node)
        return PressField(view, event, hit.node, hit.field)
    if hit.node is not None:
        return MoveNodes(view, event, hit.node)
    at = view.mapToScene(event.position().toPoint())
    dot = dots.dot_at(view.model, at, 10 / view.zoom)
    if dot is not None:
        return MoveDot(view, event, dot)
    for kind, found in (("notes", decor.note_at(view.model, at)), ("frames", decor.frame_at(view.model, at))):
        if found is not None:
            return MoveDecor(view, event, kind, found)
    return Rubber(view, event)


def may_fit(one: Socket, other: Socket) -> bool:
    """Whether a value of one socket may go into the other; yes where a type is not known."""
    given, taken = (one, other) if one.outgoing else (other, one)
    types = {**VALUES, **SCALARS}
    if given.type not in types or taken.type not in types:
        return True
    return fit(types[given.type], types[taken.type])[0]


class Gesture:
    """``move`` while the button is down, ``end`` when it is released (``False`` to go on), ``cancel`` on Escape."""

    def __init__(self, view: CanvasView, event: QMouseEvent) -> None:
        self.view = view
        self.button = event.button()
        self.start = self.position = event.position()
        self.scene_start = view.mapToScene(event.position().toPoint())
        self.moved = False

    def move(self, event: QMouseEvent) -> None:
        self.position = event.position()
        if not self.moved and (self.position - self.start).manhattanLength() < _SLACK:
            return
        self.moved = True
        self.drag(event, self.view.mapToScene(event.position().toPoint()))
        self.view.viewport().update()

    def end(self, event: QMouseEvent) -> bool:
        if event.button() != self.button:
            return False
        self.position = event.position()
        if self.moved:
            self.drop(event, self.view.mapToScene(event.position().toPoint()))
        else:
            self.click(event)
        return True

    def drag(self, event: QMouseEvent, at: QPointF) -> None: ...
    def drop(self, event: QMouseEvent, at: QPointF) -> None: ...
    def click(self, event: QMouseEvent) -> None: ...
    def cancel(self) -> None: ...


class Pan(Gesture):
    """The view follows the pointer."""

    def __init__(self, view: CanvasView, event: QMouseEvent) -> None:
        super().__init__(view, event)
        self._last = event.position()
        view.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)

    def move(self, event: QMouseEvent) -> None:
        self.moved = True
        self.view.pan(event.position() - self._last)
        self._last = self.position = event.position()

    def drop(self, event: QMouseEvent, at: QPointF) -> None:
        self.view.viewport().unsetCursor()

    def click(self, event: QMouseEvent) -> None:
        self.view.viewport().unsetCursor()


class Rubber(Gesture):
    """A box that selects what it touches; Shift adds, Ctrl takes out."""

    def drag(self, event: QMouseEvent, at: QPointF) -> None:
        self.view.rubber = QRectF(self.scene_start, at).normalized()

    def drop(self, event: QMouseEvent, at: QPointF) -> None:
        box, self.view.rubber = self.view.rubber or QRectF(), None
        found = [shape.name for shape in self.view.model.near(box)]
        self._choose(event, found)

    def click(self, event: QMouseEvent) -> None:
        self._choose(event, [])

    def _choose(self, event: QMouseEvent, found: list[str]) -> None:
        held = self.view.selection
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            found = [*held, *found]
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            found = [name for name in held if name not in found]
        self.view.select(found)

    def cancel(self) -> None:
        self.view.rubber = None


class MoveNodes(Gesture):
    """The selection follows the pointer; one node dropped on a link is put into it (not with Alt)."""

    def __init__(self, view: CanvasView, event: QMouseEvent, name: str) -> None:
        super().__init__(view, event)
        self._name = name
        self._was_selected = name in view.selection
        toggles = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier
        if not self._was_selected:
            view.select([*view.selection, name] if event.modifiers() & toggles else [name])
        self._from = {each: (view.model.shapes[each].x, view.model.shapes[each].y) for each in view.selection}
        self._by = QPointF()

    def drag(self, event: QMouseEvent, at: QPointF) -> None:
        model = self.view.model
        if not model.loose:
            model.loosen(self._from)
        by = at - self.scene_start
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and self._name in self._from:
            x, y = self._from[self._name]
            by = QPointF(_snapped(x + by.x()) - x, _snapped(y + by.y()) - y)
        model.shift(by.x() - self._by.x(), by.y() - self._by.y())
        self._by = by
        alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        self.view.drop_link = None if alt or len(self._from) != 1 else self._link_under()

    def _link_under(self) -> LinkShape | None:
        model, name = self.view.model, self._name
        shape = model.shapes.get(name)
        if shape is None or any(True for _link in model.links_of((name,))):
            return None
        middle = rect_of(shape).center()
        link = link_at(model, middle, 40.0) or link_at(model, QPointF(middle.x(), shape.y + 40), 30.0)
        return link if link is not None and _ends_for(self.view, name, link) is not None else None

    def drop(self, event: QMouseEvent, at: QPointF) -> None:
        view, model = self.view, self.view.model
        link, view.drop_link = view.drop_link, None
        moves: list[Edit] = []
        for name in self._from:
            if name in model.shapes:
                shape = model.shapes[name]
                moves.append(Move(name, (round(shape.x), round(shape.y)), view.scope))
        self.cancel()
        label = _("Move {count} nodes").format(count=len(moves)) if len(moves) > 1 else _("Move")
        if link is not None:
            moves += _insertion(view, self._name, link)
            label = _("Insert {node}").format(node=self._name)
        view.document.do(Batch(tuple(moves), label))

    def click(self, event: QMouseEvent) -> None:
        toggles = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier
        if not event.modifiers() & toggles:
            self.view.select([self._name])
        elif self._was_selected:
            self.view.select([name for name in self.view.selection if name != self._name])

    def cancel(self) -> None:
        self.view.drop_link = None
        _put_back(self.view, self._from)
        self._by = QPointF()


def _put_back(view: CanvasView, places: dict[str, tuple[float, float]]) -> None:
    """What was picked up is exactly where it was."""
    view.model.loosen(())
    for name, (x, y) in places.items():
        if name in view.model.shapes:
            view.model.place(name, x, y)


def _snapped(place: float) -> float:
    return round(place / _SNAP) * _SNAP


def _ends_for(view: CanvasView, name: str, link: LinkShape) -> tuple[Socket, Socket] | None:
    """The input and output of a node that would take a link's place: both must fit."""
    model = view.model
    if name in (link.source, link.target):
        return None
    given = model.shapes[link.source].socket(link.output, outgoing=True)
    taken = model.shapes[link.target].socket(link.socket, outgoing=False)
    if given is None or taken is None:
        return None
    shape = model.shapes[name]
    inner = next((each for each in shape.inputs if each.type == given.type), None)
    inner = inner or next((each for each in shape.inputs if may_fit(given, each)), None)
    outer = next((each for each in shape.outputs if each.type == taken.type), None)
    outer = outer or next((each for each in shape.outputs if may_fit(each, taken)), None)
    return (inner, outer) if inner is not None and outer is not None else None


def _insertion(view: CanvasView, name: str, link: LinkShape) -> list[Edit]:
    ends = _ends_for(view, name, link)
    if ends is None:
        return []
    scope = view.scope
    return [
        Unlink(link.target, link.socket, scope),
        NewLink(link.source, link.output, name, ends[0].name, scope),
        NewLink(name, ends[1].name, link.target, link.socket, scope),
    ]


class DragLink(Gesture):
    """A link from a socket. From a linked input, the link comes along and can be put elsewhere or dropped."""

    def __init__(self, view: CanvasView, event: QMouseEvent, hit: Hit) -> None:
        super().__init__(view, event)
        assert hit.node is not None and hit.socket is not None
        self._unplugged: LinkShape | None = None
        node, socket = hit.node, hit.socket
        link = view.model.links.get((node, socket.name)) if not socket.outgoing else None
        if link is not None:
            source = view.model.shapes[link.source].socket(link.output, outgoing=True)
            if source is not None:
                self._unplugged = link
                node, socket = link.source, source
        self._fixed = (node, socket)

    def drag(self, event: QMouseEvent, at: QPointF) -> None:
        self.view.loose_link = (*self._fixed, at)

    def drop(self, event: QMouseEvent, at: QPointF) -> None:
        self.view.loose_link = None
        view, scope = self.view, self.view.scope
        name, socket = self._fixed
        hit = view.at(event.position())
        end = hit.socket
        if end is None and hit.node is not None and hit.node != name:  # onto the node: its best free socket
            shape = view.model.shapes[hit.node]
            fitting = [
                each for each in (shape.inputs if socket.outgoing else shape.outputs) if may_fit(socket, each)
            ]
            fitting.sort(key=lambda each: (each.linked and not each.outgoing, each.type != socket.type))
            end = fitting[0] if fitting else None
            if end is None:
                view.notice(_("{node} has nothing that takes {type}").format(node=shape.title, type=socket.type),
                            event.position())  # fmt: skip
                return
        if end is None or hit.node is None:
            self._drop_on_nothing(event)
            return
        if end.outgoing == socket.outgoing:
            if self._unplugged is None or hit.node != self._unplugged.target:
                both = _("Both are outputs") if end.outgoing else _("Both are inputs")
                view.notice(_("{both}; link an output to an input").format(both=both), event.position())
            return
        given, taken = (
            ((name, socket), (hit.node, end)) if socket.outgoing else ((hit.node, end), (name, socket))
        )
        edits: list[Edit] = []
        if self._unplugged is not None:
            if (self._unplugged.target, self._unplugged.socket) == (taken[0], taken[1].name):
                return
            edits.append(Unlink(self._unplugged.target, self._unplugged.socket, scope))
        if (taken[0], taken[1].name) in view.model.links:
            edits.append(Unlink(taken[0], taken[1].name, scope))
        edits.append(NewLink(given[0], given[1].name, taken[0], taken[1].name, scope))
        view.document.do(Batch(tuple(edits), _("Link {a} to {b}").format(a=given[0], b=taken[0])))

    def _drop_on_nothing(self, event: QMouseEvent) -> None:
        view = self.view
        if self._unplugged is not None:
            link = self._unplugged
            view.document.do(
                Unlink(link.target, link.socket, view.scope), _("Unlink {node}").format(node=link.target)
            )
            return
        name, socket = self._fixed
        view.pending = (name, socket)
        direction = "in" if socket.outgoing else "out"
        view.palette_wanted.emit(event.globalPosition().toPoint(), socket.type, direction)

    def cancel(self) -> None:
        self.view.loose_link = None


class PressField(Gesture):
    """A click opens the field's editor (or turns a switch); a sideways drag changes a number."""

    def __init__(self, view: CanvasView, event: QMouseEvent, name: str, field: Field) -> None:
        super().__init__(view, event)
        self._name = name
        self._field = field
        self._merge = uuid.uuid4().hex
        self._before = view.document.document.node(name, view.scope).params.get(field.name, DEFAULT)
        param = field.param
        assert param is not None
        number = param.kind in ("int", "float") and isinstance(field.value, (int, float))
        self._scrubs = number and not field.linked
        self._mover = None if self._scrubs else MoveNodes(view, event, name)

    def drag(self, event: QMouseEvent, at: QPointF) -> None:
        if self._mover is not None:
            self._mover.drag(event, at)
            return
        param, value = self._field.param, self._field.value
        assert param is not None
        pixels = self.position.x() - self.start.x()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            pixels *= 0.1
        low = high = None
        if isinstance(param.hint, Range):
            low, high = param.hint.low, param.hint.high
        if low is not None and high is not None and high - low < 1e6:
            given: Any = value + pixels / 200 * (high - low)
        else:
            given = value + pixels * max(abs(value), 1 if param.kind == "int" else 0.1) / 100
        given = given if low is None else max(low, given)
        given = given if high is None else min(high, given)
        given = round(given) if param.kind == "int" else float(f"{given:.4g}")
        self.view.document.do(
            Set(self._name, self._field.name, given, self.view.scope),
            _("Set {field}").format(field=self._field.label),
            merge=self._merge,
        )

    def drop(self, event: QMouseEvent, at: QPointF) -> None:
        if self._mover is not None:
            self._mover.drop(event, at)

    def click(self, event: QMouseEvent) -> None:
        self.view.select([self._name])
        field = self._field
        assert field.param is not None
        if field.linked:
            return
        if field.param.kind == "bool":
            label = _("Set {field}").format(field=field.label)
            self.view.document.do(Set(self._name, field.name, not field.value, self.view.scope), label)
            return
        self.view.edit_field(self._name, field)

    def cancel(self) -> None:
        if self._mover is not None:
            self._mover.cancel()
        elif self.moved:
            self.view.document.do(
                Set(self._name, self._field.name, self._before, self.view.scope, trusted=True),
                merge=self._merge,
            )


class MoveDecor(Gesture):
    """A frame, with all that stands on it, or a note follows the pointer."""

    def __init__(self, view: CanvasView, event: QMouseEvent, kind: str, index: int) -> None:
        super().__init__(view, event)
        self._kind, self._index = kind, index
        box = decor.box_of(decor.held(view.model, kind)[index])
        inside = [shape.name for shape in view.model.near(box) if box.contains(rect_of(shape).center())]
        self._from = {
            name: (view.model.shapes[name].x, view.model.shapes[name].y)
            for name in (inside if kind == "frames" else [])
        }
        self._by = QPointF()

    def drag(self, event: QMouseEvent, at: QPointF) -> None:
        if not self.view.model.loose:
            self.view.model.loosen(self._from)
        by = at - self.scene_start
        self.view.model.shift(by.x() - self._by.x(), by.y() - self._by.y())
        self._by = by

    def drop(self, event: QMouseEvent, at: QPointF) -> None:
        view = self.view
        by = (round(self._by.x()), round(self._by.y()))
        self.cancel()
        listed = [dict(each) for each in decor.held(view.model, self._kind)]
        x, y, width, height = listed[self._index]["box"]
        listed[self._index]["box"] = [x + by[0], y + by[1], width, height]
        edits: list[Edit] = [
            Move(name, (place[0] + by[0], place[1] + by[1]), view.scope) for name, place in self._from.items()
        ]
        edits.append(decor_edit(view, self._kind, listed))
        view.document.do(Batch(tuple(edits), _("Move frame") if self._kind == "frames" else _("Move note")))

    def click(self, event: QMouseEvent) -> None:
        if self._kind == "frames":
            self.view.select(list(self._from))

    def cancel(self) -> None:
        _put_back(self.view, self._from)
        self._by = QPointF()


class MoveDot(Gesture):
    """A reroute dot follows the pointer."""

    def __init__(self, view: CanvasView, event: QMouseEvent, index: int) -> None:
        super().__init__(view, event)
        self._index = index
        self._merge = uuid.uuid4().hex
        self._before = [dict(each) for each in dots.held(view.model)]

    def drag(self, event: QMouseEvent, at: QPointF) -> None:
        step = _SNAP if event.modifiers() & Qt.KeyboardModifier.ControlModifier else 1.0
        listed = [dict(each) for each in self._before]
        listed[self._index]["at"] = [round(at.x() / step) * step, round(at.y() / step) * step]
        self.view.document.do(dots.changed(self.view, listed), _("Move a dot"), merge=self._merge)

    def cancel(self) -> None:
        if self.moved:
            self.view.document.do(dots.changed(self.view, self._before), merge=self._merge)


def decor_edit(view: CanvasView, kind: str, listed: list[dict[str, Any]]) -> Extra:
    """The edit that makes these the frames or notes of the scope shown."""
    found = dict(view.document.document.extras.get(kind, {}))
    found[view.scope] = listed
    return Extra(kind, {scope: each for scope, each in found.items() if each} or None)
