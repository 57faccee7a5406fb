"""Asks which parameters of a graph to vary and over which values, then starts a run for each combination."""

from __future__ import annotations

from math import prod

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from meshloom.graph_runtime.errors import RequestError
from meshloom.graph_runtime.graph import GraphData
from meshloom.graph_runtime.sweep import MOST_CELLS, Axis
from meshloom.ui.theme import UNIT, theme
from meshloom.ui.window.document_tab import DocumentTab
from meshloom.ui.window.queue_view import span
from meshloom.ui.window.sweep_axis import AxisRow
from meshloom.ui.window.sweep_cells import SweepCells
from meshloom.ui.window.sweep_params import ParamList
from meshloom.ui.window.sweep_targets import axis_label, ends_of, titles_of
from meshloom.ui.window.sweep_view import SweepView
from meshloom.ui.words import _

#: More runs than this are warned of.
MANY = 100


class SweepDialog(QDialog):
    """Open it with ``open()``; it goes by itself."""

    #: The grid of a sweep that has begun. Who takes it gives it a place; untaken it is a window of its own.
    started = Signal(QWidget)

    def __init__(self, tab: DocumentTab, window: QWidget | None = None) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Sweep"))
        self._tab = tab
        self._bench = tab.bench
        self.graph: GraphData = tab.document.snapshot()
        self._titles = titles_of(self.graph, tab.bench.catalog)
        self._chosen = tab.view.instances[:1] or list(tab.view.selection)
        self.rows: dict[str, AxisRow] = {}
        self._build()
        self.params.show_graph(self.graph, tab.document.document, self._titles, self._chosen)
        self._list_targets()
        self.params.ticked.connect(self._ticked)
        self.target.currentIndexChanged.connect(self._tell)
        self._tell()
        self.search.setFocus()

    def sizeHint(self) -> QSize:
        return QSize(860, 560)

    # ------------------------------------------------------------------------------------------ building

    def _build(self) -> None:
        self.params = ParamList(self)
        self.search, self.list = self.params.search, self.params.list
        self.hint = QLabel(_("Tick the settings to vary. Each one more is an axis of the grid."), self)
        self.hint.setWordWrap(True)
        self.hint.setProperty("mood", "dim")
        page = QWidget()
        self._column = QVBoxLayout(page)
        self._column.setContentsMargins(0, 0, 2 * UNIT, 0)
        self._column.setSpacing(UNIT)
        self._column.addWidget(self.hint)
        self._column.addStretch(1)
        area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(page)
        self.target = QComboBox(self)
        self.target.setAccessibleName(_("Look at"))
        looking = QHBoxLayout()
        looking.setSpacing(2 * UNIT)
        looking.addWidget(QLabel(_("Look at"), self))
        looking.addWidget(self.target, 1)
        right = QVBoxLayout()
        right.setSpacing(2 * UNIT)
        right.addWidget(area, 1)
        right.addLayout(looking)
        both = QHBoxLayout()
        both.setSpacing(4 * UNIT)
        both.addWidget(self.params, 4)
        both.addLayout(right, 5)
        self.count = QLabel(self)
        self.count.setWordWrap(True)
        self.start = QPushButton(_("Start the sweep"), self)
        self.start.setDefault(True)
        self.start.clicked.connect(self.begin)
        leave = QPushButton(_("Cancel"), self)
        leave.setAutoDefault(False)
        leave.clicked.connect(self.reject)
        foot = QHBoxLayout()
        foot.setSpacing(2 * UNIT)
        foot.addWidget(self.count, 1)
        foot.addWidget(leave)
        foot.addWidget(self.start)
        column = QVBoxLayout(self)
        column.setContentsMargins(4 * UNIT, 4 * UNIT, 4 * UNIT, 4 * UNIT)
        column.setSpacing(3 * UNIT)
        column.addLayout(both, 1)
        column.addLayout(foot)
        self.setMinimumWidth(720)  # names beside their values, whatever the screen

    def _list_targets(self) -> None:
        ends = ends_of(self.graph)
        if len(ends) > 1:
            self.target.addItem(_("All results"), None)
        for name in [*ends, *(name for name in self.graph.nodes if name not in ends)]:
            if not self.graph.nodes[name].mute:
                self.target.addItem(self._titles[name], name)
                self.target.setItemData(self.target.count() - 1, name, Qt.ItemDataRole.ToolTipRole)
        for name in self._chosen[:1]:
            if name in ends:
                self.target.setCurrentIndex(self.target.findData(name))

    # ------------------------------------------------------------------------------------------ choosing

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Enter in the list ticks; only elsewhere it starts.
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.list.hasFocus():
            return
        super().keyPressEvent(event)

    def _ticked(self, place: str, on: bool) -> None:
        if on == (place in self.rows):
            return
        if on:
            param, value = self.params.params[place]
            title = axis_label(place, self._titles)
            row = AxisRow(place, title, param, value, self.graph, self._bench.catalog, self)
            row.changed.connect(self._tell)
            row.removed.connect(self.params.untick)
            self.rows[place] = row
            self._column.insertWidget(self._column.count() - 1, row)
        else:
            row = self.rows.pop(place)
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._tell()

    # ------------------------------------------------------------------------------------------- telling

    def axes(self) -> list[Axis]:
        """What is to be varied, as far as it is right."""
        return [row.axis for row in self.rows.values() if row.axis is not None]

    def cell_count(self) -> int:
        return prod(len(axis.values) for axis in self.axes()) if self.rows else 0

    def _tell(self) -> None:
        self.hint.setVisible(not self.rows)
        axes, count = self.axes(), self.cell_count()
        ready = bool(self.rows) and len(axes) == len(self.rows)
        colour, words = theme().dim, ""
        if ready:
            sides = " × ".join(str(len(axis.values)) for axis in axes)
            words = f"{sides} = {count}" if len(axes) > 1 else str(count)
            words = _("{count} runs").format(count=words) if count != 1 else _("1 run")
            usual = self._seconds(count)
            if usual is not None:
                words += " · " + _("at most about {time}").format(time=span(usual))
        if count > MOST_CELLS:
            ready, colour = False, theme().bad
            words = _("{count} runs are too many; at most {most} can be started.").format(
                count=count, most=MOST_CELLS
            )
        elif ready and count > MANY:
            colour = theme().warn
            words += " — " + _("that is many")
        if not self.list.topLevelItemCount():
            words = _("This graph has no settings to vary.")
        self.count.setText(words)
        self.count.setStyleSheet(f"color: {colour};")
        self.start.setEnabled(ready and self.target.count() > 0)

    def _seconds(self, count: int) -> float | None:
        """How long all runs take if nothing is reused below what is varied; ``None`` if that is not known."""
        below = {place.partition(".")[0] for place in self.rows}
        waiting = True
        while waiting:
            more = {
                name
                for name, node in self.graph.nodes.items()
                if name not in below and any(link.node in below for link in node.links.values())
            }
            below |= more
            waiting = bool(more)
        timings = self._bench.history.timings
        known = [timings.get(self.graph.nodes[name].type) for name in below]
        if not known or None in known:
            return None
        return count * sum(each for each in known if each is not None)

    # ------------------------------------------------------------------------------------------ starting

    def begin(self) -> None:
        """Put the runs in the queue and hand over the grid that shows them."""
        target = self.target.currentData()
        targets = [target] if target is not None else ends_of(self.graph)
        try:
            cells = SweepCells(self._bench, self.graph, self.axes(), targets)
        except RequestError as error:
            self.count.setText(str(error.problems[0]))
            self.count.setStyleSheet(f"color: {theme().bad};")
            return
        tab = self._tab
        view = SweepView(self._bench, cells, tab.document.folder, tab.title)
        cells.start(
            tab.document.folder,
            tab.workflow,
            tab.title,
            tab.key,
            (target,) if target is not None else None,
        )
        self.started.emit(view)
        if view.parent() is None:
            self._show_alone(view)
        self.accept()

    def _show_alone(self, view: SweepView) -> None:
        view.setParent(self.parentWidget(), Qt.WindowType.Window)
        view.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        view.show()
