"""What a sweep gives, as it comes: a labelled grid whose cells are looked at, opened and compared."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from meshloom.graph_runtime.errors import MeshloomError
from meshloom.graph_runtime.preset import parse
from meshloom.graph_runtime.provenance_text import provenance_text
from meshloom.graph_runtime.sweep import csv_of
from meshloom.ui import theme as themes
from meshloom.ui.theme import UNIT, theme
from meshloom.ui.window.queue_view import span
from meshloom.ui.window.sweep_cells import SweepCells
from meshloom.ui.window.sweep_choices import SweepChoices
from meshloom.ui.window.sweep_grid import SweepTable
from meshloom.ui.window.sweep_model import SweepModel, state_name
from meshloom.ui.window.workbench import Workbench
from meshloom.ui.words import _

#: What is told about progress is told at most this often (milliseconds).
_EVERY = 100


class SweepView(QWidget):
    """The grid of a sweep that was started. Call :meth:`leave` when it is closed for good."""

    #: The graph of a cell is to be opened: a :class:`GraphData` that needs no folder to find its files.
    graph_wanted = Signal(object)
    #: The result of a cell is to be A (0) or B (1) of a comparison: place, value, title.
    compare_wanted = Signal(int, object, str)
    #: Something to tell the user.
    told = Signal(str)

    def __init__(
        self, bench: Workbench, cells: SweepCells, folder: Path, title: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._bench = bench
        self._folder = folder
        self.title = _("Sweep of {title}").format(title=title)
        self.setWindowTitle(self.title)
        self.cells = cells
        cells.setParent(self)
        self._asked: dict[str, tuple[int, str]] = {}
        self._left = self._sized = False
        self.model = SweepModel(cells, self)
        self.table = SweepTable(self.model, self)
        self.choices = SweepChoices(cells, self.model, self)
        self._make_foot()
        self._lay_out()
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_EVERY)
        self._settle.timeout.connect(self._tell)
        cells.changed.connect(self._changed)
        bench.results.loaded.connect(self._loaded)
        bench.results.failed.connect(self._lost)
        themes.current().changed.connect(self._paint_again)
        self.table.opened.connect(self.open_cell)
        self.table.chosen.connect(self._tell_cell)
        self.setFocusProxy(self.table)
        self.choices.arranged.connect(self._arranged)
        self.choices.looked.connect(self._tell_cell)
        self.choices.size.valueChanged.connect(self.table.set_size)
        self.choices.size.actionTriggered.connect(self._size_chosen)
        self._arranged()
        self._tell()

    def sizeHint(self) -> QSize:
        return QSize(980, 640)

    # ------------------------------------------------------------------------------------------ building

    def _make_foot(self) -> None:
        self.progress = QProgressBar(self)
        self.progress.setFixedWidth(220)
        self.progress.setRange(0, len(self.cells.cells))
        self.progress.setFormat(_("{done} of {count}").format(done="%v", count="%m"))
        self.state = QLabel(self)
        self.stop = QPushButton(_("Stop"), self)
        self.stop.clicked.connect(self.cells.stop)
        self.about = QLabel(self)
        self.about.setWordWrap(True)
        self.about.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.about.setMinimumHeight(2 * self.about.fontMetrics().lineSpacing() + 2)
        self.about.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.opening = QPushButton(_("Open its graph"), self)
        self.opening.clicked.connect(self._open_current)
        self.comparing = QPushButton(_("Compare"), self)
        menu = QMenu(self.comparing)
        menu.addAction(_("Use as A"), partial(self._compare, 0))
        menu.addAction(_("Use as B"), partial(self._compare, 1))
        self.comparing.setMenu(menu)
        self.copying = QPushButton(_("Copy numbers as CSV"), self)
        self.copying.clicked.connect(self.copy)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._offer)

    def _lay_out(self) -> None:
        foot = QHBoxLayout()
        foot.setSpacing(2 * UNIT)
        foot.addWidget(self.progress)
        foot.addWidget(self.stop)
        foot.addWidget(self.state, 1)
        for widget in (self.comparing, self.opening, self.copying):
            foot.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(3 * UNIT, 3 * UNIT, 3 * UNIT, 3 * UNIT)
        column.setSpacing(2 * UNIT)
        column.addWidget(self.choices)
        column.addWidget(self.table, 1)
        column.addWidget(self.about)
        column.addLayout(foot)

    # ----------------------------------------------------------------------------------------- arranging

    def _arranged(self) -> None:
        header, down = self.table.verticalHeader(), self.model.down
        header.setVisible(down is not None)
        if down is not None:
            axis = self.cells.axes[down]
            texts = [self.cells.value_text(axis.place, held) for held in axis.values]
            width = max(self.fontMetrics().horizontalAdvance(text) for text in texts)
            header.setFixedWidth(min(180, width + 6 * UNIT))

    def _size_chosen(self, _action: int = 0) -> None:
        self._sized = True

    def resizeEvent(self, event: Any) -> None:
        """Until the user chooses another size, the cells are as large as the room lets them be."""
        super().resizeEvent(event)
        if not self._sized:
            QTimer.singleShot(0, self, self._fit)

    def _fit(self) -> None:
        self.choices.size.setValue(self.table.fitting(120, 300))

    def _paint_again(self) -> None:
        self.table.viewport().update()
        self._tell()

    # ------------------------------------------------------------------------------------------- telling

    def _changed(self, number: int) -> None:
        if not self._settle.isActive():
            self._settle.start()

    def _tell(self) -> None:
        done, count = self.cells.done, len(self.cells.cells)
        self.progress.setValue(done)
        self.progress.setVisible(done < count)
        self.stop.setVisible(done < count)
        failed, stopped = self.cells.count("failed", "refused"), self.cells.count("cancelled")
        words = []
        if done == count:
            seconds = sum(cell.seconds for cell in self.cells.cells)
            words.append(_("{count} cells, {time}").format(count=count, time=span(seconds)))
        if failed:
            words.append(_("{count} failed").format(count=failed))
        if stopped:
            words.append(_("{count} stopped").format(count=stopped))
        self.state.setText(" · ".join(words))
        self.state.setStyleSheet(f"color: {theme().bad if failed else theme().dim};")
        self.copying.setEnabled(done > 0)
        self._tell_cell()

    def _tell_cell(self) -> None:
        number = self.table.current()
        self.opening.setEnabled(number >= 0)
        digest = self.cells.digest(number, self.model.target) if number >= 0 else ""
        self.comparing.setEnabled(bool(digest))
        if number < 0:
            self.about.setText(_("Choose a cell to see its settings. Double-click or Enter opens its graph."))
            self.about.setStyleSheet(f"color: {theme().dim};")
            return
        cell = self.cells.cells[number]
        head = f"{self.cells.settings(cell)} — {state_name(cell.status)}"
        if cell.status == "done":
            head += f" · {span(cell.seconds)}"
        self.about.setText("\n".join([head, *cell.message.split("\n")[:3]] if cell.message else [head]))
        self.about.setStyleSheet(f"color: {theme().bad if cell.message else theme().text};")

    # --------------------------------------------------------------------------------------------- doing

    def open_cell(self, number: int) -> None:
        """Ask for the graph of a cell to be opened."""
        graph = self.cells.graphs[number]
        try:
            held = parse(provenance_text(graph, self._bench.catalog, self._folder).encode(), self.title)
        except MeshloomError:
            held = graph
        self.graph_wanted.emit(held)

    def _open_current(self) -> None:
        if self.table.current() >= 0:
            self.open_cell(self.table.current())

    def csv(self) -> str:
        """A row a cell: its settings, how it went, its numbers."""
        return csv_of(self.cells.axes, self.cells.cells).decode("utf-8")

    def copy(self) -> None:
        """Put the numbers on the clipboard as CSV."""
        QGuiApplication.clipboard().setText(self.csv())
        self.told.emit(_("Copied {count} rows.").format(count=len(self.cells.cells)))
        self.state.setText(_("Copied {count} rows.").format(count=len(self.cells.cells)))

    def _offer(self, at: QPoint) -> None:
        if not self.table.indexAt(at).isValid():
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(_("Open its graph"), self._open_current)
        if self.comparing.isEnabled():
            menu.addAction(_("Use as A"), partial(self._compare, 0))
            menu.addAction(_("Use as B"), partial(self._compare, 1))
        menu.addAction(_("Copy numbers as CSV"), self.copy)
        menu.popup(self.table.viewport().mapToGlobal(at))

    def _compare(self, place: int) -> None:
        number = self.table.current()
        digest = self.cells.digest(number, self.model.target) if number >= 0 else ""
        if digest:
            title = f"{self.model.target.title} ({self.cells.settings(self.cells.cells[number])})"
            self._asked[digest] = (place, title)
            self._bench.results.want(digest)

    def _loaded(self, digest: str, value: Any) -> None:
        if digest in self._asked:
            place, title = self._asked.pop(digest)
            self.compare_wanted.emit(place, value, title)

    def _lost(self, digest: str, why: str) -> None:
        if self._asked.pop(digest, None) is not None:
            self.told.emit(why)
            self.state.setText(why)

    def leave(self) -> None:
        """The view is closed for good: what has not run yet does not run."""
        if self._left:
            return
        self._left = True
        self._settle.stop()
        self._bench.results.loaded.disconnect(self._loaded)
        self._bench.results.failed.disconnect(self._lost)
        themes.current().changed.disconnect(self._paint_again)
        self.cells.leave()

    def closeEvent(self, event: Any) -> None:
        self.leave()
        super().closeEvent(event)
