"""What a sweep gives, as it comes: a labelled grid whose cells are looked at, opened and compared."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QSlider,
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
from meshloom.ui.window.sweep_grid import NUMBERS, PICTURE, SweepModel, SweepTable, state_name
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
        #: What the user wants to see of the target; ``None``: what suits it.
        self._picked: str | None = None
        self.model = SweepModel(cells, self)
        self.table = SweepTable(self.model, self)
        self._make_choices()
        self._make_foot()
        self._lay_out()
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_EVERY)
        self._settle.timeout.connect(self._tell)
        cells.changed.connect(self._changed)
        cells.numbered.connect(self._offer_numbers)
        bench.results.loaded.connect(self._loaded)
        bench.results.failed.connect(self._lost)
        themes.current().changed.connect(self._paint_again)
        self.table.opened.connect(self.open_cell)
        self.table.chosen.connect(self._tell_cell)
        self.setFocusProxy(self.table)
        self._arrange()
        self._target_chosen()
        self._tell()

    def sizeHint(self) -> QSize:
        return QSize(980, 640)

    # ------------------------------------------------------------------------------------------ building

    def _combo(self, name: str) -> QComboBox:
        combo = QComboBox(self)
        combo.setAccessibleName(name)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        combo.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return combo

    def _make_choices(self) -> None:
        axes = self.cells.axes
        self.target = self._combo(_("Result to look at"))
        for target in self.cells.targets:
            self.target.addItem(target.title, target)
        self.what = self._combo(_("What to show of it"))
        self.across = self._combo(_("Across"))
        self.down = self._combo(_("Down"))
        for place, axis in enumerate(axes):
            for combo in (self.across, self.down):
                combo.addItem(self.cells.labels[axis.place], place)
        if len(axes) == 1:
            self.down.addItem("–", None)
        self.across.setCurrentIndex(len(axes) - 1)
        self.down.setCurrentIndex(len(axes) - 2 if len(axes) > 1 else 1)
        #: For each axis, the value to look at while it is neither across nor down.
        self.fixed: list[tuple[QLabel, QComboBox]] = []
        for axis in axes:
            named = self.cells.labels[axis.place]
            combo = self._combo(named)
            for held in axis.values:
                combo.addItem(self.cells.value_text(axis.place, held))
            combo.currentIndexChanged.connect(self._arrange)
            self.fixed.append((QLabel(named, self), combo))
        self.across.activated.connect(partial(self._swap, self.across, self.down))
        self.down.activated.connect(partial(self._swap, self.down, self.across))
        self.target.activated.connect(self._target_chosen)
        self.what.activated.connect(self._what_picked)
        self.size = QSlider(Qt.Orientation.Horizontal, self)
        self.size.setRange(96, 360)
        self.size.setValue(168)
        self.size.setFixedWidth(96)
        self.size.setAccessibleName(_("Size of the cells"))
        self.size.setToolTip(_("Size of the cells"))
        self.size.valueChanged.connect(self.table.set_size)
        self.size.sliderMoved.connect(self._size_chosen)

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
        top = QHBoxLayout()
        top.setSpacing(2 * UNIT)
        for words, widget in (
            (_("Show"), self.target),
            ("", self.what),
            (_("Across"), self.across),
            (_("Down"), self.down),
        ):
            if words:
                top.addWidget(self._dim(words))
            top.addWidget(widget)
            if widget is self.what:
                top.addSpacing(3 * UNIT)
        top.addStretch(1)
        top.addWidget(self.size)
        self._more = QHBoxLayout()
        self._more.setSpacing(2 * UNIT)
        for named, combo in self.fixed:
            self._more.addWidget(named)
            self._more.addWidget(combo)
            self._more.addSpacing(2 * UNIT)
        self._more.addStretch(1)
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
        column.addLayout(top)
        column.addLayout(self._more)
        column.addWidget(self.table, 1)
        column.addWidget(self.about)
        column.addLayout(foot)

    def _dim(self, words: str) -> QLabel:
        made = QLabel(words, self)
        made.setStyleSheet(f"color: {theme().dim};")
        return made

    # ----------------------------------------------------------------------------------------- arranging

    def _swap(self, changed: QComboBox, other: QComboBox, _index: int = 0) -> None:
        """An axis cannot lie both ways: the other way takes what this one had."""
        place = changed.currentData()
        if place is not None and other.currentData() == place:
            free = [each for each in (self.model.down, self.model.across) if each not in (place, None)]
            free += [each for each in range(len(self.cells.axes)) if each != place]
            other.setCurrentIndex(other.findData(free[0] if free else None))
        if self.across.currentData() is None:
            self.across.setCurrentIndex(0)
        self._arrange()

    def _arrange(self) -> None:
        across, down = self.across.currentData(), self.down.currentData()
        if down == across:
            down = None
        for place, (named, combo) in enumerate(self.fixed):
            for widget in (named, combo):
                widget.setVisible(place not in (across, down))
        fixed = {
            place: combo.currentIndex()
            for place, (_named, combo) in enumerate(self.fixed)
            if place not in (across, down)
        }
        self.model.arrange(down, across, fixed)
        header = self.table.verticalHeader()
        header.setVisible(down is not None)
        if down is not None:
            axis = self.cells.axes[down]
            texts = [self.cells.value_text(axis.place, held) for held in axis.values]
            width = max(self.fontMetrics().horizontalAdvance(text) for text in texts)
            header.setFixedWidth(min(180, width + 6 * UNIT))

    def _target_chosen(self) -> None:
        self._picked = None
        self.what.clear()
        self._offer_numbers()
        self._what_chosen()

    def _offer_numbers(self) -> None:
        """Put what can be shown of the target into the list, keeping what is chosen."""
        target = self.target.currentData()
        names = list(dict.fromkeys(
            name for cell in self.cells.cells for name in self.cells.numbers(cell.index, target)
        ))  # fmt: skip
        offered = [(_("Picture"), PICTURE)] if target.has_pictures or not target.parts else []
        if len(names) > 1 or not (offered or names):
            offered.append((_("All numbers"), NUMBERS))
        offered += [(name.removeprefix(f"{target.name}."), name) for name in names]
        if [key for _words, key in offered] == [self.what.itemData(row) for row in range(self.what.count())]:
            return
        self.what.clear()
        for words, key in offered:
            self.what.addItem(words, key)
        row = self.what.findData(self._picked)
        self.what.setCurrentIndex(max(0, row))
        self.what.setVisible(len(offered) > 1)
        self._what_chosen()

    def _what_picked(self) -> None:
        self._picked = self.what.currentData()
        self._what_chosen()

    def _what_chosen(self) -> None:
        self.model.show_what(self.target.currentData(), self.what.currentData() or PICTURE)
        self._tell_cell()

    def _size_chosen(self) -> None:
        self._sized = True

    def resizeEvent(self, event: Any) -> None:
        """Until the user chooses another size, the cells are as large as the room lets them be."""
        super().resizeEvent(event)
        if not self._sized:
            QTimer.singleShot(0, self, self._fit)

    def _fit(self) -> None:
        self.size.setValue(self.table.fitting(120, 300))

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
