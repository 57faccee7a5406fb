"""Tables, texts and figures."""

from __future__ import annotations

import csv
import html
import io
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLabel,
    QPlainTextEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from meshloom.graph_runtime import types
from meshloom.ui.theme import UNIT, current, theme


class TextView(QPlainTextEdit):
    """Text, or a single number."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))

    def show_value(self, value: Any) -> None:
        self.setPlainText(value.text if isinstance(value, types.Text) else str(value))


#: Words by which tables judge (alone in a cell, or before a colon), and the colour of the theme they are told in.
_MOODS = {
    "faster": "good",
    "slower": "bad",
    "indistinguishable": "dim",
    "failed": "bad",
    "unsupported": "warn",
    "lossy": "warn",
}


class _Cell(QTableWidgetItem):
    """Sorts numbers as numbers, texts as texts, and nothing last, whichever way."""

    def __lt__(self, other: QTableWidgetItem) -> bool:
        mine, theirs = self.data(Qt.ItemDataRole.UserRole), other.data(Qt.ItemDataRole.UserRole)
        if _is_nothing(mine) or _is_nothing(theirs):
            order = self.tableWidget().horizontalHeader().sortIndicatorOrder()
            first, last = (mine, theirs) if order == Qt.SortOrder.AscendingOrder else (theirs, mine)
            return _is_nothing(last) and not _is_nothing(first)
        numbers = (int, float)
        if isinstance(mine, numbers) and isinstance(theirs, numbers):
            return mine < theirs
        if isinstance(mine, numbers) != isinstance(theirs, numbers):
            return isinstance(mine, numbers)
        return str(mine) < str(theirs)


def _is_nothing(held: Any) -> bool:
    return held is None or held != held


class TableView(QTableWidget):
    """A table that sorts by any column and copies as CSV (Ctrl+C: the selection, or all)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAlternatingRowColors(True)
        self.verticalHeader().setVisible(False)
        self.horizontalHeader().setStretchLastSection(True)
        copy = QShortcut(QKeySequence.StandardKey.Copy, self)
        copy.setContext(Qt.ShortcutContext.WidgetShortcut)
        copy.activated.connect(self.copy)

    def show_value(self, value: types.Table) -> None:
        self.setSortingEnabled(False)
        self.setColumnCount(len(value.columns))
        self.setHorizontalHeaderLabels(list(value.columns))
        self.setRowCount(len(value.rows))
        for row, cells in enumerate(value.rows):
            for column, held in enumerate(cells):
                item = _Cell("" if held is None else f"{held:.6g}" if isinstance(held, float) else str(held))
                item.setData(Qt.ItemDataRole.UserRole, held)
                mood = _MOODS.get(str(held).partition(":")[0]) if isinstance(held, str) else None
                if mood is not None:
                    item.setForeground(theme().colour(mood))
                if isinstance(held, (int, float)) and not isinstance(held, bool):
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.setItem(row, column, item)
        self.setSortingEnabled(True)
        self.resizeColumnsToContents()

    def as_csv(self) -> str:
        """The selected rows, or all, in the order shown, with every digit of what is held."""
        chosen = sorted({index.row() for index in self.selectedIndexes()})
        rows = chosen if len(chosen) > 1 else range(self.rowCount())
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([self.horizontalHeaderItem(column).text() for column in range(self.columnCount())])
        for row in rows:
            cells = (self.item(row, column) for column in range(self.columnCount()))
            writer.writerow([cell.data(Qt.ItemDataRole.UserRole) for cell in cells])
        return out.getvalue()

    def copy(self) -> None:
        QGuiApplication.clipboard().setText(self.as_csv())


class FigureView(QWidget):
    """A figure, drawn by pyqtgraph: zoom with the wheel, pan by dragging, export from its menu."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        import pyqtgraph as pg

        self._pg = pg
        self._shown: tuple[str, ...] = ()
        self._value: types.Figure | None = None
        #: Beside the plot, so that it hides nothing.
        self.legend = QLabel(self)
        self.legend.setWordWrap(True)
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.legend.setContentsMargins(2 * UNIT, UNIT, 2 * UNIT, UNIT)
        self.legend.setAutoFillBackground(True)
        self.plot = pg.PlotWidget(self, background=theme().panel)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.plot, 1)
        column.addWidget(self.legend)
        current().changed.connect(self._recolour)

    def _recolour(self) -> None:
        self.plot.setBackground(theme().panel)
        if self._value is not None:
            self.show_value(self._value)

    def show_value(self, value: types.Figure) -> None:
        self._value = value
        item = self.plot.getPlotItem()
        item.clear()
        shown = (value.title, value.x_label, value.y_label)
        if shown != self._shown:  # of the same figure with new numbers, the view is kept
            self._shown = shown
            item.enableAutoRange()
        item.setTitle(value.title, color=theme().text)
        for side, words in (("bottom", value.x_label), ("left", value.y_label)):
            item.getAxis(side).setPen(theme().line)
            item.getAxis(side).setTextPen(theme().dim)
            # After the pens, which it would take its colour from.
            item.setLabel(side, words, siPrefixEnableRanges=_NEVER, color=theme().dim)
        item.showGrid(x=True, y=True, alpha=0.2)
        self._show_legend(value)
        for index, series in enumerate(value.series):
            colour = curve_colour(index)
            if series.kind == "points":
                item.plot(series.x, series.y, pen=None, symbol="o", symbolSize=5, symbolBrush=colour, symbolPen=None,
                          name=series.name)  # fmt: skip
            elif series.kind == "bars":
                width = float(min(abs(series.x[1:] - series.x[:-1]), default=1.0)) * 0.8
                item.addItem(self._pg.BarGraphItem(x=series.x, height=series.y, width=width, brush=colour))
            else:
                item.plot(series.x, series.y, pen=self._pg.mkPen(colour, width=2), name=series.name)

    def _show_legend(self, value: types.Figure) -> None:
        self.legend.setVisible(len(value.series) > 1)
        names = [
            f'<span style="color: {curve_colour(index)}">●</span>&nbsp;{html.escape(series.name)}'
            for index, series in enumerate(value.series)
        ]
        self.legend.setText(" &nbsp; ".join(names))
        self.legend.setStyleSheet(f"background: {theme().panel}; color: {theme().text};")


def curve_colour(index: int) -> str:
    """The colour of a curve: those next to each other differ in lightness too, for eyes that see fewer hues."""
    held = _CURVES[theme().name]
    return held[index % len(held)]


#: Sizes of numbers that an axis divides by a thousand and says so in its label: none, ticks tell numbers as they are.
_NEVER = ((0.0, 0.0),)

#: After Okabe and Ito's palette, toned for each ground.
_CURVES = {
    "dark": ("#56b4e9", "#e69f00", "#2fbf8f", "#f0e442", "#e07a5f", "#cc79a7", "#a6b1bd", "#8f9bff"),
    "light": ("#0072b2", "#c77700", "#00795a", "#8a7a00", "#c2410c", "#a33d78", "#59616b", "#4a56a6"),
}
