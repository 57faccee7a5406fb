"""Painted nodes, kept as pictures at a few scales so that moving the view paints next to nothing."""

from __future__ import annotations

import time
from collections import OrderedDict

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPixmap

from meshloom.ui.canvas.paint import RADIUS, draw_node, draw_node_small, mixed
from meshloom.ui.canvas.shape import HEAD, NodeShape
from meshloom.ui.theme import socket_style, theme

#: Scales that nodes are painted at; a view between two takes the finer.
_SCALES = (0.15, 0.3, 0.45, 0.6, 1.0, 2.0, 4.0)
#: Below this zoom nodes are painted with large titles and nothing that could not be read.
SMALL = 0.45
_UNTITLED = 0.15
#: Sockets stand out this far.
_MARGIN = 10.0
#: Bytes of pictures of a canvas that is seen, and of one that is not.
_BUDGET, _SPARE = 160 << 20, 16 << 20
#: Painting new pictures may take this long a frame (seconds); what is late is shown at another scale, or a plain box.
_PATIENCE = 0.006


class Pictures:
    """A cache by node, version, scale and screen. ``late``: something was painted as a plain box."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[str, float], tuple[int, QPixmap]] = OrderedDict()
        self._bytes = 0
        self._spent_until = 0.0
        self._frame = 0.0
        self.late = False

    def clear(self) -> None:
        self._held.clear()
        self._bytes = 0

    def spare(self) -> None:
        """Keep only what was drawn last: others want the memory now."""
        self._keep_to(_SPARE)

    def begin_frame(self) -> None:
        """A new frame begins, with its time for painting."""
        self.late = False
        self._spent_until = time.perf_counter() + _PATIENCE

    def draw(
        self, painter: QPainter, shape: NodeShape, thumbnail: QImage | None, zoom: float, ratio: float
    ) -> None:
        """Draw a node in scene coordinates; ``ratio`` is the screen's pixels per logical pixel."""
        bucket = next((each for each in _SCALES if each >= zoom * 0.99), _SCALES[-1])
        scale = bucket * ratio
        key = (shape.name, scale)
        held = self._held.get(key)
        if held is None or held[0] != shape.version:
            if time.perf_counter() > self._spent_until:
                self.late = True
                held = held or self._other(shape, ratio)
                if held is None:
                    _draw_plain(painter, shape)
                    return
            else:
                held = (shape.version, self._paint(key, shape, thumbnail, scale, bucket))
        if key in self._held:
            self._held.move_to_end(key)
        box = QRectF(
            shape.x - _MARGIN, shape.y - _MARGIN, shape.width + 2 * _MARGIN, shape.height + 2 * _MARGIN
        )
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, abs(scale - zoom * ratio) > 1e-3)
        assert held is not None
        painter.drawPixmap(box, held[1], QRectF(held[1].rect()))

    def _other(self, shape: NodeShape, ratio: float) -> tuple[int, QPixmap] | None:
        """The node's picture at another scale, the finest there is."""
        found = (self._held.get((shape.name, scale * ratio)) for scale in reversed(_SCALES))
        return next((held for held in found if held is not None and held[0] == shape.version), None)

    def _paint(
        self,
        key: tuple[str, float],
        shape: NodeShape,
        thumbnail: QImage | None,
        scale: float,
        bucket: float,
    ) -> QPixmap:
        width = round((shape.width + 2 * _MARGIN) * scale)
        height = round((shape.height + 2 * _MARGIN) * scale)
        pixmap = QPixmap(max(1, width), max(1, height))
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.scale(width / (shape.width + 2 * _MARGIN), height / (shape.height + 2 * _MARGIN))
        painter.translate(QPointF(_MARGIN, _MARGIN))
        if bucket <= SMALL:
            draw_node_small(painter, shape, thumbnail, titled=bucket > _UNTITLED)
        else:
            draw_node(painter, shape, thumbnail)
        painter.end()
        before = self._held.pop(key, None)
        if before is not None:
            self._bytes -= _bytes(before[1])
        self._held[key] = (shape.version, pixmap)
        self._bytes += _bytes(pixmap)
        self._keep_to(_BUDGET)
        return pixmap

    def _keep_to(self, budget: int) -> None:
        while self._bytes > budget and len(self._held) > 1:
            _, (_, old) = self._held.popitem(last=False)
            self._bytes -= _bytes(old)


def _bytes(pixmap: QPixmap) -> int:
    return pixmap.width() * pixmap.height() * 4


def _draw_plain(painter: QPainter, shape: NodeShape) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(mixed(socket_style(shape.tint)[1], theme().colour("node"), 0.2))
    painter.drawRoundedRect(QRectF(shape.x, shape.y, shape.width, shape.height), RADIUS, RADIUS)
    painter.setBrush(socket_style(shape.tint)[1])
    painter.drawRect(QRectF(shape.x, shape.y, shape.width, HEAD / 3))
