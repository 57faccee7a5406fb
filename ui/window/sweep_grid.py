"""The grid of a sweep as it is seen: pictures, numbers, or how a cell stands."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from meshloom.ui.theme import UNIT, theme
from meshloom.ui.window.sweep_model import CELL, NUMBERS, PICTURE, SweepModel, state_name
from meshloom.ui.words import _

#: The colours of how cells stand.
_MOODS = {"running": "busy", "failed": "bad", "refused": "bad", "cancelled": "warn"}
_Index = QModelIndex | QPersistentModelIndex


class SweepTable(QTableView):
    """Arrow keys walk, double-click or Enter opens."""

    #: A cell is to be opened: its number.
    opened = Signal(int)
    #: Another cell is the current one: its number, or -1.
    chosen = Signal(int)

    def __init__(self, model: SweepModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setItemDelegate(_Painter(self))
        self.setAccessibleName(_("Cells of the sweep"))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setStyleSheet(
            "QTableView { background: transparent; selection-background-color: transparent; }"
            "QTableCornerButton::section { background: transparent; border: none; }"
        )
        for header in (self.horizontalHeader(), self.verticalHeader()):
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            header.setHighlightSections(False)
            header.setDefaultAlignment(Qt.AlignmentFlag.AlignCenter)
            header.setSectionsClickable(False)
        self.set_size(168)
        self.doubleClicked.connect(self._open)
        self.selectionModel().currentChanged.connect(self._tell)
        model.modelReset.connect(self._again)

    def set_size(self, side: int) -> None:
        """The width of the cells; they are three quarters as high."""
        self.horizontalHeader().setDefaultSectionSize(side)
        self.verticalHeader().setDefaultSectionSize(side * 3 // 4)

    def fitting(self, least: int, most: int) -> int:
        """The width of cells with which all of them can be seen, within limits."""
        room, model = self.viewport().size(), self.model()
        wide = room.width() // max(1, model.columnCount())
        high = room.height() * 4 // 3 // max(1, model.rowCount())
        return max(least, min(wide, high, most))

    def current(self) -> int:
        """The number of the current cell, -1 if there is none."""
        index = self.currentIndex()
        return index.data(CELL) if index.isValid() else -1

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(index.data(CELL))

    def _tell(self) -> None:
        self.chosen.emit(self.current())

    def _again(self) -> None:
        self.setCurrentIndex(self.model().index(0, 0))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._open(self.currentIndex())
            return
        super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        self.setFocus(Qt.FocusReason.MouseFocusReason)


class _Painter(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(168, 126)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        model = index.model()
        assert isinstance(model, SweepModel)
        number = index.data(CELL)
        cell = model.held.cells[number]
        colours = theme()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        box = QRectF(option.rect).adjusted(3.5, 3.5, -3.5, -3.5)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        mood = _MOODS.get(cell.status, "")
        painter.setPen(colours.colour("accent" if chosen else mood or "line"))
        painter.setBrush(colours.colour("field"))
        painter.drawRoundedRect(box, 5, 5)
        inner = box.adjusted(UNIT, UNIT, -UNIT, -UNIT).toRect()
        if cell.status == "done":
            self._result(painter, inner, model, number)
        else:
            self._state(painter, inner, option, cell.status, cell.message)
        painter.setClipping(False)
        if chosen:
            pen = painter.pen()
            pen.setColor(colours.colour("accent"))
            pen.setWidthF(2)
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box, 5, 5)
        painter.restore()

    @staticmethod
    def _result(painter: QPainter, inner: QRect, model: SweepModel, number: int) -> None:
        colours = theme()
        if model.what == PICTURE:
            picture = model.held.picture(number, model.target)
            if picture is None:
                painter.setPen(colours.colour("dim"))
                painter.drawText(inner, Qt.AlignmentFlag.AlignCenter, _("done"))
                return
            scale = min(inner.width() / picture.width(), inner.height() / picture.height())
            width, height = picture.width() * scale, picture.height() * scale
            left, top = inner.center().x() + 0.5 - width / 2, inner.center().y() + 0.5 - height / 2
            painter.drawImage(QRectF(left, top, width, height), picture)
            return
        share = model.share(number)
        if share is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colours.colour("accent", 0.06 + 0.38 * share))
            painter.drawRoundedRect(QRectF(inner), 3, 3)
        painter.setPen(colours.colour("text"))
        font = QFont(painter.font())
        text = model.text(number)
        if model.what != NUMBERS:
            font.setPointSizeF(font.pointSizeF() * 1.35)
        painter.setFont(font)
        room = max(1, (inner.height() - UNIT) // painter.fontMetrics().lineSpacing())
        lines = [
            painter.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, inner.width() - 2 * UNIT)
            for line in (text or "–").split("\n")[:room]
        ]
        painter.drawText(inner, Qt.AlignmentFlag.AlignCenter, "\n".join(lines))

    @staticmethod
    def _state(
        painter: QPainter, inner: QRect, option: QStyleOptionViewItem, status: str, message: str
    ) -> None:
        colours = theme()
        painter.setPen(colours.colour(_MOODS.get(status, "dim")))
        if not message:
            painter.drawText(inner, Qt.AlignmentFlag.AlignCenter, state_name(status))
            return
        bold = QFont(option.font)
        bold.setWeight(QFont.Weight.DemiBold)
        painter.setFont(bold)
        line = painter.fontMetrics().lineSpacing()
        head = QRect(inner.left() + UNIT, inner.top() + UNIT // 2, inner.width() - 2 * UNIT, line)
        painter.drawText(head, Qt.AlignmentFlag.AlignLeft, state_name(status))
        painter.setFont(option.font)
        painter.setPen(colours.colour("text"))
        body = head.translated(0, line)
        body.setBottom(inner.bottom())
        painter.setClipRect(body)
        flags = Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap
        painter.drawText(body, flags, message)
