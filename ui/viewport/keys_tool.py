"""Keyframes of a camera in the viewport: set where the eye is, seen as cameras on their way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QListView, QListWidget, QToolButton

from meshloom.graph_runtime.types import Cameras
from meshloom.kernels.geometry.keyframes import Key, between, rows_of
from meshloom.kernels.raycast.framing import UP
from meshloom.kernels.raycast.overlay import frusta, frustum_length
from meshloom.kernels.raycast.view import View, look_from
from meshloom.ui.document import OpenDocument
from meshloom.ui.fields.text import label
from meshloom.ui.theme import UNIT, theme
from meshloom.ui.viewport.edited_node import EditedNode
from meshloom.ui.viewport.eye import Eye, towards_of
from meshloom.ui.viewport.key_lines import Held, added, keys_in, next_time, removed, replaced
from meshloom.ui.viewport.things import Bounds
from meshloom.ui.viewport.tool import Tool
from meshloom.ui.viewport.viewport import Viewport
from meshloom.ui.words import _

#: Nodes with keyframes, and the parameter that holds them.
KEYED = {"cameras.keyframes": "frames"}
#: How near to a keyframe's camera (pixels) a click means it.
_REACH = 14.0
#: Pieces of the way between two keyframes.
_PIECES = 24


class KeysTool(Tool):
    """Adds, moves to, replaces and deletes keyframes; each change is one step to undo."""

    def __init__(self, viewport: Viewport, document: OpenDocument, scope: str, name: str) -> None:
        super().__init__(viewport)
        self.node = EditedNode(document, scope, name)
        self._cameras: Cameras | None = None
        self.held: list[Held] = []
        self._text = ""
        self.add = self._button(_("Add keyframe here"), _("Where the eye is now, after the others (K)"))
        self.replace = self._button(_("Replace"), _("Put the chosen keyframe where the eye is now (Shift+K)"))
        self.delete = self._button(_("Delete"), _("Take the chosen keyframe out (Del)"))
        self.keys = QListWidget(self)
        self.keys.setFlow(QListView.Flow.LeftToRight)
        self.keys.setWrapping(False)
        self.keys.setSpacing(3)
        self.keys.setMinimumWidth(60)
        self.keys.setFixedHeight(self.add.sizeHint().height() + 2 * UNIT)
        self.keys.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.keys.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.keys.setAccessibleName(_("Keyframes"))
        self.told = QLabel(self)
        self.told.setProperty("mood", "dim")
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * UNIT, UNIT, 2 * UNIT, UNIT)
        row.addWidget(self.add)
        row.addWidget(self.keys, 1)
        row.addWidget(self.told)
        row.addWidget(self.replace)
        row.addWidget(self.delete)
        self.add.clicked.connect(self._add)
        self.replace.clicked.connect(self._replace)
        self.delete.clicked.connect(self._delete)
        self.keys.itemClicked.connect(self._chosen)
        self.keys.itemActivated.connect(self._chosen)
        document.changed.connect(self._changed)
        self._changed()

    def _button(self, text: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setToolTip(tip)
        return button

    def sizeHint(self) -> QSize:
        return QSize(200, super().sizeHint().height())

    # ------------------------------------------------------------------------------------------- the node

    @property
    def _param(self) -> str:
        return KEYED[self.node.data.type]

    def text(self) -> str:
        """The node's keyframes."""
        return str(self.node.value(self._param))

    def _is_example(self) -> bool:
        """Whether nobody has said a keyframe yet: what stands there is how one is written."""
        return self._param not in self.node.data.params

    def is_locked(self) -> bool:
        """Whether a link, a lock or a group decides the text."""
        return self.node.is_fast(self._param)

    def set_cameras(self, cameras: Cameras | None) -> None:
        """Those that keyframes may name; ``None``: there are none."""
        self._cameras = cameras
        self._changed()

    def _changed(self, _changes: object = None) -> None:
        self.setEnabled(self.node.is_there)
        if not self.node.is_there:
            self.held = []
            self.viewport.update()
            return
        self._text = self.text()
        self.held = keys_in(self._text, self._cameras)
        chosen = self.keys.currentRow()
        self.keys.clear()
        self.keys.addItems([_("{time} s").format(time=f"{each.key.time:g}") for each in self.held])
        self.keys.setCurrentRow(min(chosen, len(self.held) - 1))
        locked = self.is_locked()
        self.add.setEnabled(not locked)
        for button in (self.replace, self.delete):
            button.setEnabled(not locked and bool(self.held))
        self.told.setText(
            _("Held by a link or a lock: {fields}").format(fields=label(self._param))
            if locked
            else _("One more is needed") if len(self.held) == 1 else ""
        )  # fmt: skip
        self.viewport.update()

    def _write(self, text: str, words: str) -> None:
        if not self.is_locked():
            self.node.write({self._param: text}, words)

    # ------------------------------------------------------------------------------------------ changing

    def here(self, time: float) -> Key:
        """A keyframe at the eye, or at the camera that is looked through."""
        viewport = self.viewport
        view = viewport.view()
        angle = float(np.degrees(2 * np.arctan(view.size[1] / 2 / view.intrinsics[1, 1])))
        eye = viewport.eye
        if viewport.camera >= 0:
            ahead = eye.distance * view.rotation[2]
            return Key(time, view.centre, view.centre + ahead, UP, angle)
        if eye.parallel:  # that camera stands far away: the usual one at the same place in the picture
            view = replace(eye, parallel=False).view(view.size)
            angle = float(np.degrees(2 * np.arctan(view.size[1] / 2 / view.intrinsics[1, 1])))
        return Key(time, eye.position, eye.target, UP, angle)

    def _add(self) -> None:
        if not self.node.is_there or self.is_locked():
            return
        text = "" if self._is_example() else self._text
        self._write(added(text, self.here(next_time(text))), _("Add a keyframe"))
        self.keys.setCurrentRow(len(self.held) - 1)

    def _replace(self) -> None:
        row = self.keys.currentRow()
        if self.node.is_there and 0 <= row < len(self.held):
            held = self.held[row]
            text = replaced(self._text, held.line, self.here(held.key.time), self._cameras)
            self._write(text, _("Replace a keyframe"))

    def _delete(self) -> None:
        row = self.keys.currentRow()
        if self.node.is_there and 0 <= row < len(self.held):
            text = removed(self._text, self.held[row].line, self._cameras)
            self._write(text, _("Delete a keyframe"))

    def _chosen(self, _item: object = None) -> None:
        self.go_to(self.keys.currentRow())
        self.viewport.setFocus()  # what is pressed next is meant for the view

    def go_to(self, row: int) -> None:
        """Move the eye to a keyframe."""
        if not 0 <= row < len(self.held):
            return
        self.keys.setCurrentRow(row)
        key = self.held[row].key
        away = key.place - key.target
        distance = float(np.linalg.norm(away))
        if distance < 1e-9:
            return
        viewport = self.viewport
        front = viewport.eye.front
        azimuth, elevation = towards_of(away / distance, front)
        tall = viewport.height() / max(1, min(viewport.width(), viewport.height()))
        span = 2 * np.degrees(np.arctan(np.tan(np.radians(key.angle / 2)) / tall))
        viewport.go_to(Eye(key.target, distance, azimuth, elevation, float(span), False, front))

    # --------------------------------------------------------------------------------------- mouse, keys

    def key(self, event: QKeyEvent) -> bool:
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.key() == Qt.Key.Key_K:
            self._replace() if shift else self._add()
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._delete()
        else:
            return False
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.key(event):
            super().keyPressEvent(event)

    def _near(self, at: QPointF) -> int | None:
        """The keyframe whose camera is under a point."""
        shown = self._shown()
        if not shown:
            return None
        view, length = self.viewport.view(), self._length()
        lines = frusta([self._view(self.held[row].key) for row in shown], length)
        # The eye of each camera and the middle of its picture.
        spots = np.stack([lines[:, 0, 0], lines[:, 4:8, 0].mean(axis=1)], axis=1)
        places, depth = self.flat(spots.reshape(-1, 3), view)
        away = np.linalg.norm(places - [at.x(), at.y()], axis=1)
        away = np.where(depth > 0, away, np.inf).reshape(-1, 2).min(axis=1)
        nearest = int(np.argmin(away))
        return shown[nearest] if away[nearest] <= _REACH else None

    def hover(self, at: QPointF) -> bool:
        return self._near(at) is not None

    def click(self, at: QPointF) -> bool:
        row = self._near(at)
        if row is not None:
            self.go_to(row)
        return row is not None

    def reach(self) -> Bounds | None:
        places = np.array([held.key.place for held in self.held])
        return (places.min(axis=0), places.max(axis=0)) if len(places) else None

    def leave(self) -> None:
        self.node.document.changed.disconnect(self._changed)

    # --------------------------------------------------------------------------------------------- paint

    def _shown(self) -> list[int]:
        """Keyframes to draw: not the one that the eye stands at."""
        eye = self.viewport.view().centre
        near = 0.02 * self.viewport.eye.distance
        return [
            row for row, held in enumerate(self.held) if float(np.linalg.norm(held.key.place - eye)) > near
        ]

    def _length(self) -> float:
        """How deep the cameras are drawn."""
        box = self.viewport.box
        places = np.array([held.key.place for held in self.held])
        around = np.stack(box) if box is not None else np.array([held.key.target for held in self.held])
        return min(0.7 * frustum_length(places, around), 0.12 * self.viewport.eye.distance)

    @staticmethod
    def _view(key: Key) -> View:
        size = (120, 90)
        return look_from(key.place, key.target, key.up, 45 / float(np.tan(np.radians(key.angle / 2))), size)

    def paint(self, painter: QPainter, view: View) -> None:
        if not self.held:
            return
        colours = theme()
        if len(self.held) > 1:
            self._paint_way(painter, view)
        length, chosen = self._length(), self.keys.currentRow()
        for row in self._shown():
            key = self.held[row].key
            if float(np.linalg.norm(key.target - key.place)) < 1e-9:
                continue
            colour = colours.colour("accent" if row == chosen else "text")
            painter.setPen(QPen(colour, 2.0 if row == chosen else 1.3))
            camera = frusta([self._view(key)], length)[0]
            self.draw_lines(painter, view, camera, 0.35)
            places, depth = self.flat(np.stack([key.place, camera[4:8, 0].mean(axis=0)]), view)
            if (depth > 0).all():  # the time goes to the back of the camera
                away = (places[0] - places[1]) / max(float(np.linalg.norm(places[0] - places[1])), 1.0)
                spot = QRectF(-30, -10, 60, 20).translated(QPointF(*(places[0] + [24, 14] * away)))
                painter.drawText(spot, Qt.AlignmentFlag.AlignCenter, self.keys.item(row).text())

    def _paint_way(self, painter: QPainter, view: View) -> None:
        """The way that the camera takes."""
        keys = [held.key for held in self.held]
        times = np.array([key.time for key in keys])
        if (np.diff(times) <= 0).any():
            return  # the node says what is wrong
        at = np.linspace(times[0], times[-1], _PIECES * (len(keys) - 1) + 1)
        way = between(times, rows_of(keys), at, str(self.node.value("ease")))[:, :3]
        painter.setPen(QPen(theme().colour("accent"), 1.6))
        self.draw_lines(painter, view, np.stack([way[:-1], way[1:]], axis=1), 0.35)
