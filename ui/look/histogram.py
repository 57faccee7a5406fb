"""How often each level occurs in a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QWidget

from meshloom.ui.theme import UNIT, theme
from meshloom.ui.words import _

BINS = 128
_SIZE = QSize(220, 110)
_INKS = ("#f0716c", "#66c28c", "#5a9df6")
#: Pixels looked at, at most.
_MOST = 1_000_000


def counts(pixels: NDArray[Any], span: tuple[float, float]) -> NDArray[np.int64]:
    """(C, BINS) how many pixels of (H, W, C) fall into each of the equal parts of ``span``; what lies outside
    counts at its ends, and what is no number nowhere. Alpha is left out. Of a large picture every n-th pixel."""
    channels = pixels[:, :, :3] if pixels.shape[2] >= 3 else pixels[:, :, :1]
    flat = channels.reshape(-1, channels.shape[2])
    flat = flat[:: max(1, len(flat) // _MOST)].astype(np.float64)
    low, high = span
    with np.errstate(invalid="ignore"):
        place = np.clip((flat - low) / max(high - low, 1e-12) * BINS, 0, BINS - 1)
    made = np.zeros((channels.shape[2], BINS), np.int64)
    for channel in range(channels.shape[2]):
        known = place[:, channel][np.isfinite(place[:, channel])].astype(np.int64)
        made[channel] = np.bincount(known, minlength=BINS)
    return made


class Histogram(QWidget):
    """A small panel in the corner of a picture."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFixedSize(_SIZE)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName(_("Histogram"))
        self._counts: NDArray[np.int64] | None = None
        self._span = (0.0, 1.0)
        self.hide()

    def show_counts(self, held: NDArray[np.int64], span: tuple[float, float]) -> None:
        self._counts, self._span = held, span
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = theme()
        painter.setPen(colours.colour("line"))
        painter.setBrush(colours.colour("panel", 0.9))
        painter.drawRoundedRect(self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        if self._counts is None:
            return
        room = self.rect().toRectF().adjusted(2 * UNIT, 2 * UNIT, -2 * UNIT, -5 * UNIT)
        # A flat backdrop must not hide the rest: the scale ends at what all but the largest parts reach.
        top = max(float(np.sort(self._counts, axis=1)[:, -3].max()), 1.0)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setClipRect(room)
        for channel, held in enumerate(self._counts):
            ink = QColor(_INKS[channel]) if len(self._counts) == 3 else colours.colour("dim")
            ink.setAlphaF(0.55)
            painter.setBrush(ink)
            painter.drawPolygon(_outline(held, top, room))
        painter.setClipping(False)
        painter.setPen(colours.colour("dim"))
        below = QRectF(room.left(), room.bottom(), room.width(), 4 * UNIT)
        painter.drawText(
            below, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, f"{self._span[0]:.4g}"
        )
        painter.drawText(
            below, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{self._span[1]:.4g}"
        )


def _outline(held: NDArray[np.int64], top: float, room: QRectF) -> QPolygonF:
    step = room.width() / len(held)
    points = [QPointF(room.left(), room.bottom())]
    for index, count in enumerate(held):
        y = room.bottom() - min(count / top, 1.0) * room.height()
        points += [QPointF(room.left() + index * step, y), QPointF(room.left() + (index + 1) * step, y)]
    return QPolygonF([*points, QPointF(room.right(), room.bottom())])
