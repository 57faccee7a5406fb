"""A sweep from the dialog to the grid, run by the real engine over the sample nodes."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu, QTreeWidgetItem
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from meshloom.graph_runtime.catalog import Catalog, find_nodes
from meshloom.graph_runtime.graph import GraphData, GroupData, Link, NodeData
from meshloom.ui import theme
from meshloom.ui.document import OpenDocument
from meshloom.ui.running import runs as runs_module
from meshloom.ui.window.document_tab import DocumentTab
from meshloom.ui.window.sweep_cells import AHEAD
from meshloom.ui.window.sweep_dialog import MANY, SweepDialog
from meshloom.ui.window.sweep_model import CELL, NUMBERS, PICTURE
from meshloom.ui.window.sweep_view import SweepView
from meshloom.ui.window.workbench import Workbench, make_workbench

from ..hand import click, double_click

SAMPLES = Path(__file__).parents[2] / "graph_runtime" / "sample_nodes"

GRAPH = GraphData(
    {
        "p": NodeData("t.picture", {"side": 16}),
        "b": NodeData("t.brighter", {}, {"image": Link("p", "image")}, title="Light"),
        "n": NodeData("t.number", {"value": 3}),
        "q": NodeData("t.fail", {"at": 2}, {"a": Link("n", "value")}),
        "mean": NodeData("t.mean", {}, {"images": Link("b", "image")}),
        "all": NodeData("t.params"),
        "g": NodeData("group:g"),
    },
    {
        "g": GroupData(
            {"n": NodeData("t.number")}, outputs={"out": ("n", "value")}, params={"level": ("n", "value")}
        )
    },
)


@pytest.fixture(scope="module")
def samples() -> Catalog:
    return find_nodes(user_folder=SAMPLES, packs=False)


@pytest.fixture
def bench(qtbot: QtBot, samples: Catalog, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workbench]:
    monkeypatch.setenv("MESHLOOM_NODES", str(SAMPLES))
    monkeypatch.setenv("MESHLOOM_DEVICE", "cpu")
    made = make_workbench(samples)
    yield made
    made.close()


@pytest.fixture
def tab(qtbot: QtBot, bench: Workbench, samples: Catalog) -> Iterator[DocumentTab]:
    made = DocumentTab(bench, OpenDocument(samples, GRAPH))
    qtbot.addWidget(made)
    made.resize(1100, 800)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.leave()
    made.close()


@pytest.fixture
def dialog(qtbot: QtBot, tab: DocumentTab) -> Iterator[Callable[..., SweepDialog]]:
    opened: list[SweepDialog] = []

    def make(*selected: str) -> SweepDialog:
        tab.view.select(list(selected))
        made = SweepDialog(tab, tab)
        made.open()
        qtbot.waitExposed(made)
        opened.append(made)
        made.destroyed.connect(lambda: opened.remove(made))
        return made

    yield make
    for made in list(opened):
        made.reject()


@pytest.fixture
def sweep(qtbot: QtBot, dialog: Callable[..., SweepDialog]) -> Iterator[Callable[..., SweepView]]:
    """``sweep("b.by=0.1, 0.3", target="b")`` starts one and waits for its end."""
    views: list[SweepView] = []

    def go(*axes: str, target: str | None = "", wait: bool = True) -> SweepView:
        made = dialog()
        for axis in axes:
            place, _equals, values = axis.partition("=")
            tick(made, place)
            row = made.rows[place]
            row.mode.setCurrentIndex(0)
            row.list.setText(values)
        if target != "":
            made.target.setCurrentIndex(made.target.findData(target))
        made.started.connect(views.append)
        click(made.start, made.start.rect().center())
        view = views[-1]
        view.resize(900, 600)
        if wait:
            qtbot.waitUntil(lambda: view.cells.done == len(view.cells.cells), timeout=30_000)
        return view

    yield go
    for view in filter(isValid, views):
        view.close()


def item(dialog: SweepDialog, place: str) -> QTreeWidgetItem:
    rows = map(dialog.list.topLevelItem, range(dialog.list.topLevelItemCount()))
    return next(each for each in rows if each.data(0, Qt.ItemDataRole.UserRole) == place)


def tick(dialog: SweepDialog, place: str) -> None:
    found = item(dialog, place)
    dialog.list.scrollToItem(found)
    box = dialog.list.visualItemRect(found)
    click(dialog.list.viewport(), QPoint(box.left() + 10, box.center().y()))


def places(dialog: SweepDialog) -> list[str]:
    rows = map(dialog.list.topLevelItem, range(dialog.list.topLevelItemCount()))
    return [each.data(0, Qt.ItemDataRole.UserRole) for each in rows if not each.isHidden()]


def box(view: SweepView, row: int, column: int) -> QRect:
    return view.table.visualRect(view.model.index(row, column))


def text(view: SweepView, row: int, column: int) -> str:
    return view.model.index(row, column).data()


# --------------------------------------------------------------------------------------------- choosing


def test_settings_of_the_selected_node_come_first(dialog: Callable[..., SweepDialog]) -> None:
    made = dialog("b")
    assert places(made)[0] == "b.by"
    assert {"n.value", "p.level", "g.level"} <= set(places(made))
    assert item(made, "b.by").text(0) == "Light · By"
    assert not made.start.isEnabled(), "nothing is varied yet"


def test_a_setting_that_a_link_gives_is_not_offered(
    dialog: Callable[..., SweepDialog], tab: DocumentTab
) -> None:
    from meshloom.graph_runtime.edits import NewLink

    assert tab.document.do(NewLink("n", "value", "all", "whole"))
    assert "all.whole" not in places(dialog()) and "all.real" in places(dialog())


def test_typing_finds_and_enter_ticks(dialog: Callable[..., SweepDialog], qtbot: QtBot) -> None:
    made = dialog()
    assert made.search.hasFocus() or made.focusWidget() is made.search
    qtbot.keyClicks(made.search, "light by")
    assert places(made) == ["b.by"]
    qtbot.keyClick(made.search, Qt.Key.Key_Return)
    assert list(made.rows) == ["b.by"] and made.isVisible()
    made.search.clear()
    qtbot.keyClicks(made.search, "all.")
    qtbot.keyClick(made.search, Qt.Key.Key_Down)
    qtbot.keyClick(made.search, Qt.Key.Key_Return)
    assert list(made.rows) == ["b.by", "all.real"]
    made.search.clear()
    made.list.setFocus()
    made.list.setCurrentItem(item(made, "b.by"))
    qtbot.keyClick(made.list, Qt.Key.Key_Space)
    assert list(made.rows) == ["all.real"]


def test_values_are_read_as_they_are_typed(dialog: Callable[..., SweepDialog], qtbot: QtBot) -> None:
    made = dialog()
    tick(made, "n.value")
    row = made.rows["n.value"]
    row.list.selectAll()
    qtbot.keyClicks(row.list, "1, 2,x")
    assert "expected a whole number" in row.said.text() and not made.start.isEnabled()
    qtbot.keyClick(row.list, Qt.Key.Key_Backspace)
    assert row.axis is not None and row.axis.values == (1, 2) and made.start.isEnabled()
    assert "2 runs" in made.count.text()
    tick(made, "all.pick")
    pick = made.rows["all.pick"].axis
    assert pick is not None and pick.values == ("red", "green")
    tick(made, "all.flag")
    assert "2 × 2 × 2 = 8" in made.count.text()
    tick(made, "all.pair")
    pair = made.rows["all.pair"]
    assert pair.axis is not None and pair.axis.values == ([0, 1],)
    pair.list.setText("0,1; 2,3")
    assert pair.axis is not None and pair.axis.values == ([0, 1], [2, 3])
    pair.list.setText("0,1,5; 2,3")
    assert pair.axis is None and not made.start.isEnabled()


def test_from_to_in_steps(dialog: Callable[..., SweepDialog], qtbot: QtBot) -> None:
    made = dialog()
    tick(made, "all.real")
    row = made.rows["all.real"]
    assert (row.low.text(), row.high.text()) == ("-1", "1"), "its limits"
    assert row.axis is not None and row.axis.values == (-1, -0.5, 0, 0.5, 1)
    row.steps.setFocus()
    row.steps.selectAll()
    qtbot.keyClicks(row.steps, "3")
    row.high.selectAll()
    qtbot.keyClicks(row.high, "0.2")
    assert row.axis is not None and row.axis.values == (-1, -0.4, 0.2)
    row.high.selectAll()
    qtbot.keyClicks(row.high, "4")
    assert row.axis is None and "from -1 to 1" in row.said.text()
    tick(made, "all.whole")
    whole = made.rows["all.whole"].axis
    assert whole is not None and whole.values == (0, 2, 5, 8, 10)
    made.rows["all.whole"].high.setText("2")
    whole = made.rows["all.whole"].axis
    assert whole is not None and whole.values == (0, 1, 2), "each number once"


def test_many_runs_are_warned_of_and_too_many_refused(dialog: Callable[..., SweepDialog]) -> None:
    made = dialog()
    tick(made, "n.value")
    made.rows["n.value"].list.setText(",".join(map(str, range(MANY + 1))))
    assert "many" in made.count.text() and made.start.isEnabled()
    assert theme.theme().warn in made.count.styleSheet()
    tick(made, "p.level")
    made.rows["p.level"].list.setText(",".join(str(each / 100) for each in range(100)))
    assert "too many" in made.count.text() and not made.start.isEnabled()


# ---------------------------------------------------------------------------------------------- running


def test_a_grid_fills_with_pictures(sweep: Callable[..., SweepView], qtbot: QtBot) -> None:
    view = sweep("p.level=0, 0.5", "b.by=0, 0.25, 0.5", target="b")
    assert (view.model.rowCount(), view.model.columnCount()) == (2, 3)
    assert [cell.status for cell in view.cells.cells] == ["done"] * 6
    target = view.choices.target.currentData()
    qtbot.waitUntil(lambda: all(view.cells.picture(cell, target) for cell in range(6)), timeout=10_000)
    across = [view.model.headerData(column, Qt.Orientation.Horizontal) for column in range(3)]
    down = [view.model.headerData(row, Qt.Orientation.Vertical) for row in range(2)]
    assert (across, down) == (["0", "0.25", "0.5"], ["0", "0.5"])
    qtbot.waitUntil(lambda: not view.progress.isVisible())
    grabbed = view.table.viewport().grab().toImage()
    ratio = grabbed.devicePixelRatio()
    seen = [
        [QColor(grabbed.pixel(box(view, row, column).center() * ratio)).red() for column in range(3)]
        for row in range(2)
    ]
    assert seen[0][0] < 20 and seen[1][2] > 235
    assert seen[0] == sorted(seen[0]) and seen[1] == sorted(seen[1]) and seen[0][2] < seen[1][2]


def test_a_picture_that_the_engine_does_not_send_is_drawn_here(
    sweep: Callable[..., SweepView], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sends each once: what another run has shown already does not come again."""
    monkeypatch.setitem(runs_module._HANDLERS, "Thumbnail", lambda *said: None)
    view = sweep("b.by=0.1, 0.3", target="b")
    target = view.choices.target.currentData()
    qtbot.waitUntil(lambda: all(view.cells.picture(cell, target) for cell in range(2)), timeout=10_000)
    reds = [QColor(view.cells.picture(cell, target).pixel(4, 4)).red() for cell in range(2)]
    assert reds == [153, 204]


def test_numbers_are_shown_and_copied(sweep: Callable[..., SweepView], qtbot: QtBot) -> None:
    view = sweep("b.by=0, 0.25", "p.level=0.5, 0.25", target="mean")
    qtbot.waitUntil(lambda: text(view, 1, 1) != "")
    assert [[text(view, row, column) for column in range(2)] for row in range(2)] == [
        ["0.5", "0.25"],
        ["0.75", "0.5"],
    ]
    assert view.choices.what.currentData() == "mean"
    assert [view.model.share(number) for number in range(4)] == [0.5, 0, 1, 0.5]
    click(view.copying, view.copying.rect().center())
    rows = list(csv.DictReader(io.StringIO(QGuiApplication.clipboard().text())))
    assert [(row["b.by"], row["p.level"], row["mean"], row["status"]) for row in rows] == [
        ("0", "0.5", "0.5", "done"),
        ("0", "0.25", "0.25", "done"),
        ("0.25", "0.5", "0.75", "done"),
        ("0.25", "0.25", "0.5", "done"),
    ]


def test_all_results_can_be_looked_at(sweep: Callable[..., SweepView], qtbot: QtBot) -> None:
    view = sweep("g.level=4, 5", target=None)
    names = [view.choices.target.itemData(row).name for row in range(view.choices.target.count())]
    assert names == ["q", "mean", "all", "g"], "all that nothing is linked to"
    view.choices.target.setCurrentIndex(3)
    view.choices.target.activated.emit(3)
    qtbot.waitUntil(lambda: text(view, 0, 1) == "5")
    assert text(view, 0, 0) == "4"


def test_a_cell_that_fails_says_why(sweep: Callable[..., SweepView], qtbot: QtBot) -> None:
    view = sweep("n.value=1, 2, 3", target="q")
    assert [cell.status for cell in view.cells.cells] == ["done", "failed", "done"]
    assert view.cells.cells[1].message == "Fail: the number is cursed; use another number"
    assert "use another number" in view.model.index(0, 1).data(Qt.ItemDataRole.ToolTipRole)
    assert "use another number" in view.model.index(0, 1).data(Qt.ItemDataRole.AccessibleTextRole)
    click(view.table.viewport(), box(view, 0, 1).center())
    qtbot.waitUntil(lambda: "cursed" in view.about.text())
    assert theme.theme().bad in view.about.styleSheet()
    qtbot.waitUntil(lambda: "1 failed" in view.state.text())
    assert [row["message"] for row in csv.DictReader(io.StringIO(view.csv()))][1].startswith(
        "Fail: the number"
    )


def test_a_crash_of_the_engine_costs_one_cell(
    sweep: Callable[..., SweepView], tab: DocumentTab, qtbot: QtBot
) -> None:
    from meshloom.graph_runtime.edits import Add, NewLink

    tab.document.do(Add("c", NodeData("t.crash")))
    tab.document.do(NewLink("n", "value", "c", "mark"))
    view = sweep("n.value=5, 6", target="c")
    assert [cell.status for cell in view.cells.cells] == ["failed", "failed"]
    assert "ended unexpectedly" in view.cells.cells[0].message


def test_the_tab_keeps_its_own_statuses(
    sweep: Callable[..., SweepView], tab: DocumentTab, bench: Workbench, qtbot: QtBot
) -> None:
    run = tab.run(["q"])
    assert run is not None
    qtbot.waitUntil(lambda: run.state == "done", timeout=15_000)
    before = tab.status("q")
    view = sweep("n.value=2", target="q")
    assert view.cells.cells[0].status == "failed" and tab.status("q").state == before.state == "done"
    assert bench.history.entries()[0].label.endswith(": Value 2")


# --------------------------------------------------------------------------------------------- the grid


def test_more_axes_than_two_are_chosen_by_value(sweep: Callable[..., SweepView], qtbot: QtBot) -> None:
    view = sweep("n.value=10, 20", "g.level=1, 2, 3", "all.real=0, 1", target="g")
    assert (view.choices.down.currentData(), view.choices.across.currentData()) == (1, 2)
    assert (view.model.rowCount(), view.model.columnCount()) == (3, 2)
    shown = [combo.isVisible() for _label, combo in view.choices.fixed]
    assert shown == [True, False, False]
    assert view.model.index(2, 1).data(CELL) == 5
    view.choices.fixed[0][1].setCurrentIndex(1)
    assert view.model.index(2, 1).data(CELL) == 11
    view.choices.across.setCurrentIndex(1)
    view.choices.across.activated.emit(1)
    assert (view.choices.down.currentData(), view.choices.across.currentData()) == (2, 1), (
        "they changed places"
    )
    assert (view.model.rowCount(), view.model.columnCount()) == (2, 3)
    assert view.model.index(1, 2).data(CELL) == 11
    settings = view.cells.cells[11].settings
    assert settings == {"n.value": 20, "g.level": 3, "all.real": 1}


def test_one_axis_lies_across_or_down(sweep: Callable[..., SweepView]) -> None:
    view = sweep("g.level=1, 2, 3", target="g")
    assert (view.model.rowCount(), view.model.columnCount()) == (1, 3)
    assert not view.table.verticalHeader().isVisibleTo(view)


@pytest.mark.parametrize("how", ["mouse", "key", "button", "menu"])
def test_a_cell_opens_its_graph(sweep: Callable[..., SweepView], qtbot: QtBot, how: str) -> None:
    view = sweep("n.value=1, 2, 3", target="n")
    wanted: list[GraphData] = []
    view.graph_wanted.connect(wanted.append)
    if how == "mouse":
        click(view.table.viewport(), box(view, 0, 1).center())
        assert wanted == [], "one click only chooses"
        double_click(view.table.viewport(), box(view, 0, 1).center())
    elif how == "key":
        view.table.setFocus()
        qtbot.keyClick(view.table, Qt.Key.Key_Right)
        qtbot.keyClick(view.table, Qt.Key.Key_Return)
    else:
        click(view.table.viewport(), box(view, 0, 1).center())
        if how == "button":
            click(view.opening, view.opening.rect().center())
        else:
            view.table.customContextMenuRequested.emit(box(view, 0, 1).center())
            menu = QApplication.activePopupWidget()
            assert isinstance(menu, QMenu)
            qtbot.keyClick(menu, Qt.Key.Key_Down)
            qtbot.keyClick(menu, Qt.Key.Key_Return)
    assert [graph.nodes["n"].params["value"] for graph in wanted] == [2]
    assert wanted[0].nodes.keys() == GRAPH.nodes.keys()


def test_two_cells_are_compared(sweep: Callable[..., SweepView], qtbot: QtBot) -> None:
    view = sweep("b.by=0.1, 0.3", target="b")
    for place in (0, 1):
        click(view.table.viewport(), box(view, 0, place).center())
        qtbot.waitUntil(view.comparing.isEnabled)
        with qtbot.waitSignal(view.compare_wanted, timeout=5000) as told:
            view.comparing.menu().actions()[place].trigger()
        assert told.args[0] == place and told.args[2] == f"Light (By {(0.1, 0.3)[place]})"
        assert told.args[1].pixels.flat[0] == pytest.approx((0.6, 0.8)[place])


def test_what_is_shown_is_chosen(sweep: Callable[..., SweepView], qtbot: QtBot) -> None:
    view = sweep("p.side=4, 8", target="b")
    assert view.choices.what.currentData() == PICTURE and not view.choices.what.isVisible()
    view = sweep("n.value=1, 3", target="n")
    qtbot.waitUntil(lambda: view.choices.what.currentData() == "n")
    assert view.model.what != NUMBERS


# --------------------------------------------------------------------------------------------- stopping


def test_the_rest_is_stopped(
    sweep: Callable[..., SweepView], bench: Workbench, tab: DocumentTab, qtbot: QtBot
) -> None:
    from meshloom.graph_runtime.edits import Add

    tab.document.do(Add("s", NodeData("t.slow", {"seconds": 0.4})))
    view = sweep("s.mark=1, 2, 3, 4", target="s", wait=False)
    assert len(bench.runs.queue) == 3
    qtbot.waitUntil(lambda: view.cells.done >= 1, timeout=15_000)
    click(view.stop, view.stop.rect().center())
    qtbot.waitUntil(lambda: view.cells.done == 4, timeout=5_000)
    statuses = [cell.status for cell in view.cells.cells]
    assert statuses[0] == "done" and statuses[2:] == ["cancelled", "cancelled"]
    assert not bench.runs.queue
    qtbot.waitUntil(lambda: "stopped" in view.state.text() and not view.stop.isVisible())


def test_closing_the_grid_ends_its_runs(
    sweep: Callable[..., SweepView], bench: Workbench, tab: DocumentTab, qtbot: QtBot
) -> None:
    from meshloom.graph_runtime.edits import Add

    tab.document.do(Add("s", NodeData("t.slow", {"seconds": 0.4})))
    own = bench.runs
    view = sweep("s.mark=1, 2, 3", target="s", wait=False)
    mine = tab.run(["n"])
    view.leave()
    assert mine is not None and mine in [own.current, *own.queue] and len(own.queue) <= 1
    view.close()  # leaves once more, which does nothing
    qtbot.waitUntil(lambda: mine.state == "done", timeout=15_000)


def test_a_run_taken_out_of_the_queue_is_told(
    sweep: Callable[..., SweepView], bench: Workbench, qtbot: QtBot
) -> None:
    bench.runs.pause(True)
    view = sweep("n.value=1, 2, 3", target="n", wait=False)
    assert [run.label for run in bench.runs.queue] == [f"Untitled: Value {each}" for each in (1, 2, 3)]
    bench.runs.cancel(bench.runs.queue[1])
    assert [cell.status for cell in view.cells.cells] == ["waiting", "cancelled", "waiting"]
    bench.runs.pause(False)
    qtbot.waitUntil(lambda: view.cells.done == 3, timeout=15_000)
    assert [cell.status for cell in view.cells.cells] == ["done", "cancelled", "done"]


def test_files_of_a_cell_are_found_from_anywhere(
    sweep: Callable[..., SweepView], tab: DocumentTab, tmp_path: Path
) -> None:
    from meshloom.graph_runtime.edits import Add

    (tmp_path / "words.txt").write_text("hello")
    tab.document.path = tmp_path / "w.json"
    tab.document.do(Add("r", NodeData("t.reader", {"file": "words.txt"})))
    view = sweep("n.value=1, 3", target="r")
    assert [cell.status for cell in view.cells.cells] == ["done", "done"]
    wanted: list[GraphData] = []
    view.graph_wanted.connect(wanted.append)
    view.open_cell(0)
    assert Path(wanted[0].nodes["r"].params["file"]) == tmp_path / "words.txt"


def test_a_long_sweep_leaves_room_in_the_queue(
    sweep: Callable[..., SweepView], bench: Workbench, tab: DocumentTab, qtbot: QtBot
) -> None:
    bench.runs.pause(True)
    view = sweep("n.value=" + ",".join(map(str, range(40))), target="n", wait=False)
    assert len(bench.runs.queue) == AHEAD
    mine = tab.run(["n"])
    bench.runs.pause(False)
    qtbot.waitUntil(lambda: view.cells.done == 40, timeout=30_000)
    assert mine is not None and mine.state == "done"
    assert [cell.status for cell in view.cells.cells] == ["done"] * 40
    order = [entry.label for entry in reversed(bench.history.entries())]
    assert order.index("Untitled") == AHEAD, "it had its turn after those that waited before it"


def test_emptying_the_queue_ends_the_sweep(
    sweep: Callable[..., SweepView], bench: Workbench, qtbot: QtBot
) -> None:
    bench.runs.pause(True)
    view = sweep("n.value=" + ",".join(map(str, range(40))), target="n", wait=False)
    bench.runs.cancel_all()
    assert [cell.status for cell in view.cells.cells] == ["cancelled"] * 40
    assert bench.runs.queue == []
    bench.runs.pause(False)


def test_nodes_of_one_title_are_told_apart(
    dialog: Callable[..., SweepDialog],
    sweep: Callable[..., SweepView],
    tab: DocumentTab,
) -> None:
    from meshloom.graph_runtime.edits import Add

    tab.document.do(Add("m", NodeData("t.number")))
    made = dialog()
    assert [item(made, f"{name}.value").text(0) for name in "nm"] == [
        "Number (n) · Value",
        "Number (m) · Value",
    ]
    made.reject()
    view = sweep("n.value=1, 3", "m.value=5", target="n", wait=False)
    assert view.cells.settings(view.cells.cells[1]) == "Number (n) · Value 3, Number (m) · Value 5"
