"""Where the docks are: as on the first day, as they were last, or away while the start page is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QObject, Qt
from PySide6.QtWidgets import QDockWidget, QWidget

if TYPE_CHECKING:
    from meshloom.ui.window.main_window import MainWindow

LEFT, RIGHT, BOTTOM = (
    Qt.DockWidgetArea.LeftDockWidgetArea,
    Qt.DockWidgetArea.RightDockWidgetArea,
    Qt.DockWidgetArea.BottomDockWidgetArea,
)


class Layouts(QObject):
    """The docks of one window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.docks: dict[str, QDockWidget] = {}
        self._usual = QByteArray()
        #: The docks to show again when the start page goes.
        self._away: list[QDockWidget] | None = None

    def add(self, key: str, title: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        """A new dock around a widget; ``key`` names it in saved layouts."""
        dock = QDockWidget(title, self._window)
        dock.setObjectName(key)
        dock.setWidget(widget)
        self._window.addDockWidget(area, dock)
        self.docks[key] = dock
        return dock

    def put_away(self, away: bool) -> None:
        """The start page has the window to itself; the docks come back with a document."""
        if away and self._away is None:
            self._away = [dock for dock in self.docks.values() if not dock.isHidden()]
            for dock in self._away:
                dock.hide()
        elif not away and self._away is not None:
            for dock in self._away:
                if dock in self.docks.values():  # a viewer may have been closed meanwhile
                    dock.show()
            self._away = None

    def reset(self) -> None:
        """Docks as on the first day."""
        self.put_away(False)
        self._window.restoreState(self._usual)

    def restore(self) -> None:
        """Once everything has its place: keep that as the usual one, and put things where they were last."""
        self._usual = self._window.saveState()
        choices = self._window.bench.settings.choices
        if choices.geometry:
            self._window.restoreGeometry(QByteArray.fromBase64(choices.geometry.encode()))
        else:
            self._window.resize(1600, 1000)
        if "last" in choices.layouts:
            self._window.restoreState(QByteArray.fromBase64(choices.layouts["last"].encode()))

    def remember(self) -> None:
        """Keep where things are for the next start."""
        settings = self._window.bench.settings
        settings.set("geometry", bytes(self._window.saveGeometry().toBase64().data()).decode())
        if self._away is None:
            state = bytes(self._window.saveState().toBase64().data()).decode()
            settings.set("layouts", {**settings.choices.layouts, "last": state})
