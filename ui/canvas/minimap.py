"""The whole scope in a corner of the canvas: where the view is, and a handle to move it by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QWheelEvent
from PySide6.QtWidgets import QWidget

from meshloom.ui.canvas import decor
from meshloom.ui.canvas.paint import mixed
from meshloom.ui.theme import UNIT, socket_style, theme
from meshloom.ui.words import _

if TYPE_CHECKING:
    from meshloom.ui.canvas.view import CanvasView

_SIZE = QSize(208, 136)
#: The picture of the graph is made again this long (ms) after a change, not on each.
_DELAY = 250


class Minimap(QWidget):
    """Shown while something of the graph is out of view."""

    def __init__(self, view: CanvasView) -> None:
        super().__init__(view)
        self._view = view
        self._picture: QPixmap | None = None
        self.wanted = True
        self.setFixedSize(_SIZE)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(_("Overview of the graph"))
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.setInterval(_DELAY)
        self._late.timeout.connect(self._redraw)
        self.hide()

    def graph_changed(self) -> None:
        """Nodes or links are others, or elsewhere."""
        if not self._late.isActive():
            self._late.start()

    def view_moved(self) -> None:
        """Another part of the graph is in view."""
        bounds = self._view.model.bounds()
        shown = self.wanted and len(self._view.model.shapes) > 1
        shown = shown and not self._view.visible().contains(bounds) and self._view.width() > 3 * _SIZE.width()
        self.setVisible(shown)
        if shown:
            self.update()

    def _redraw(self) -> None:
        self._picture = None
        self.view_moved()

    def _room(self) -> tuple[QRectF, float, QPointF]:
        """The graph's box, and the scale and offset that bring it into the widget."""
        box = self._view.model.bounds().adjusted(-80, -80, 80, 80)
        inner = self.rect().toRectF().adjusted(UNIT, UNIT, -UNIT, -UNIT)
        scale = min(inner.width() / max(box.width(), 1), inner.height() / max(box.height(), 1))
        offset = inner.center() - box.center() * scale
        return box, scale, offset

    def _paint_graph(self) -> QPixmap:
        colours, ratio = theme(), self.devicePixelRatioF()
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colours.colour("line"), 1))
        painter.setBrush(colours.colour("window", 0.92))
        painter.drawRoundedRect(self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        _box, scale, offset = self._room()
        painter.translate(offset)
        painter.scale(scale, scale)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colours.colour("line"), 0))
        for frame in decor.held(self._view.model, "frames"):
            painter.drawRect(decor.box_of(frame))
        boxes, lines = self._view.model.far()
        ground = colours.colour("window")
        for type_, held in lines.items():
            ink = socket_style(type_)[1] if type_ else colours.colour("dim")
            painter.setPen(QPen(mixed(ink, ground, 0.4), 0))
            painter.drawLines(held)
        painter.setPen(Qt.PenStyle.NoPen)
        for type_, rects in boxes.items():
            painter.setBrush(socket_style(type_)[1] if type_ else colours.colour("dim"))
            painter.drawRects(rects)
        painter.end()
        return picture

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._picture is None or self._picture.devicePixelRatio() != self.devicePixelRatioF():
            self._picture = self._paint_graph()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        _box, scale, offset = self._room()
        seen = self._view.visible()
        window = QRectF(seen.topLeft() * scale + offset, seen.size() * scale)
        window = window.intersected(self.rect().toRectF().adjusted(2, 2, -2, -2))
        painter.setPen(QPen(theme().colour("accent"), 1.5))
        painter.setBrush(theme().colour("accent", 0.12))
        painter.drawRect(window)
        painter.end()

    def forget(self) -> None:
        """Colours or the scope are others."""
        self._picture = None
        self.view_moved()

    def _go(self, event: QMouseEvent) -> None:
        _box, scale, offset = self._room()
        self._view.show_at((event.position() - offset) / scale)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._go(event)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event)
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._view.zoom_at(1.0015 ** event.angleDelta().y(), self._view.viewport().rect().center().toPointF())
        event.accept()
