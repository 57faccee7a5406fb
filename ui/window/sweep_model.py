"""The cells of a sweep by row and column: two of its axes across and down, a value fixed on each other one."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from meshloom.ui.window.sweep_cells import SweepCells
from meshloom.ui.window.sweep_targets import Target
from meshloom.ui.words import _

CELL = Qt.ItemDataRole.UserRole
#: What is shown of a target: its picture, all its numbers, or the number of a name.
PICTURE, NUMBERS = "\0picture", "\0numbers"

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
