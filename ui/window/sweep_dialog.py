"""Asks which parameters of a graph to vary and over which values, then starts a run for each combination."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from meshloom.graph_runtime.errors import RequestError
from meshloom.graph_runtime.graph import GraphData
from meshloom.graph_runtime.spec import Param
from meshloom.graph_runtime.sweep import MOST_CELLS, Axis
from meshloom.ui import theme as themes
from meshloom.ui.fields.text import label, shown
from meshloom.ui.promoted import params_of
from meshloom.ui.theme import UNIT, theme
from meshloom.ui.window.document_tab import DocumentTab
from meshloom.ui.window.queue_view import span
from meshloom.ui.window.sweep_axis import AxisRow
from meshloom.ui.window.sweep_cells import SweepCells
from meshloom.ui.window.sweep_targets import axis_label, ends_of, titles_of
from meshloom.ui.window.sweep_view import SweepView
from meshloom.ui.words import _

#: More runs than this are warned of.
MANY = 100

_PLACE = Qt.ItemDataRole.UserRole
_WORDS = Qt.ItemDataRole.UserRole + 1


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
        self._params: dict[str, tuple[Param, Any]] = {}
        self._build()
        self._list_params()
        self._list_targets()
        self.search.textChanged.connect(self._filter)
        self.search.installEventFilter(self)
        self.list.itemChanged.connect(self._ticked)
        self.list.itemActivated.connect(self._toggle)
        self.target.currentIndexChanged.connect(self._tell)
        self._tell()
        self.search.setFocus()

    def sizeHint(self) -> QSize:
        return QSize(860, 560)

    # ------------------------------------------------------------------------------------------ building

    def _build(self) -> None:
        self.search = QLineEdit(self)
        self.search.setPlaceholderText(_("Search settings"))
        self.search.setClearButtonEnabled(True)
        self.list = QTreeWidget(self)
        self.list.setAccessibleName(_("Settings of the graph"))
        self.list.setColumnCount(2)
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.header().setStretchLastSection(False)
        self.list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.list.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.list.header().setMaximumSectionSize(220)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setStyleSheet(_ticks())
        left = QVBoxLayout()
        left.setSpacing(2 * UNIT)
        left.addWidget(self.search)
        left.addWidget(self.list, 1)
        self.hint = QLabel(_("Tick the settings to vary. Each one more is an axis of the grid."), self)
        self.hint.setWordWrap(True)
        self.hint.setStyleSheet(f"color: {theme().dim};")
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
        self._area = area
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
        both.addLayout(left, 4)
        both.addLayout(right, 5)
        self.count = QLabel(self)
        self.count.setWordWrap(True)
        self.start = QPushButton(_("Start"), self)
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

    def _list_params(self) -> None:
        """Every parameter that has no link; those of the selected nodes first."""
        document = self._tab.document.document
        names = [name for name in self._chosen if name in self.graph.nodes]
        names += [name for name in self.graph.nodes if name not in names]
        for name in names:
            node = self.graph.nodes[name]
            for param in params_of(document, node):
                if param.name in node.links:
                    continue
                place = f"{name}.{param.name}"
                value = node.params.get(param.name, param.default)
                self._params[place] = (param, value)
                title = self._titles[name]
                item = QTreeWidgetItem([f"{title} · {label(param.name)}", _cut(shown(param, value))])
                item.setToolTip(0, f"{place}\n{param.doc}".strip())
                item.setData(0, _PLACE, place)
                item.setData(0, _WORDS, f"{place} {title} {label(param.name)} {node.type}".lower())
                item.setForeground(1, theme().colour("dim"))
                item.setSizeHint(0, QSize(0, 7 * UNIT))
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                item.setCheckState(0, Qt.CheckState.Unchecked)
                self.list.addTopLevelItem(item)
        self.list.setCurrentItem(self.list.topLevelItem(0))

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

    def _filter(self, text: str) -> None:
        words = text.lower().split()
        first = None
        for row in range(self.list.topLevelItemCount()):
            item = self.list.topLevelItem(row)
            fits = all(word in item.data(0, _WORDS) for word in words)
            item.setHidden(not fits)
            first = item if fits and first is None else first
        if first is not None:
            self.list.setCurrentItem(first)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """From the search: arrows walk the list, Enter ticks."""
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            item = self.list.currentItem()
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.search.text():
                if item is not None and not item.isHidden():
                    self._toggle(item)
                    self.search.selectAll()
                return True
            if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
                self._walk(1 if event.key() == Qt.Key.Key_Down else -1)
                return True
        return super().eventFilter(watched, event)

    def _walk(self, by: int) -> None:
        row = self.list.indexOfTopLevelItem(self.list.currentItem()) + by
        while 0 <= row < self.list.topLevelItemCount():
            if not self.list.topLevelItem(row).isHidden():
                self.list.setCurrentItem(self.list.topLevelItem(row))
                return
            row += by

    def _toggle(self, item: QTreeWidgetItem, _column: int = 0) -> None:
        on = item.checkState(0) == Qt.CheckState.Checked
        item.setCheckState(0, Qt.CheckState.Unchecked if on else Qt.CheckState.Checked)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Enter in the list ticks; only elsewhere it starts.
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.list.hasFocus():
            return
        super().keyPressEvent(event)

    def _ticked(self, item: QTreeWidgetItem, _column: int = 0) -> None:
        place, on = item.data(0, _PLACE), item.checkState(0) == Qt.CheckState.Checked
        if on == (place in self.rows):
            return
        if on:
            param, value = self._params[place]
            title = axis_label(place, self._titles)
            row = AxisRow(place, title, param, value, self.graph, self._bench.catalog, self)
            row.changed.connect(self._tell)
            row.removed.connect(self._untick)
            self.rows[place] = row
            self._column.insertWidget(self._column.count() - 1, row)
        else:
            row = self.rows.pop(place)
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._tell()

    def _untick(self, place: str) -> None:
        for row in range(self.list.topLevelItemCount()):
            if self.list.topLevelItem(row).data(0, _PLACE) == place:
                self.list.topLevelItem(row).setCheckState(0, Qt.CheckState.Unchecked)

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


def _cut(text: str) -> str:
    return text if len(text) <= 28 else f"{text[:27]}…"


def _ticks() -> str:
    """How the ticks of the list look: as those of a check box."""
    colours = theme()
    tick = (Path(themes.__file__).parent / "icons" / f"check_{colours.name}.svg").as_posix()
    return f"""
    QTreeView::indicator {{ width: 14px; height: 14px; border: 1px solid {colours.dim}; border-radius: 3px;
        background: {colours.field}; }}
    QTreeView::indicator:checked {{ background: {colours.accent}; border-color: {colours.accent};
        image: url({tick}); }}
    """
