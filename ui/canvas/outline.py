"""The graph as a tree of text: for finding one's way, and for those who cannot see the canvas."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem, QWidget

from meshloom.graph_runtime.document import ROOT
from meshloom.graph_runtime.graph import GROUP_PREFIX
from meshloom.ui.canvas.clipboard import in_order
from meshloom.ui.canvas.paint import MOODS, state_words
from meshloom.ui.canvas.view import CanvasView
from meshloom.ui.theme import theme
from meshloom.ui.words import _

_PATH = Qt.ItemDataRole.UserRole
#: Groups are opened no deeper than this.
_DEEPEST = 8


class Outline(QTreeWidget):
    """Every node, those of a group under its instance. Choosing one shows it on the canvas, and the reverse."""

    def __init__(self, view: CanvasView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self._following = False
        self.setAccessibleName(_("Outline of the graph"))
        self.setHeaderLabels([_("Node"), _("State"), _("Fed by")])
        self.setUniformRowHeights(True)
        self.setColumnWidth(0, 150)
        self.setColumnWidth(1, 120)
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.setInterval(200)
        self._late.timeout.connect(self.refresh)
        view.document.changed.connect(self._wait)
        view.statuses_changed.connect(self._wait)
        view.selection_changed.connect(self._select)
        self.currentItemChanged.connect(self._chosen)
        self.itemActivated.connect(self._activated)

    def showEvent(self, event: QShowEvent) -> None:
        self.refresh()
        super().showEvent(event)

    def _wait(self) -> None:
        if self.isVisible() and not self._late.isActive():
            self._late.start()

    def refresh(self) -> None:
        """Read the document again; what is open and chosen stays so."""
        opened = {item.data(0, _PATH) for item in self._items() if item.isExpanded()}
        self._following = True
        self.clear()
        self._fill(self.invisibleRootItem(), ROOT, "", 0)
        for item in self._items():
            item.setExpanded(item.data(0, _PATH) in opened)
        self._following = False
        self._select(self._view.selection)

    def _fill(self, above: QTreeWidgetItem, scope: str, prefix: str, depth: int) -> None:
        document = self._view.document.document
        held = document.group(scope)
        placed = in_order(held.nodes)
        rows = []
        for name in placed:
            data, path = held.nodes[name], prefix + name
            spec = document.specs.get(data.type)
            title = data.title or (
                _(spec.title) if spec is not None else data.type.removeprefix(GROUP_PREFIX)
            )
            status = self._view.standing.get(path)
            words, right = state_words(status) if status is not None else ("", "")
            fed = ", ".join(dict.fromkeys(link.node for link in data.links.values()))
            item = QTreeWidgetItem([title, f"{words} {right}".strip(), fed])
            item.setData(0, _PATH, path)
            item.setToolTip(0, f"{path} · {data.type}")
            if status is not None:
                item.setForeground(1, theme().colour(MOODS[status.state]))
            inner = data.type.removeprefix(GROUP_PREFIX)
            if data.type.startswith(GROUP_PREFIX) and inner in document.scopes and depth < _DEEPEST:
                self._fill(item, inner, f"{path}/", depth + 1)
            rows.append(item)
        above.addChildren(rows)

    def _items(self) -> list[QTreeWidgetItem]:
        found, waiting = [], [self.invisibleRootItem()]
        while waiting:
            item = waiting.pop()
            children = [item.child(index) for index in range(item.childCount())]
            found += children
            waiting += children
        return found

    def _select(self, names: list[str]) -> None:
        if self._following or not names:
            return
        path = "/".join([*self._view.instances, names[0]])
        item = next((each for each in self._items() if each.data(0, _PATH) == path), None)
        if item is not None and item is not self.currentItem():
            self._following = True
            self.setCurrentItem(item)
            self._following = False

    def _chosen(self, item: QTreeWidgetItem | None, _before: QTreeWidgetItem | None) -> None:
        if item is not None and not self._following:
            self._following = True
            self._view.reveal(item.data(0, _PATH))
            self._following = False

    def _activated(self, item: QTreeWidgetItem) -> None:
        self._view.reveal(item.data(0, _PATH))
        self._view.setFocus()
