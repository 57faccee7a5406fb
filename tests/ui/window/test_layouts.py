"""Docks are found again where they were left."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from meshloom.ui.running.runs import RunInfo

from .conftest import GRAPH, Open

Run = Callable[[], RunInfo]
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def test_the_docks_are_where_they_were_at_the_next_start(open_window: Open, qtbot: QtBot) -> None:
    first = open_window()
    first.open_graph(GRAPH)
    first.docks["outline"].toggleViewAction().trigger()
    first.docks["viewer"].toggleViewAction().trigger()
    first.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, first.docks["inspector"])
    QApplication.processEvents()
    first.close()
    second = open_window()
    assert not second.docks["outline"].isVisible()  # the start page has the window to itself
    second.open_graph(GRAPH)
    QApplication.processEvents()
    shown = {
        key: dock.isVisible()
        for key, dock in second.docks.items()
        if key in ("outline", "viewer", "inspector")
    }
    assert shown == {"outline": True, "viewer": False, "inspector": True}
    assert second.dockWidgetArea(second.docks["inspector"]) == Qt.DockWidgetArea.LeftDockWidgetArea
    second.close()
