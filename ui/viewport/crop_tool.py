"""The box of a node that crops, in the viewport: its sides and middle are dragged, the node's parameters follow."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QHBoxLayout, QToolButton

from meshloom.kernels.raycast.view import View
from meshloom.ui.document import OpenDocument
from meshloom.ui.fields.text import label
from meshloom.ui.theme import UNIT, theme
from meshloom.ui.viewport.box import Array, Box, along_axis, on_plane
from meshloom.ui.viewport.edited_node import EditedNode
from meshloom.ui.viewport.things import Bounds, Points
from meshloom.ui.viewport.tool import Elided, Tool
from meshloom.ui.viewport.viewport import Viewport
from meshloom.ui.words import _

#: How near to a handle (pixels) the mouse takes hold of it.
_REACH = 10.0
#: A press that moves less than this (pixels) has no direction yet.
_SLACK = 4.0
#: A side that turns towards the eye or away turns no faster than one so many pixels from the middle.
_LEAST_ARM = 30.0
#: Points counted at most.
_COUNTED = 3_000_000
#: Radius of a handle, pixels.
_KNOB = 5.0
_AXES = ("#eb5250", "#6bbf54", "#4d85f2")
_FIELDS = ("centre", "size", "turn", "shape", "keep")
#: Of all drags of all tools: those of one merge to one step.
_STROKES = itertools.count()


class CropTool(Tool):
    """Edits ``centre`` and ``size`` of a node; each drag is one step to undo. What a link or a lock holds stays."""

    #: The result is to be seen instead of what is cut.
    result_wanted = Signal(bool)

    def __init__(self, viewport: Viewport, document: OpenDocument, scope: str, name: str) -> None:
        super().__init__(viewport)
        self.node = EditedNode(document, scope, name)
        self._at: int | None = None
        self._under: int | None = None
        self._from = Box()
        self._grip: Any = None
        #: While a side is swung: the axis of the box it turns about.
        self._swing: int | None = None
        self._start = QPointF()
        self._stroke = ""
        #: The box and the clouds counted last, and what came out.
        self._count: tuple[Box | None, list[Points], str] = (None, [], "")
        #: Where the stack of undo stands after this drag has changed something.
        self._wrote: int | None = None
        self.told = Elided(self)
        self.fit = QToolButton(self)
        self.fit.setText(_("Fit to the scene"))
        self.fit.setToolTip(_("Put the box around all that is shown"))
        self.fit.clicked.connect(self._fit)
        self.result = QToolButton(self)
        self.result.setText(_("Show the result"))
        self.result.setToolTip(_("See what the node made, without the rest"))
        self.result.setCheckable(True)
        self.result.toggled.connect(self._toggled)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * UNIT, UNIT, 2 * UNIT, UNIT)
        row.addWidget(self.told, 1)
        row.addWidget(self.fit)
        row.addWidget(self.result)
        document.changed.connect(self._changed)
        viewport.drawn.connect(self._tell)
        self._changed()

    # ------------------------------------------------------------------------------------------- the node

    def box(self) -> Box:
        """As the node's parameters say."""
        held = {field: self.node.value(field) for field in _FIELDS}
        return Box(**{
            field: tuple(map(float, value)) if isinstance(value, (tuple, list)) else str(value)
            for field, value in held.items() if value is not None
        })  # type: ignore[arg-type]  # fmt: skip

    def held_fast(self) -> set[str]:
        """Parameters that the mouse must not change."""
        return {field for field in _FIELDS if self.node.is_fast(field)}

    def _free(self, handle: int) -> bool:
        """The middle changes the centre; a side, the size and the centre."""
        fast = self.held_fast()
        return "centre" not in fast and (handle == 0 or "size" not in fast)

    def _changed(self, _changes: object = None) -> None:
        self.setEnabled(self.node.is_there)
        if not self.node.is_there:
            self.viewport.set_style(crop=None)
            return
        self.fit.setEnabled(self._free(1))
        crop = None if self.result.isChecked() or self._linked() else self.box()
        if crop != self.viewport.drawing.crop:
            self.viewport.drawing = replace(self.viewport.drawing, crop=crop)
            self.viewport.refresh(moving=self._at is not None)
        self._tell()
        self.viewport.update()

    def _toggled(self, result: bool) -> None:
        self._changed()
        self.result_wanted.emit(result)

    def _tell(self) -> None:
        """Say what holds the box fast; else how much it keeps, and what the mouse can do."""
        if not self.node.is_there:
            return
        fast = [label(field) for field in _FIELDS if field in self.held_fast()]
        self.told.say(
            _("Held by a link or a lock: {fields}").format(fields=", ".join(fast))
            if fast
            else self._counted() + _("Drag the sides or the middle; Ctrl moves both sides, Shift turns.")
        )

    def _counted(self) -> str:
        """How many points or splats are kept, of a scene that can be counted in an instant."""
        made = [thing._made for thing in self.viewport.things if thing.visible]
        clouds = [each for each in made if isinstance(each, Points) and len(each.positions)]
        count = sum(len(each.positions) for each in clouds)
        if not count or count > _COUNTED or self._at is not None or self.viewport.drawing.crop is None:
            self._count = (None, [], "")  # clouds that went are not kept alive
            return ""
        box = self.box()
        if self._count[0] != box or self._count[1] != clouds:
            kept = sum(int(box.kept(each.positions).sum()) for each in clouds)
            words = _("{kept} of {count} are kept.").format(kept=f"{kept:,}", count=f"{count:,}")
            self._count = (box, clouds, words + " ")
        return self._count[2]

    def _linked(self) -> bool:
        """Whether only a run knows what the box is."""
        return any(self.node.is_decided(field) for field in _FIELDS)

    def _write(self, box: Box, before: Box, words: str, merge: str = "") -> None:
        box, now = box.rounded(before), self.box()
        fields = [each for each in ("centre", "size", "turn") if getattr(box, each) != getattr(now, each)]
        if self.node.write({field: getattr(box, field) for field in fields}, words, merge):
            self._wrote = self.node.document.undo_stack.index()

    def _fit(self) -> None:
        scene = self.viewport.box
        if scene is not None and self.node.is_there and self._free(1):
            self._write(self.box().around(scene), self.box(), _("Fit the box"))

    # ------------------------------------------------------------------------------------------ the mouse

    def _handle_at(self, at: QPointF) -> int | None:
        if not self.node.is_there:
            return None
        places, depth = self.flat(self.box().handles(self.viewport.box), self.viewport.view())
        away = np.where(depth > 0, np.linalg.norm(places - [at.x(), at.y()], axis=1), np.inf)
        near = np.flatnonzero(away <= _REACH)
        if not len(near):
            return None
        # Of two that lie over each other, the one before.
        return int(near[np.argmin(depth[near])])

    def press(self, at: QPointF) -> bool:
        handle = self._handle_at(at)
        if handle is None or not self._free(handle):
            return False
        self._from, self._scene = self.box(), self.viewport.box
        self._grip = self._reached(handle, at)
        if self._grip is None:
            return False
        self._at, self._wrote, self._swing, self._start = handle, None, None, at
        self._stroke = f"crop {next(_STROKES)}"
        return True

    def _reached(self, handle: int, at: QPointF) -> Array | float | None:
        """Where the mouse is: on the handle's axis, or on the plane of the picture through the middle."""
        start = self._from.handles(self._scene)[handle]
        origin, way = self.ray(at)
        if handle == 0:
            return on_plane(origin, way, start, self.viewport.view().rotation[2])
        axis, side = divmod(handle - 1, 2)
        return along_axis(origin, way, start, self._from.axes[:, axis] * (2 * side - 1))

    def drag(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        if self._at is None or not self.node.is_there:
            return
        if self._at > 0 and (modifiers & Qt.KeyboardModifier.ShiftModifier or self._swing is not None):
            self._swing_to(at)
            return
        reached = self._reached(self._at, at)
        if reached is None:
            return
        by = reached - self._grip
        both = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        if self._at == 0:
            box = self._from.moved(by)
        else:
            box = self._from.pulled(self._at, float(by), self._scene, both)
        words = _("Move the box") if self._at == 0 else _("Resize the box")
        self._write(box, self._from, words, self._stroke)

    def _swing_to(self, at: QPointF) -> None:
        """Turn the box about that of its axes which brings the side the way that the mouse first went."""
        assert self._at is not None
        if "turn" in self.held_fast():
            return
        went = np.array([at.x() - self._start.x(), at.y() - self._start.y()])
        if self._swing is None and np.abs(went).sum() < _SLACK:
            return
        box, side = self._from, (self._at - 1) // 2
        handle = box.handles(self._scene)[self._at]
        arm = handle - np.asarray(box.centre)
        # Where the side would go on the screen, in pixels a radian, turned about each axis.
        turned = [np.cross(box.axes[:, axis], arm) for axis in range(3)]
        places, _depth = self.flat(
            np.stack([handle, *(handle + 1e-3 * each for each in turned)]), self.viewport.view()
        )
        ways = (places[1:] - places[0]) * 1e3
        if self._swing is None:
            fits = [abs(float(way @ went)) if axis != side else -1.0 for axis, way in enumerate(ways)]
            self._swing = int(np.argmax(fits))
        way = ways[self._swing]
        angle = np.degrees(float(way @ went) / max(float(way @ way), _LEAST_ARM**2))
        self._write(box.swung(self._swing, float(angle)), box, _("Turn the box"), self._stroke)

    def release(self) -> None:
        self._at = None
        self._changed()

    def hover(self, at: QPointF) -> bool:
        under = self._handle_at(at)
        if under != self._under:
            self._under = under
            self.viewport.update()
        return under is not None and self._free(under)

    def key(self, event: QKeyEvent) -> bool:
        if event.key() != Qt.Key.Key_Escape or self._at is None:
            return False
        self._at = None
        stack = self.node.document.undo_stack
        if stack.index() == self._wrote:  # else somebody has undone it, or has done something since
            stack.undo()
        return True

    def reach(self) -> Bounds | None:
        if not self.node.is_there or self._linked():
            return None
        corners = self.box().lines(self.viewport.box).reshape(-1, 3)
        return corners.min(axis=0), corners.max(axis=0)

    def leave(self) -> None:
        self.viewport.drawn.disconnect(self._tell)
        self.node.document.changed.disconnect(self._changed)
        self.viewport.set_style(crop=None)

    # --------------------------------------------------------------------------------------------- paint

    def paint(self, painter: QPainter, view: View) -> None:
        if not self.node.is_there:
            return
        box, scene = self.box(), self.viewport.box
        # What a link decides is known when it has run: what stands in the node may not be what is cut.
        line = Qt.PenStyle.DashLine if self._linked() else Qt.PenStyle.SolidLine
        pen = QPen(theme().colour("accent"), 1.6, line)
        painter.setPen(pen)
        self.draw_lines(painter, view, box.lines(scene), 0.3)
        handles = box.handles(scene)
        places, depth = self.flat(handles, view)
        for handle in sorted(range(7), key=lambda each: -depth[each]):
            if depth[handle] <= 0:
                continue
            place, free = QPointF(*places[handle]), self._free(handle)
            colour = theme().colour("accent") if handle == 0 else QColor(_AXES[(handle - 1) // 2])
            hot = free and handle in (self._at, self._under)
            painter.setPen(QPen(theme().colour("canvas"), 1.5))
            painter.setBrush(theme().colour("dim") if not free else colour.lighter(135) if hot else colour)
            size = _KNOB + (2 if hot else 0)
            if not free:
                _padlock(painter, place)
            elif handle == 0:
                painter.drawRoundedRect(QRectF(-size, -size, 2 * size, 2 * size).translated(place), 2, 2)
            else:
                painter.drawEllipse(place, size, size)
        painter.setBrush(Qt.BrushStyle.NoBrush)


def _padlock(painter: QPainter, at: QPointF) -> None:
    painter.save()
    body = painter.brush()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(body.color(), 1.5))
    painter.drawArc(QRectF(at.x() - 3, at.y() - 6.5, 6, 8), 0, 180 * 16)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(body)
    painter.drawRoundedRect(QRectF(at.x() - 4.5, at.y() - 2, 9, 7), 1.5, 1.5)
    painter.restore()
