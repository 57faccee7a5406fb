"""The grid of a sweep: two of its axes across and down, a cell for each pair of values."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
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
from meshloom.ui.window.sweep_cells import SweepCells
from meshloom.ui.window.sweep_targets import Target
from meshloom.ui.words import _

CELL = Qt.ItemDataRole.UserRole
#: What is shown of a target: its picture, all its numbers, or the number of a name.
PICTURE, NUMBERS = "\0picture", "\0numbers"

#: Words and colours of how cells stand.
_MOODS = {"running": "busy", "failed": "bad", "refused": "bad", "cancelled": "warn"}
_Index = QModelIndex | QPersistentModelIndex


def state_name(status: str) -> str:
    """How a cell stands, in words."""
    return {
        "waiting": _("waiting"),
        "running": _("running…"),
        "done": _("done"),
        "failed": _("failed"),
        "refused": _("could not start"),
        "cancelled": _("stopped"),
    }.get(status, status)


def written(held: Any) -> str:
    """A number in as many digits as help."""
    return f"{held:.5g}" if isinstance(held, float) else str(held)


class SweepModel(QAbstractTableModel):
    """Cells by row and column. ``down`` may be ``None``: one row."""

    def __init__(self, cells: SweepCells, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.held = cells
        self.down: int | None = None
        self.across = 0
        self.fixed: dict[int, int] = {}
        self.target: Target = cells.targets[0]
        self.what = PICTURE
        self._span: tuple[float, float] | None = None
        cells.changed.connect(self._cell_changed)

    def arrange(self, down: int | None, across: int, fixed: dict[int, int]) -> None:
        """Which axis goes where, and the place on each of the others."""
        self.beginResetModel()
        self.down, self.across, self.fixed = down, across, dict(fixed)
        self.endResetModel()

    def show_what(self, target: Target, what: str) -> None:
        """What is seen in the cells."""
        self.target, self.what = target, what
        self._measure()
        if self.rowCount() and self.columnCount():
            last = self.index(self.rowCount() - 1, self.columnCount() - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def _measure(self) -> None:
        """The least and the greatest of the number that is shown, over all cells."""
        numbers = [self.held.numbers(cell.index, self.target).get(self.what) for cell in self.held.cells]
        real = [held for held in numbers if isinstance(held, (int, float)) and not isinstance(held, bool)]
        self._span = (min(real), max(real)) if real else None

    def _widened(self, number: int) -> bool:
        held = self.held.numbers(number, self.target).get(self.what)
        if not isinstance(held, (int, float)) or isinstance(held, bool):
            return False
        before = self._span
        low, high = before or (held, held)
        self._span = (min(low, held), max(high, held))
        return self._span != before

    def share(self, index: int) -> float | None:
        """Where the number of a cell lies between the least and the greatest, 0 to 1."""
        held = self.held.numbers(index, self.target).get(self.what)
        if self._span is None or not isinstance(held, (int, float)) or isinstance(held, bool):
            return None
        low, high = self._span
        return (held - low) / (high - low) if high > low else 0.5

    def cell_at(self, row: int, column: int) -> int:
        """The number of the cell there; the last axis turns fastest."""
        number = 0
        for place, axis in enumerate(self.held.axes):
            at = column if place == self.across else row if place == self.down else self.fixed.get(place, 0)
            number = number * len(axis.values) + at
        return number

    def rowCount(self, parent: _Index | None = None) -> int:
        if parent is not None and parent.isValid():
            return 0
        return len(self.held.axes[self.down].values) if self.down is not None else 1

    def columnCount(self, parent: _Index | None = None) -> int:
        if parent is not None and parent.isValid():
            return 0
        return len(self.held.axes[self.across].values)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        place = self.across if orientation == Qt.Orientation.Horizontal else self.down
        if place is None:
            return ""
        axis = self.held.axes[place]
        words = self.held.value_text(axis.place, axis.values[section])
        return f"{axis.place} = {words}" if role == Qt.ItemDataRole.ToolTipRole else words

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        number = self.cell_at(index.row(), index.column())
        if role == CELL:
            return number
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(number)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.about(number)
        return None

    def text(self, number: int) -> str:
        """The numbers that the cell shows."""
        numbers = self.held.numbers(number, self.target)
        if self.what == NUMBERS:
            strip = f"{self.target.name}."
            return "\n".join(f"{name.removeprefix(strip)}  {written(held)}" for name, held in numbers.items())
        return written(numbers[self.what]) if self.what in numbers else ""

    def about(self, number: int) -> str:
        """All about a cell, in words."""
        cell = self.held.cells[number]
        lines = [self.held.settings(cell), state_name(cell.status)]
        if cell.message:
            lines.append(cell.message)
        numbers = self.held.numbers(number, self.target)
        lines += [f"{name}: {written(held)}" for name, held in list(numbers.items())[:12]]
        return "\n".join(lines)

    def _cell_changed(self, number: int) -> None:
        if self._widened(number):  # the tints of all are others
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, self.columnCount() - 1))
            return
        places: dict[int, int] = {}
        for place in reversed(range(len(self.held.axes))):
            number, places[place] = divmod(number, len(self.held.axes[place].values))
        if any(places[place] != at for place, at in self.fixed.items()):
            return
        row = places[self.down] if self.down is not None else 0
        index = self.index(row, places[self.across])
        self.dataChanged.emit(index, index)


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
