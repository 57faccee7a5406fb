"""The viewers of a window, each in a dock: the first follows the selection, more are pinned."""

from __future__ import annotations

from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QDockWidget

from meshloom.ui.window.document_tab import DocumentTab
from meshloom.ui.window.layouts import RIGHT
from meshloom.ui.window.viewer import Viewer
from meshloom.ui.words import _

if TYPE_CHECKING:
    from meshloom.ui.window.main_window import MainWindow


class ViewerDocks(QObject):
    """Of one window. The dock of the first is called "viewer"."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.viewers: list[Viewer] = []

    def new(self) -> Viewer:
        """A viewer that is in no dock yet."""
        viewer = Viewer(self._window.bench)
        viewer.compare_wanted.connect(self._window.comparing.take)
        viewer.titled.connect(partial(self._retitle, viewer))
        self.viewers.append(viewer)
        return viewer

    def _retitle(self, viewer: Viewer, title: str) -> None:
        dock = viewer.parentWidget()
        if isinstance(dock, QDockWidget):
            dock.setWindowTitle(_("Viewer") + (f": {title}" if title else ""))

    def add(self) -> Viewer:
        """One more viewer, pinned to what is selected."""
        viewer = self.new()
        # The first that is free: those before may have been closed.
        key = next(key for n in count(2) if (key := f"viewer{n}") not in self._window.docks)
        dock = self._window.layouts.add(key, _("Viewer"), viewer, RIGHT)
        self._window.tabifyDockWidget(self._window.docks["viewer"], dock)
        dock.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dock.destroyed.connect(partial(self._forget, viewer, key))
        tab = self._window.tab
        if tab is not None and tab.view.selection:
            viewer.show_node(tab, "/".join([*tab.view.instances, tab.view.selection[0]]))
            viewer.pin.setChecked(True)
        dock.show()
        dock.raise_()
        return viewer

    def _forget(self, viewer: Viewer, key: str) -> None:
        if viewer in self.viewers:
            self.viewers.remove(viewer)
            viewer.leave()
        self._window.docks.pop(key, None)

    def follow(self, tab: DocumentTab | None, path: str) -> None:
        """Another node is selected; none with an empty path."""
        for viewer in self.viewers:
            viewer.follow(tab, path)

    def document_changed(self, tab: DocumentTab, _changes: object) -> None:
        """A graph is another: what is edited in a viewport may get what it shows from elsewhere."""
        for viewer in self.viewers:
            viewer.document_changed(tab)

    def status_changed(self, tab: DocumentTab, path: str) -> None:
        for viewer in self.viewers:
            viewer.status_changed(tab, path)

    def tab_closed(self, tab: DocumentTab) -> None:
        for viewer in self.viewers:
            viewer.tab_closed(tab)

    def leave(self) -> None:
        """End what they do on threads."""
        for viewer in self.viewers:
            viewer.leave()
        self.viewers.clear()
