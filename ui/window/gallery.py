"""Cards with a picture, a title and a line or two below: recent files, templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFont,
    QImage,
    QImageReader,
    QPainter,
    QPainterPath,
    QPixmap,
    QStandardItem,
    QStandardItemModel,
    QTextLayout,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from meshloom.ui.theme import UNIT, theme

_CARD = QSize(236, 238)
_PICTURE = 140
_ROLE = Qt.ItemDataRole.UserRole


@dataclass(frozen=True)
class Card:
    """``note``: a short word on the picture, with the colour of the theme called ``mood``."""

    key: str
    title: str
    text: str = ""
    picture: Path | None = None
    note: str = ""
    mood: str = "dim"


class Gallery(QListView):
    """Cards that wrap to the width there is; opened by double-click or Enter."""

    #: The key of the card.
    opened = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSpacing(UNIT)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setStyleSheet("QListView { background: transparent; }")
        self.setMouseTracking(True)
        self.setItemDelegate(_Painter(self))
        self._model = QStandardItemModel(self)
        self.setModel(self._model)
        self.activated.connect(self._activated)

    def show_cards(self, cards: Sequence[Card]) -> None:
        """Replace what is shown; the selection goes to the first."""
        self._model.clear()
        for card in cards:
            item = QStandardItem(card.title)
            item.setData(card, _ROLE)
            item.setToolTip(card.text)
            item.setData(f"{card.title}. {card.text} {card.note}", Qt.ItemDataRole.AccessibleTextRole)
            self._model.appendRow(item)
        if cards:
            self.setCurrentIndex(self._model.index(0, 0))

    def cards(self) -> list[Card]:
        return [self._model.item(row).data(_ROLE) for row in range(self._model.rowCount())]

    def _activated(self, index: QModelIndex) -> None:
        self.opened.emit(index.data(_ROLE).key)

    def keyPressEvent(self, event) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._activated(self.currentIndex())
            return
        super().keyPressEvent(event)


class _Painter(QStyledItemDelegate):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._pictures: dict[tuple[str, float], QPixmap | None] = {}

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return _CARD

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        card: Card = index.data(_ROLE)
        colours = theme()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        box = QRectF(option.rect).adjusted(UNIT, UNIT, -UNIT, -UNIT)
        shape = QPainterPath()
        shape.addRoundedRect(box, 8, 8)
        over = bool(option.state & QStyle.StateFlag.State_MouseOver)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.fillPath(shape, colours.colour("raised" if over else "panel"))
        top = QRectF(box.left(), box.top(), box.width(), _PICTURE)
        painter.setClipPath(shape)
        self._picture(painter, top, card, option.widget.devicePixelRatioF() if option.widget else 1.0)
        if card.note:
            self._note(painter, top, card)
        painter.setClipping(False)
        edge = "accent" if chosen and option.state & QStyle.StateFlag.State_HasFocus else "line"
        painter.setPen(colours.colour(edge))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(shape)
        self._words(painter, box, card, option)
        painter.restore()

    def _picture(self, painter: QPainter, top: QRectF, card: Card, ratio: float) -> None:
        painter.fillRect(top, theme().colour("canvas"))
        pixmap = self._load(card.picture, ratio)
        if pixmap is None:
            painter.setPen(theme().colour("line"))
            painter.save()
            font = QFont(painter.font())
            font.setPointSizeF(font.pointSizeF() * 2.6)
            painter.setFont(font)
            painter.drawText(top, Qt.AlignmentFlag.AlignCenter, card.title[:1].upper())
            painter.restore()
            return
        scale = max(top.width() / pixmap.width(), top.height() / pixmap.height())
        width, height = top.width() / scale, top.height() / scale
        source = QRectF((pixmap.width() - width) / 2, (pixmap.height() - height) / 2, width, height)
        painter.drawPixmap(top, pixmap, source)

    def _load(self, file: Path | None, ratio: float) -> QPixmap | None:
        if file is None or not file.is_file():
            return None
        key = (f"{file}:{file.stat().st_mtime_ns}", ratio)
        if key not in self._pictures:
            reader = QImageReader(str(file))
            reader.setAutoTransform(True)
            size = reader.size()
            if size.isValid():
                wanted = QSize(int(_CARD.width() * ratio), int(_PICTURE * ratio))
                reader.setScaledSize(size.scaled(wanted, Qt.AspectRatioMode.KeepAspectRatioByExpanding))
            image: QImage = reader.read()
            self._pictures[key] = None if image.isNull() else QPixmap.fromImage(image)
        return self._pictures[key]

    def _note(self, painter: QPainter, top: QRectF, card: Card) -> None:
        font = QFont(painter.font())
        font.setPointSizeF(font.pointSizeF() * 0.9)
        painter.setFont(font)
        words = painter.fontMetrics().elidedText(
            card.note, Qt.TextElideMode.ElideRight, int(top.width()) - 8 * UNIT
        )
        width = painter.fontMetrics().horizontalAdvance(words) + 4 * UNIT
        tag = QRectF(
            top.left() + 2 * UNIT, top.bottom() - painter.fontMetrics().height() - 4 * UNIT, width, 0
        )
        tag.setHeight(painter.fontMetrics().height() + 2 * UNIT)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().colour("window", 0.9))
        painter.drawRoundedRect(tag, tag.height() / 2, tag.height() / 2)
        painter.setPen(theme().colour(card.mood))
        painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, words)

    @staticmethod
    def _words(painter: QPainter, box: QRectF, card: Card, option: QStyleOptionViewItem) -> None:
        inner = box.adjusted(3 * UNIT, _PICTURE + 2 * UNIT, -3 * UNIT, -2 * UNIT).toRect()
        bold = QFont(option.font)
        bold.setWeight(QFont.Weight.DemiBold)
        painter.setFont(bold)
        painter.setPen(theme().colour("text"))
        line = painter.fontMetrics().height()
        title = painter.fontMetrics().elidedText(card.title, Qt.TextElideMode.ElideRight, inner.width())
        painter.drawText(inner.left(), inner.top() + painter.fontMetrics().ascent(), title)
        painter.setFont(option.font)
        painter.setPen(theme().colour("dim"))
        below = QRect(inner.left(), inner.top() + line + UNIT, inner.width(), inner.height() - line - UNIT)
        _draw_wrapped(painter, below, card.text)


def _draw_wrapped(painter: QPainter, box: QRect, text: str) -> None:
    """Text in as many whole lines as fit; the last is elided. Lines break where the language lets them."""
    metrics = painter.fontMetrics()
    room = max(1, box.height() // metrics.lineSpacing())
    layout = QTextLayout(text, painter.font())
    layout.beginLayout()
    y = box.top() + metrics.ascent()
    for number in range(room):
        line = layout.createLine()
        if not line.isValid():
            break
        line.setLineWidth(box.width())
        start, length = line.textStart(), line.textLength()
        shown = text[start:] if number == room - 1 else text[start : start + length]
        painter.drawText(
            box.left(), y, metrics.elidedText(shown.strip(), Qt.TextElideMode.ElideRight, box.width())
        )
        y += metrics.lineSpacing()
    layout.endLayout()
