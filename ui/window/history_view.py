"""Earlier runs: their graphs to open, two of them to compare, their files to find."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QUrl, Signal
from PySide6.QtGui import QAction, QDesktopServices, QIcon, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QLabel,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from meshloom.graph_runtime.errors import MeshloomError
from meshloom.graph_runtime.types import Table
from meshloom.ui.look.pages import TableView
from meshloom.ui.running.history import Entry, History, differences
from meshloom.ui.theme import theme
from meshloom.ui.window.queue_view import span
from meshloom.ui.words import _

_ENTRY = Qt.ItemDataRole.UserRole
_MOODS = {"done": "good", "failed": "bad", "refused": "bad", "cancelled": "warn"}


class HistoryView(QTreeWidget):
    """Newest first. Enter opens the graph of a run; the menu has the rest."""

    #: The graph of an :class:`Entry` is to be opened.
    graph_wanted = Signal(object)
    #: What went wrong, in words.
    told = Signal(str)

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._history = history
        self.setAccessibleName(_("History of runs"))
        self.setHeaderLabels([_("Run"), _("When"), _("How it went"), _("Took"), _("Nodes")])
        self.setRootIsDecorated(False)
        self.setIconSize(QSize(64, 48))
        self.setUniformRowHeights(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setColumnWidth(0, 240)
        self.setColumnWidth(1, 140)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        for words, call in (
            (_("Open the graph"), self.open_graph),
            (_("Compare two runs"), self.compare),
            (_("Show the files it wrote"), self.show_files),
            (_("Remove from the history"), self.forget),
        ):
            action = QAction(words, self)
            action.triggered.connect(call)
            self.addAction(action)
        self.itemActivated.connect(self.open_graph)
        history.changed.connect(self._changed)
        history.pictured.connect(self._pictured)
        self._stale = True

    def showEvent(self, event: object) -> None:
        if self._stale:
            self.refresh()

    def _changed(self) -> None:
        self._stale = True
        if self.isVisible():
            self.refresh()

    def refresh(self) -> None:
        """Read the history again."""
        self._stale = False
        self.clear()
        names = {
            "done": _("done"),
            "failed": _("failed"),
            "cancelled": _("cancelled"),
            "refused": _("could not start"),
        }
        for entry in self._history.entries():
            nodes = _("{computed} computed, {reused} reused").format(
                computed=entry.computed, reused=entry.reused
            )
            when = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.ended))
            item = QTreeWidgetItem(
                [entry.label, when, names.get(entry.state, entry.state), span(entry.seconds), nodes]
            )
            item.setData(0, _ENTRY, entry)
            item.setForeground(2, theme().colour(_MOODS.get(entry.state, "text")))
            self._picture(item)
            self.addTopLevelItem(item)

    def _picture(self, item: QTreeWidgetItem) -> None:
        entry: Entry = item.data(0, _ENTRY)
        if not entry.picture.is_file():
            return
        picture = QPixmap(str(entry.picture))
        if not picture.isNull():  # whole, two hundred of them would be 50 MB
            size = self.iconSize() * self.devicePixelRatioF()
            keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            picture = picture.scaled(size, keep, smooth)
        item.setIcon(0, QIcon(picture))

    def _pictured(self, entry: Entry) -> None:
        for row in range(self.topLevelItemCount()):
            if self.topLevelItem(row).data(0, _ENTRY).file == entry.file:
                self._picture(self.topLevelItem(row))

    def chosen(self) -> list[Entry]:
        """The selected runs, newest first."""
        rows = sorted(self.indexOfTopLevelItem(item) for item in self.selectedItems())
        return [self.topLevelItem(row).data(0, _ENTRY) for row in rows]

    def open_graph(self) -> None:
        for entry in self.chosen()[:1]:
            self.graph_wanted.emit(entry)

    def compare(self) -> None:
        """A table of what two runs differ in."""
        chosen = self.chosen()
        if len(chosen) != 2:
            self.told.emit(_("Select two runs to compare them."))
            return
        try:
            rows = differences(chosen[1].graph(), chosen[0].graph())
        except MeshloomError as error:
            self.told.emit(str(error))
            return
        Differences(chosen[1], chosen[0], rows, self).open()

    def show_files(self) -> None:
        for entry in self.chosen()[:1]:
            if not entry.written:
                self.told.emit(_("This run wrote no files."))
                return
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(entry.written[0]).parent)))

    def forget(self) -> None:
        for entry in self.chosen():
            self._history.forget(entry)


class Differences(QDialog):
    """The parameters that two runs differ in, older on the left."""

    def __init__(
        self, old: Entry, new: Entry, rows: list[tuple[str, str, str]], parent: QWidget | None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Compare two runs"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(640, 400)
        heads = [
            f"{entry.label}  {time.strftime('%m-%d %H:%M:%S', time.localtime(entry.ended))}"
            for entry in (old, new)
        ]
        column = QVBoxLayout(self)
        if rows:
            self.table = TableView(self)
            self.table.show_value(Table((_("Setting"), *heads), tuple(rows)))
            column.addWidget(self.table)
        else:
            column.addWidget(QLabel(_("Both runs had the same graph and the same settings."), self))
