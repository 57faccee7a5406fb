"""The 3D view: a widget that shows the painter's newest picture and turns mouse and keys into eyes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QHideEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from meshloom.graph_runtime.types import Cameras
from meshloom.kernels.raycast.view import View
from meshloom.ui.theme import UNIT, current, theme
from meshloom.ui.viewport.draw import Style
from meshloom.ui.viewport.eye import SIDES, Eye
from meshloom.ui.viewport.first_view import first_eye
from meshloom.ui.viewport.painter import Painted, Painter, Wanted
from meshloom.ui.viewport.picking import Pick, pick
from meshloom.ui.viewport.soft import Soft
from meshloom.ui.viewport.things import Bounds, Stands, Thing
from meshloom.ui.viewport.tool import Tool
from meshloom.ui.words import _

#: A press that moves less than this (pixels) is a click.
_SLACK = 4.0
_FLY_KEYS = {
    Qt.Key.Key_W: (1, 0, 0), Qt.Key.Key_S: (-1, 0, 0), Qt.Key.Key_D: (0, 1, 0), Qt.Key.Key_A: (0, -1, 0),
    Qt.Key.Key_E: (0, 0, 1), Qt.Key.Key_Q: (0, 0, -1),
}  # fmt: skip
_SIDE_KEYS = {Qt.Key.Key_1: "front", Qt.Key.Key_3: "right", Qt.Key.Key_7: "top"}


class Viewport(QWidget):
    """Left drag orbits, middle or Shift drag pans, right drag looks around, the wheel goes to the pointer;
    W A S D Q E fly, F fits, Home looks as at first, 1 3 7 stand at a side, 5 switches to parallel lines."""

    #: What was clicked: a :class:`Pick` or ``None``.
    picked = Signal(object)
    #: The user moved the eye (for views that are linked).
    eye_moved = Signal(object)
    #: Looking through a camera (its place in the Cameras value), or -1.
    camera_entered = Signal(int)
    #: A thing could not be drawn: title, why.
    failed = Signal(str, str)
    #: A new picture is shown, of full size.
    drawn = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(160, 120)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(_("3D view"))
        self.things: list[Thing] = []
        self.drawing = Style()
        self.eye = Eye()
        #: Photos in the mouths of the cameras, by name.
        self.thumbs: dict[str, NDArray[np.uint8]] = {}
        self.camera = -1
        self._photo: QImage | None = None
        self.photo_opacity = 0.5
        self.measuring = False
        self.marks: list[Pick] = []
        self._painted: Painted | None = None
        self._unfitted = True
        #: What the eye was last fitted to, until the user moves it; and whether more could not tell where to look.
        self._fitted_box: Bounds | None = None
        self._settled = False
        self._grip: QPointF | None = None
        self._start = QPointF()
        self._dragging = False
        self._flying: set[Qt.Key] = set()
        self._busy = ""
        #: What takes the mouse before the eye does, and whether it has it now.
        self.tool: Tool | None = None
        self._tool_holds = False
        self.painter = Painter(self)
        self.painter.painted.connect(self._show)
        self.painter.busy.connect(self._tell_busy)
        self.painter.failed.connect(self.failed)
        self._fly_clock = QTimer(self)
        self._fly_clock.setInterval(16)
        self._fly_clock.timeout.connect(self._fly)
        self._spin_clock = QTimer(self)
        self._spin_clock.setInterval(33)
        self._spin_clock.timeout.connect(lambda: self._move(self.eye.turned(0.9, 0)))
        self._recolour()
        current().changed.connect(self._recolour)

    # --------------------------------------------------------------------------------------- what is shown

    def set_things(self, things: list[Thing]) -> None:
        """Show these; the eye goes to them the first time there are any."""
        fresh = not any(thing.visible for thing in self.things)
        self.things = list(things)
        self.marks = []
        if fresh:
            self._unfitted = True
        self.leave_camera()
        self.refresh()

    def set_style(self, **changes: Any) -> None:
        """Change how things are drawn; names as in :class:`Style`."""
        self.drawing = replace(self.drawing, **changes)
        self.refresh()

    def refresh(self, moving: bool = False) -> None:
        """Ask for a new picture."""
        if self.width() < 8 or self.height() < 8 or not self.isVisible():
            return
        view = self.view()
        self.painter.want(Wanted(tuple(self.things), view, self.drawing, moving, self.thumbs))
        self.update()

    def view(self) -> View:
        """The camera now, in device pixels."""
        ratio = self.devicePixelRatioF()
        size = (max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio)))
        stand = self._stand()
        return _letterboxed(stand, size) if stand is not None else self.eye.view(size)

    def _recolour(self) -> None:
        colours = theme()
        top, bottom, line = (
            QColor(colours.raised), QColor(colours.canvas), QColor(colours.line)
        )  # fmt: skip
        self.set_style(
            top=(top.redF(), top.greenF(), top.blueF()),
            bottom=(bottom.redF(), bottom.greenF(), bottom.blueF()),
            line=(line.redF(), line.greenF(), line.blueF()),
        )

    def _show(self, painted: Painted) -> None:
        if painted.wanted.things != tuple(self.things):
            return
        self._painted = painted
        if self._unfitted and painted.core is not None:
            self._unfitted = False
            self._stand_back()
            self.look_first()
            return
        if (
            self._fitted_box is not None
            and painted.core is not None
            and _far_from(self._fitted_box, painted.core)
            and not self._looks_into(painted.core)
        ):
            self.look_first()
            return
        self.update()
        if painted.view.size == painted.wanted.view.size:
            self.drawn.emit()

    @property
    def box(self) -> Bounds | None:
        """Around what is shown; ``None`` before anything is."""
        return None if self._painted is None else self._painted.box

    def hides(self, places: NDArray[np.float64], depth: NDArray[np.float64]) -> NDArray[np.bool_]:
        """(N,): whether what is shown lies before points at ``places`` (N, 2) of the widget, ``depth`` (N,) away."""
        if self._painted is None:
            return np.zeros(len(depth), bool)
        held = self._painted.depth
        at = places * [held.shape[1] / self.width(), held.shape[0] / self.height()]
        within = (np.abs(at) < 1e6).all(axis=1) & (at >= 0).all(axis=1)
        within &= (at[:, 0] < held.shape[1]) & (at[:, 1] < held.shape[0])
        column, row = np.where(within[:, None], at, 0).astype(int).T
        there = held[row, column]
        # Measured by the way to the target: an orthographic camera stands much farther off.
        return np.asarray(within & (there > 0) & (there < depth - 1e-3 * self.eye.distance))

    def set_tool(self, tool: Tool | None) -> None:
        """Give the mouse and the keys to a tool first, or to none."""
        self.tool, self._tool_holds = tool, False
        self.setMouseTracking(tool is not None)
        self.unsetCursor()
        self.update()

    def _stand_back(self) -> None:
        """Face the side that the cameras look at."""
        assert self._painted is not None and self._painted.core is not None
        middle = sum(self._painted.core) / 2
        stands = [thing.made() for thing in self.things if thing.visible]
        centres = [each.centres for each in stands if isinstance(each, Stands) and len(each.centres)]
        if centres:
            towards = np.concatenate(centres).mean(axis=0) - middle
            towards[1] = 0
            if np.linalg.norm(towards) > 1e-9:
                self.eye = replace(self.eye, front=towards / np.linalg.norm(towards))

    def _looks_into(self, core: Bounds) -> bool:
        """Whether a scene that is another part of the one before, or more of it, is what the eye looks at."""
        if self._fitted_box is None or not isinstance(self.things[-1]._made, Soft):
            return False
        low, high = core
        within = (self.eye.target > low - 0.2 * (high - low)) & (self.eye.target < high + 0.2 * (high - low))
        before = float(np.linalg.norm(self._fitted_box[1] - self._fitted_box[0]))
        return bool(within.all()) and float(np.linalg.norm(high - low)) > 0.25 * before

    def look_first(self) -> None:
        """From where photos of a scene were taken, which is where it looks best; else at what is to be seen."""
        if self.tool is not None and self.tool.reach() is not None:
            self.fit()
            self._settled = True
            return
        found = (first_eye(thing, self.eye) for thing in reversed(self.things) if thing.visible)
        eye = next((eye for eye in found if eye is not None), None)
        if eye is None or self._painted is None:
            self.fit()
            return
        self._move(eye, moving=False)
        self._fitted_box, self._settled = self._painted.core, True

    def set_seen_from(self, thing: Thing, cameras: Cameras) -> None:
        """The cameras of the photos that a thing was made from; the eye goes there unless the user has moved it."""
        thing.seen_from = cameras
        if self._fitted_box is None or self._settled or self.camera >= 0 or thing not in self.things:
            return
        if self._painted is not None and thing in self._painted.wanted.things:
            self.look_first()
        else:
            self._unfitted = True

    def _tell_busy(self, words: str) -> None:
        self._busy = words
        self.update()

    # --------------------------------------------------------------------------------------------- the eye

    def _move(self, eye: Eye, moving: bool = True) -> None:
        self.eye = eye
        self._fitted_box, self._settled = None, False
        if self._painted is not None:  # before, there is nothing that could be looked for
            self._unfitted = False
        if self.camera >= 0:
            self.leave_camera()
        self.refresh(moving)
        self.eye_moved.emit(eye)

    def go_to(self, eye: Eye) -> None:
        """Look from there."""
        self._unfitted = False
        self._move(eye, moving=False)

    def follow(self, eye: Eye) -> None:
        """Take another view's eye; nothing is told."""
        self.eye = eye
        self._unfitted, self._fitted_box, self._settled = False, None, False
        self.refresh(moving=True)

    def fit(self) -> None:
        """Show everything."""
        if self._painted is not None and self._painted.core is not None:
            aspect = self.width() / max(1, self.height())
            low, high = self._painted.core
            reach = self.tool.reach() if self.tool is not None else None
            if reach is not None:
                low, high = np.minimum(low, reach[0]), np.maximum(high, reach[1])
            self._move(self.eye.fitted(low, high, aspect), moving=False)
            self._fitted_box = self._painted.core

    def stand(self, side: str) -> None:
        """Look from a side of :data:`SIDES`."""
        azimuth, elevation = SIDES[side]
        front = np.array([0.0, 0.0, -1.0])
        self._move(replace(self.eye, azimuth=azimuth, elevation=elevation, front=front), moving=False)

    def set_parallel(self, parallel: bool) -> None:
        """Orthographic, or perspective."""
        self._move(replace(self.eye, parallel=parallel), moving=False)

    def spin(self, on: bool) -> None:
        """Turn around the target, for as long as it is on."""
        self._spin_clock.start() if on else self._spin_clock.stop()

    # ------------------------------------------------------------------------------------------- cameras

    def stands(self) -> Stands | None:
        """The first visible cameras."""
        made = [thing._made for thing in self.things if thing.visible]
        return next((each for each in made if isinstance(each, Stands)), None)

    def _stand(self) -> View | None:
        stands = self.stands()
        if self.camera < 0 or stands is None or self.camera not in stands.index:
            return None
        return stands.views[int(np.flatnonzero(stands.index == self.camera)[0])]

    def look_through(self, camera: int) -> None:
        """See what a camera saw; its photo comes over it with :meth:`set_photo`."""
        self.camera = camera
        self._photo = None
        if self._stand() is None:
            self.camera = -1
        self.camera_entered.emit(self.camera)
        self.refresh()

    def leave_camera(self) -> None:
        if self.camera >= 0:
            self.camera = -1
            self._photo = None
            self.camera_entered.emit(-1)
            self.refresh()

    def set_photo(self, image: QImage | None) -> None:
        """The photo of the camera looked through."""
        self._photo = image
        self.update()

    def set_photo_opacity(self, opacity: float) -> None:
        self.photo_opacity = opacity
        self.update()

    # ------------------------------------------------------------------------------------------ mouse, keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if self._tool_holds or self._tool_takes(event):
            return
        self._grip = self._start = event.position()
        self._dragging = False

    def _tool_takes(self, event: QMouseEvent) -> bool:
        if self.tool is None or event.button() != Qt.MouseButton.LeftButton or self._grip is not None:
            return False
        self._tool_holds = self.tool.press(event.position())
        if self._tool_holds:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        return self._tool_holds

    def _tool_lets_go(self) -> None:
        assert self.tool is not None
        self._tool_holds = False
        self.tool.release()
        self.unsetCursor()
        self.refresh()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.tool is not None and self._tool_holds:
            if event.buttons() & Qt.MouseButton.LeftButton:
                self.tool.drag(event.position(), event.modifiers())
            else:  # a dialog took the release
                self._tool_lets_go()
            return
        if self._grip is None:
            if self.tool is not None:
                over = self.tool.hover(event.position())
                self.setCursor(Qt.CursorShape.OpenHandCursor) if over else self.unsetCursor()
            return
        if not self._dragging and (event.position() - self._start).manhattanLength() < _SLACK:
            return
        self._dragging = True
        by = event.position() - self._grip
        self._grip = event.position()
        buttons, shift = event.buttons(), event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if buttons & Qt.MouseButton.MiddleButton or (buttons & Qt.MouseButton.LeftButton and shift):
            self._move(self.eye.panned(by.x(), by.y(), min(self.width(), self.height())))
        elif buttons & Qt.MouseButton.RightButton:
            self._move(self.eye.looking(by.x() * 0.15, -by.y() * 0.15))
        elif buttons & Qt.MouseButton.LeftButton:
            self._move(self.eye.turned(-by.x() * 0.4, by.y() * 0.4))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.tool is not None and self._tool_holds:
            if event.button() == Qt.MouseButton.LeftButton:
                self._tool_lets_go()
            return
        if self._grip is None:
            return
        self._grip = None
        if self._dragging:
            self.refresh()
        elif event.button() == Qt.MouseButton.LeftButton:
            self._click(event.position())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._tool_holds or self._tool_takes(event):
            return
        found = self.pick_at(event.position())
        if found is not None:
            self._move(replace(self.eye, target=found.position), moving=False)

    def _click(self, at: QPointF) -> None:
        if self.tool is not None and self.tool.click(at):
            return
        found = self.pick_at(at)
        if found is None:
            self.marks = []
        elif self.measuring:
            self.marks = [*self.marks[-1:], found] if len(self.marks) == 1 else [found]
        else:
            self.marks = [found]
        self.picked.emit(found)
        self.update()

    def pick_at(self, at: QPointF) -> Pick | None:
        """What is under a point of the widget."""
        return pick(self._painted, self.things, at.x() / self.width(), at.y() / self.height())

    def wheelEvent(self, event: QWheelEvent) -> None:
        factor = 0.9985 ** event.angleDelta().y()
        found = self.pick_at(event.position())
        self._move(self.eye.zoomed(factor, found.position if found is not None else None))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier):
            event.ignore()
        elif self.tool is not None and self.tool.key(event):
            self.update()
        elif key in _FLY_KEYS:
            self._flying.add(key)
            self._fly_clock.start()
        elif key in _SIDE_KEYS:
            self.stand(_SIDE_KEYS[key])
        elif key == Qt.Key.Key_5:
            self.set_parallel(not self.eye.parallel)
        elif key == Qt.Key.Key_F:
            self.fit()
        elif key == Qt.Key.Key_Home:
            self.look_first()
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._move(self.eye.turned(-10 if key == Qt.Key.Key_Left else 10, 0), moving=False)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._move(self.eye.turned(0, 10 if key == Qt.Key.Key_Up else -10), moving=False)
        elif key == Qt.Key.Key_Escape and (self.camera >= 0 or self.marks):
            self.marks = []
            self.leave_camera()
            self.update()
        else:
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if not event.isAutoRepeat():
            self._flying.discard(Qt.Key(event.key()))
            if not self._flying and self._fly_clock.isActive():
                self._fly_clock.stop()
                self.refresh()

    def _fly(self) -> None:
        step = 0.02 * self.eye.distance
        ways = [_FLY_KEYS[key] for key in self._flying]
        self._move(self.eye.flown(*(step * sum(way[axis] for way in ways) for axis in range(3))))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.refresh()

    def showEvent(self, event: object) -> None:
        self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        self._flying.clear()
        self._fly_clock.stop()

    # -------------------------------------------------------------------------------------------- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self._painted is None or not self.things:
            painter.fillRect(self.rect(), theme().colour("canvas"))
        else:
            painter.drawImage(self.rect().toRectF(), self._painted.image)
        if self._photo is not None and self._stand() is not None:
            painter.setOpacity(self.photo_opacity)
            painter.drawImage(self._photo_frame(), self._photo)
            painter.setOpacity(1.0)
        if self.tool is not None and self._painted is not None:
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self.tool.paint(painter, self.view())
            painter.restore()
        self._paint_marks(painter)
        if self.drawing.axes and self.things:
            self._paint_axes(painter)
        if self._busy:
            painter.setPen(theme().colour("dim"))
            painter.drawText(self.rect().adjusted(0, 0, 0, -4 * UNIT), _BOTTOM, self._busy)

    def _photo_frame(self) -> QRectF:
        stand = self._stand()
        assert stand is not None
        scale = min(self.width() / stand.size[0], self.height() / stand.size[1])
        width, height = stand.size[0] * scale, stand.size[1] * scale
        return QRectF((self.width() - width) / 2, (self.height() - height) / 2, width, height)

    def on_screen(self, point: NDArray[np.float64]) -> QPointF | None:
        """Where a point of the world is in the widget; ``None`` behind the eye."""
        view = self.view()
        x, y, z = view.projection() @ [*point, 1.0]
        if z <= 1e-9:
            return None
        return QPointF(x / z * self.width() / view.size[0], y / z * self.height() / view.size[1])

    def _paint_marks(self, painter: QPainter) -> None:
        if not self.marks:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        places = [self.on_screen(mark.position) for mark in self.marks]
        pen = QPen(theme().colour("accent"), 2)
        painter.setPen(pen)
        if len(places) == 2 and places[0] is not None and places[1] is not None:
            painter.drawLine(places[0], places[1])
            words = _("{distance} units").format(distance=f"{self.distance():.4g}")
            _label(painter, (places[0] + places[1]) / 2, words)
        for place in places:
            if place is not None:
                painter.setPen(pen)
                painter.setBrush(theme().colour("canvas"))
                painter.drawEllipse(place, 4, 4)

    def distance(self) -> float:
        """Between the two marks; NaN when there are not two."""
        if len(self.marks) != 2:
            return float("nan")
        return float(np.linalg.norm(self.marks[0].position - self.marks[1].position))

    def _paint_axes(self, painter: QPainter) -> None:
        """Which way x, y and z go, in the corner."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rotation = self.view().rotation
        corner = QPointF(11 * UNIT, self.height() - 11 * UNIT)
        colours = ("#eb5250", "#6bbf54", "#4d85f2")
        font = QFont(painter.font())
        font.setPointSizeF(max(7.0, font.pointSizeF() * 0.85))
        painter.setFont(font)
        for axis in sorted(range(3), key=lambda each: -rotation[2, each]):
            end = QPointF(rotation[0, axis], rotation[1, axis]) * 24
            painter.setPen(QPen(QColor(colours[axis]), 2))
            painter.drawLine(corner, corner + end)
            tip = corner + end * 1.35
            painter.drawText(QRectF(tip.x() - 8, tip.y() - 8, 16, 16), _CENTRE, "xyz"[axis])

    def screenshot(self) -> QImage:
        """What is shown, without marks."""
        if self._painted is None:
            return self.grab().toImage()
        return self._painted.image

    def close_painter(self) -> None:
        """End the thread; the widget is not used any more."""
        self._fly_clock.stop()
        self._spin_clock.stop()
        self.painter.close()


_BOTTOM = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom
_CENTRE = Qt.AlignmentFlag.AlignCenter


def _label(painter: QPainter, at: QPointF, words: str) -> None:
    metrics = painter.fontMetrics()
    box = QRectF(0, 0, metrics.horizontalAdvance(words) + 4 * UNIT, metrics.height() + UNIT)
    box.moveCenter(at)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme().colour("panel", 0.92))
    painter.drawRoundedRect(box, 4, 4)
    painter.setPen(theme().colour("text"))
    painter.drawText(box, _CENTRE, words)


def _far_from(fitted: Bounds, box: Bounds) -> bool:
    """Whether what fitted one box is no view of another: of another size, or elsewhere."""
    sizes = [float(np.linalg.norm(high - low)) for low, high in (fitted, box)]
    apart = float(np.linalg.norm(sum(fitted) - sum(box))) / 2
    return max(sizes) > 1.6 * min(sizes) or apart > 0.4 * max(sizes)


def _letterboxed(view: View, size: tuple[int, int]) -> View:
    """A camera's view inside a picture of another shape, with what is beside it."""
    scale = min(size[0] / view.size[0], size[1] / view.size[1])
    intrinsics = view.intrinsics * np.array([scale, scale, 1.0])[:, None]
    intrinsics[0, 2] += (size[0] - view.size[0] * scale) / 2
    intrinsics[1, 2] += (size[1] - view.size[1] * scale) / 2
    return View(intrinsics, view.rotation, view.shift, size, view.distortion)
