"""Every setting of a graph in a list to search and tick."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHeaderView, QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from meshloom.graph_runtime.document import Document
from meshloom.graph_runtime.graph import GraphData
from meshloom.graph_runtime.spec import Param
from meshloom.ui import theme as themes
from meshloom.ui.fields.text import doc, label, shown
from meshloom.ui.promoted import params_of
from meshloom.ui.theme import UNIT, theme
from meshloom.ui.window.sweep_targets import axis_label
from meshloom.ui.words import _

_PLACE = Qt.ItemDataRole.UserRole
_WORDS = Qt.ItemDataRole.UserRole + 1


class ParamList(QWidget):
    """Type to find, Enter to tick; arrows walk the list from the search as well."""

    #: A setting (``node.param``) was ticked or no longer is.
    ticked = Signal(str, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        #: The settings that are listed, each with its value now.
        self.params: dict[str, tuple[Param, Any]] = {}
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
        self.list.header().setMaximumSectionSize(140)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setStyleSheet(_ticks())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * UNIT)
        column.addWidget(self.search)
        column.addWidget(self.list, 1)
        self.setFocusProxy(self.search)
        self.search.textChanged.connect(self._filter)
        self.search.installEventFilter(self)
        self.list.itemChanged.connect(self._changed)
        self.list.itemActivated.connect(self.toggle)

    def show_graph(
        self, graph: GraphData, document: Document, titles: dict[str, str], first: Sequence[str]
    ) -> None:
        """List what no link gives; the settings of the nodes in ``first`` on top."""
        names = [name for name in first if name in graph.nodes]
        names += [name for name in graph.nodes if name not in names]
        for name in names:
            node = graph.nodes[name]
            for param in params_of(document, node):
                if param.name in node.links:
                    continue
                place = f"{name}.{param.name}"
                value = node.params.get(param.name, param.default)
                self.params[place] = (param, value)
                item = QTreeWidgetItem([axis_label(place, titles), _cut(shown(param, value))])
                item.setToolTip(0, f"{place}\n{doc(param.doc)}".strip())
                item.setData(0, _PLACE, place)
                item.setData(0, _WORDS, f"{place} {titles[name]} {label(param.name)} {node.type}".lower())
                item.setForeground(1, theme().colour("dim"))
                item.setSizeHint(0, QSize(0, 7 * UNIT))
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                item.setCheckState(0, Qt.CheckState.Unchecked)
                self.list.addTopLevelItem(item)
        self.list.setCurrentItem(self.list.topLevelItem(0))

    def untick(self, place: str) -> None:
        for row in range(self.list.topLevelItemCount()):
            if self.list.topLevelItem(row).data(0, _PLACE) == place:
                self.list.topLevelItem(row).setCheckState(0, Qt.CheckState.Unchecked)

    def toggle(self, item: QTreeWidgetItem, _column: int = 0) -> None:
        """Tick what is not ticked, and the other way round."""
        on = item.checkState(0) == Qt.CheckState.Checked
        item.setCheckState(0, Qt.CheckState.Unchecked if on else Qt.CheckState.Checked)

    def _changed(self, item: QTreeWidgetItem, _column: int = 0) -> None:
        self.ticked.emit(item.data(0, _PLACE), item.checkState(0) == Qt.CheckState.Checked)

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
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            item = self.list.currentItem()
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.search.text():
                if item is not None and not item.isHidden():
                    self.toggle(item)
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
