"""Viewers beside each other: one follows the selection, others stay with their node."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.edits import Add, Flag, Set, Title
from meshloom.graph_runtime.graph import NodeData
from meshloom.ui.canvas.paint import mood_of, state_words
from meshloom.ui.look.live_view import LiveView
from meshloom.ui.running.runs import RunInfo
from meshloom.ui.window.document_tab import DocumentTab
from meshloom.ui.window.main_window import MainWindow

from ..hand import click
from .conftest import choose, shows

Run = Callable[[], RunInfo]
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def test_the_viewer_follows_the_selection_unless_pinned(
    window: MainWindow, tab: DocumentTab, run: Run, qtbot: QtBot
) -> None:
    viewer = window.viewers[0]
    choose(tab, "dark")
    assert "F5" in viewer.message.text()
    assert run().state == "done"
    shows(viewer, qtbot, 0.2)
    assert isinstance(viewer.parentWidget(), QDockWidget)
    assert "Picture" in viewer.parentWidget().windowTitle()
    choose(tab, "sum")
    shows(viewer, qtbot, 83)
    click(viewer.pin, viewer.pin.rect().center())
    choose(tab, "light")
    qtbot.wait(50)
    assert viewer.node == "sum" and viewer.value == 83
    click(viewer.pin, viewer.pin.rect().center())
    choose(tab, "dark")
    shows(viewer, qtbot, 0.2)


def test_a_viewer_shows_how_far_a_result_is(
    window: MainWindow, tab: DocumentTab, run: Run, qtbot: QtBot
) -> None:
    viewer = window.viewers[0]
    run()
    tab.document.do(Add("far", NodeData("t.unfinished", {"seconds": 30.0}), (600.0, 0.0)))
    tab.view.show_node("far")
    window.run()
    qtbot.waitUntil(lambda: isinstance(viewer.stack.currentWidget(), LiveView), timeout=20_000)
    live = viewer.stack.currentWidget()
    assert isinstance(live, LiveView)
    qtbot.waitUntil(lambda: live.words.text() == "still at it" and live.progress.value() > 0)
    qtbot.waitUntil(lambda: live.plot is not None and live.plot.isVisible())
    assert viewer.value is None and not viewer.compare.isVisible()
    assert tab.view.model.shapes["far"].thumb_y, "there is room for it on the node"
    choose(tab, "dark")
    shows(viewer, qtbot, 0.2)
    tab.view.show_node("far")
    assert viewer.stack.currentWidget() is live
    window.bench.runs.cancel()
    qtbot.waitUntil(lambda: viewer.stack.currentWidget() is viewer.message, timeout=20_000)
    assert not tab.view.model.shapes["far"].thumb_y


def test_a_result_from_before_a_change_is_called_so(
    window: MainWindow, tab: DocumentTab, run: Run, qtbot: QtBot
) -> None:
    viewer = window.viewers[0]
    dock = viewer.parentWidget()
    assert isinstance(dock, QDockWidget)
    run()
    choose(tab, "dark")
    shows(viewer, qtbot, 0.2)
    assert "before" not in dock.windowTitle()
    tab.document.do(Set("dark", "level", 0.7))
    qtbot.waitUntil(lambda: dock.windowTitle().endswith("Picture · before the last changes"), timeout=10_000)
    shows(viewer, qtbot, 0.2)
    run()
    shows(viewer, qtbot, 0.7)
    assert "before" not in dock.windowTitle()


def test_the_viewer_is_named_as_the_node_is(window: MainWindow, tab: DocumentTab) -> None:
    choose(tab, "dark")
    dock = window.viewers[0].parentWidget()
    assert isinstance(dock, QDockWidget) and dock.windowTitle().endswith("Picture")
    tab.document.do(Title("dark", "By night"))
    assert dock.windowTitle().endswith("By night")


def test_a_muted_node_is_called_so_while_others_run(
    window: MainWindow, tab: DocumentTab, qtbot: QtBot
) -> None:
    viewer = window.viewers[0]
    tab.document.do(Add("w", NodeData("t.slow", {"seconds": 30.0}), (600.0, 0.0)))
    tab.document.do(Flag("dark", mute=True))
    window.run()
    qtbot.waitUntil(lambda: tab.status("w").state == "running", timeout=20_000)
    choose(tab, "dark")
    qtbot.waitUntil(lambda: "muted" in viewer.message.text(), timeout=10_000)
    window.bench.runs.cancel()


def test_a_node_shows_what_it_warned_of(window: MainWindow, tab: DocumentTab, run: Run, qtbot: QtBot) -> None:
    viewer = window.viewers[0]
    tab.document.do(Add("w", NodeData("t.warns", {"seconds": 30.0}), (600.0, 0.0)))
    tab.view.show_node("w")
    window.run()
    qtbot.waitUntil(lambda: tab.status("w").notes != (), timeout=20_000)
    window.bench.runs.cancel()
    qtbot.waitUntil(lambda: viewer.message.text() == "the light was poor", timeout=20_000)
    tab.document.do(Set("w", "seconds", 0.0))
    assert run().state == "done"
    assert state_words(tab.status("w"))[0] == "done, with a warning" and mood_of(tab.status("w")) == "warn"
    assert "the light was poor" in window.inspector._status.text()


def test_another_viewer_stays_with_its_node(
    window: MainWindow, tab: DocumentTab, run: Run, qtbot: QtBot
) -> None:
    run()
    choose(tab, "number")
    qtbot.keyClick(tab.view, Qt.Key.Key_V, CTRL | SHIFT)
    assert len(window.viewers) == 2
    first, second = window.viewers
    choose(tab, "light")
    shows(first, qtbot, 0.5)
    shows(second, qtbot, 41)
    dock = second.parentWidget()
    assert isinstance(dock, QDockWidget)
    dock.close()
    qtbot.waitUntil(lambda: window.viewers == [first], timeout=2000)


def test_a_viewer_that_is_closed_on_the_start_page_does_not_come_back(
    window: MainWindow, tab: DocumentTab, qtbot: QtBot
) -> None:
    viewer = window.add_viewer()
    dock = viewer.parentWidget()
    assert isinstance(dock, QDockWidget)
    window.show_start_page()
    assert not dock.isVisible()
    dock.close()
    qtbot.waitUntil(lambda: len(window.viewers) == 1, timeout=2000)
    window.tabs.setCurrentWidget(tab)
    assert window.docks["viewer"].isVisible() and len(window.docks) == len(set(window.docks))


def test_another_document_does_not_show_the_result_of_the_one_before(
    window: MainWindow, tab: DocumentTab
) -> None:
    choose(tab, tab.document.document.names()[0])
    assert window.viewers[0].tab is tab
    window.new()
    assert window.viewers[0].node == ""
    assert window.docks["viewer"].windowTitle() == "Viewer"


def test_docks_of_viewers_have_names_of_their_own(window: MainWindow, qtbot: QtBot) -> None:
    def names() -> list[str]:
        return [viewer.parentWidget().objectName() for viewer in window.viewers]

    window.add_viewer()
    window.add_viewer()
    assert names() == ["viewer", "viewer2", "viewer3"]
    window.docks["viewer2"].close()
    qtbot.waitUntil(lambda: len(window.viewers) == 2, timeout=2000)
    window.add_viewer()
    assert sorted(names()) == ["viewer", "viewer2", "viewer3"]
    assert {"viewer", "viewer2", "viewer3"} <= set(window.docks)
