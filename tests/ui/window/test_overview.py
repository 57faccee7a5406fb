"""A node that finds out several things, in the viewer."""

from __future__ import annotations

from collections.abc import Callable

from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.graph import GraphData, NodeData
from meshloom.ui.look.compare import CompareView
from meshloom.ui.look.overview import Overview
from meshloom.ui.look.pages import FigureView, TableView
from meshloom.ui.running.runs import RunInfo
from meshloom.ui.window.main_window import MainWindow

GRAPH = GraphData(
    {"found": NodeData("t.findings", {"count": 3}), "number": NodeData("t.number", {"value": 41})},
    {},
    {"found": (0.0, 0.0), "number": (0.0, 300.0)},
)


def test_a_report_is_shown_whole_and_part_by_part(
    window: MainWindow, run: Callable[[], RunInfo], qtbot: QtBot
) -> None:
    tab = window.open_graph(GRAPH)
    run()
    viewer = window.viewers[0]
    tab.view.show_node("found")
    qtbot.waitUntil(lambda: isinstance(viewer.stack.currentWidget(), Overview), timeout=10_000)
    page = viewer.stack.currentWidget()
    assert list(page.sections) == ["table", "curve", "pictures"]
    assert page.sections["table"].rowCount() == 3
    compare = page.sections["pictures"].findChild(CompareView)
    assert compare.titles == ["picture 0", "picture 1"]
    assert [viewer.output.itemText(index) for index in range(4)] == ["Overview", "Table", "Curve", "Pictures"]
    for index, kind in ((2, FigureView), (1, TableView)):
        viewer.output.setCurrentIndex(index)
        qtbot.waitUntil(lambda kind=kind: isinstance(viewer.stack.currentWidget(), kind), timeout=10_000)
    viewer.output.setCurrentIndex(3)
    qtbot.waitUntil(lambda: viewer.value is not None and getattr(viewer.value, "name", "") == "picture 0")
    viewer.item.setValue(2)
    qtbot.waitUntil(lambda: viewer.value.name == "picture 2")
    tab.view.show_node("number")
    qtbot.waitUntil(lambda: viewer.value == 41)
    assert not viewer.output.isVisible()
    tab.view.show_node("found")
    qtbot.waitUntil(lambda: viewer.stack.currentWidget() is page, timeout=10_000)


def test_new_results_take_their_places(window: MainWindow, run: Callable[[], RunInfo], qtbot: QtBot) -> None:
    from meshloom.graph_runtime.edits import Set

    tab = window.open_graph(GRAPH)
    tab.view.show_node("found")
    viewer = window.viewers[0]
    run()
    qtbot.waitUntil(lambda: isinstance(viewer.stack.currentWidget(), Overview), timeout=10_000)
    page = viewer.stack.currentWidget()
    tab.document.do(Set("found", "count", 5, ""))
    run()
    qtbot.waitUntil(lambda: page.sections["table"].rowCount() == 5, timeout=10_000)
    assert page.sections["pictures"].boxes[0].count() == 5
