"""What happened, line by line; a line about a node leads to it."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from meshloom.ui.theme import theme
from meshloom.ui.words import _

#: Lines kept.
_MOST = 5000
_MOODS = {"error": "bad", "warning": "warn", "info": "dim"}


class LogView(QTreeWidget):
    """Newest at the bottom; double-click goes to the node, Ctrl+C copies."""

    #: Document key, node.
    node_wanted = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(_("Log"))
        self.setHeaderLabels([_("Time"), _("Node"), _("Message")])
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setColumnWidth(0, 80)
        self.setColumnWidth(1, 140)
        self.header().setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        self.itemActivated.connect(self._go)
        copy = QShortcut(QKeySequence.StandardKey.Copy, self)
        copy.setContext(Qt.ShortcutContext.WidgetShortcut)
        copy.activated.connect(self.copy)

    def add(self, level: str, document: str, node: str, words: str) -> None:
        """A line; "info", "warning" or "error"."""
        bar = self.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 2
        item = QTreeWidgetItem([time.strftime("%H:%M:%S"), node, " ".join(words.split())])
        item.setToolTip(2, words)
        item.setForeground(2, theme().colour("text" if level == "info" else _MOODS.get(level, "text")))
        item.setForeground(0, theme().colour("dim"))
        item.setData(0, Qt.ItemDataRole.UserRole, (document, node))
        self.addTopLevelItem(item)
        if self.topLevelItemCount() > _MOST:
            self.takeTopLevelItem(0)
        if at_end:
            self.scrollToItem(item)

    def copy(self) -> None:
        """The selected lines, or all, as text."""
        items = self.selectedItems() or [self.topLevelItem(row) for row in range(self.topLevelItemCount())]
        lines = ["\t".join(item.text(column) for column in range(3)) for item in items if item is not None]
        QGuiApplication.clipboard().setText("\n".join(lines))

    def _go(self, item: QTreeWidgetItem) -> None:
        document, node = item.data(0, Qt.ItemDataRole.UserRole)
        if node:
            self.node_wanted.emit(document, node)
