"""The form over the pins of a graph: its fields, its runs by the real engine, its results."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QPushButton
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.catalog import Catalog, find_nodes
from meshloom.graph_runtime.document import DEFAULT
from meshloom.graph_runtime.edits import Add, Extra, NewLink, Remove, Set, Title
from meshloom.graph_runtime.graph import GraphData, GroupData, Link, NodeData
from meshloom.ui import theme
from meshloom.ui.document import OpenDocument
from meshloom.ui.fields.number import NumberField
from meshloom.ui.locks import lock_toggled
from meshloom.ui.window.document_tab import DocumentTab
from meshloom.ui.window.form_view import FormView
from meshloom.ui.window.workbench import Workbench, make_workbench

from ..hand import click, drag

SAMPLES = Path(__file__).parents[2] / "graph_runtime" / "sample_nodes"

GRAPH = GraphData(
    {
        "all": NodeData("t.params", {"words": "hello"}, title="Settings"),
        "p": NodeData("t.picture", {"side": 16}),
        "b": NodeData("t.brighter", {}, {"image": Link("p", "image")}),
        "n": NodeData("t.number", {"value": 1}),
        "q": NodeData("t.fail", {"at": 2}, {"a": Link("n", "value")}),
        "g": NodeData("group:g"),
    },
    {
        "g": GroupData(
            {"n": NodeData("t.number")}, outputs={"out": ("n", "value")}, params={"level": ("n", "value")}
        )
    },
    {
        "all": (0.0, 0.0),
        "p": (0.0, 100.0),
        "b": (900.0, 0.0),
        "n": (0.0, 200.0),
        "q": (600.0, 0.0),
        "g": (10.0, 0.0),
    },
    {"pins": ["all.real", "n.value", "all.words", "g.level"]},
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
    made.resize(1000, 700)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    yield made
    made.leave()
    made.close()


@pytest.fixture
def form(tab: DocumentTab) -> FormView:
    assert FormView.toggle(tab)
    assert isinstance(tab.form, FormView)
    return tab.form


def words(form: FormView) -> list[str]:
    page = form.fields.widget()
    return [each.text() for each in page.findChildren(QLabel) if each.isVisibleTo(page) and each.text()]


def value(tab: DocumentTab, place: str) -> object:
    node, _dot, name = place.partition(".")
    return tab.document.document.node(node).params.get(name, DEFAULT)


def press(button: QPushButton) -> None:
    click(button, button.rect().center())


def number(form: FormView, place: str) -> NumberField:
    found = form.fields.fields[place]
    assert isinstance(found, NumberField)
    return found


def type_into(form: FormView, place: str, text: str, qtbot: QtBot) -> None:
    """Type a number as one does: click, type, Enter."""
    field = number(form, place)
    form.fields.ensureWidgetVisible(field)
    press_at = field.bar.rect().center()
    click(field.bar, press_at)
    field.entry.selectAll()
    qtbot.keyClicks(field.entry, text)
    qtbot.keyClick(field.entry, Qt.Key.Key_Return)


def wait_for_run(form: FormView, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: form._under_way() is None and form._run is not None, timeout=20_000)


# ------------------------------------------------------------------------------------- the form itself


def test_canvas_and_form_change_places(tab: DocumentTab, qtbot: QtBot) -> None:
    told: list[bool] = []
    tab.form_shown.connect(told.append)
    assert tab.view.isVisible() and tab.form is None
    assert FormView.toggle(tab) is True
    first = tab.form
    assert first is not None and first.isVisible() and not tab.view.isVisible()
    assert isinstance(first, FormView)
    press(first.graph_button)
    assert tab.view.isVisible() and not first.isVisible()
    assert tab.view.hasFocus()
    FormView.toggle(tab)
    assert tab.form is first and told == [True, False, True]


def test_pins_are_fields_under_their_nodes(form: FormView) -> None:
    assert list(form.fields.fields) == ["all.real", "all.words", "n.value", "g.level"]
    assert [each for each in words(form) if each] == [
        "Settings", "Real", "Words", "Number", "Value", "g", "Level"
    ]  # fmt: skip
    assert form.fields.fields["all.words"].value == "hello"
    assert [form.fields.resets[place].isVisible() for place in form.fields.fields] == [
        False,
        True,
        True,
        False,
    ]


def test_what_is_typed_is_one_step(form: FormView, tab: DocumentTab, qtbot: QtBot) -> None:
    type_into(form, "n.value", "41", qtbot)
    assert value(tab, "n.value") == 41
    assert tab.document.undo_stack.undoText() == "Set Value"
    type_into(form, "g.level", "7", qtbot)
    assert value(tab, "g.level") == 7
    tab.document.undo_stack.undo()
    tab.document.undo_stack.undo()
    assert value(tab, "n.value") == 1 and form.fields.fields["n.value"].value == 1


def test_dragging_a_slider_is_one_step(form: FormView, tab: DocumentTab) -> None:
    bar = number(form, "all.real").bar
    before = tab.document.undo_stack.count()
    drag(bar, QPoint(bar.width() * 3 // 4, 10), QPoint(bar.width() // 4, 10), steps=9)
    held = value(tab, "all.real")
    assert isinstance(held, float) and held < 0.2
    assert tab.document.undo_stack.count() == before + 1
    tab.document.undo_stack.undo()
    assert value(tab, "all.real") is DEFAULT and bar.value == 0.5


def test_reset_puts_the_default_back(form: FormView, tab: DocumentTab) -> None:
    reset = form.fields.resets["n.value"]
    click(reset, reset.rect().center())
    assert value(tab, "n.value") is DEFAULT
    assert not reset.isVisible() and form.fields.fields["n.value"].value == 0


def test_changes_from_elsewhere_are_followed(form: FormView, tab: DocumentTab) -> None:
    field = form.fields.fields["n.value"]
    tab.document.do(Set("n", "value", 9))
    assert form.fields.fields["n.value"] is field and field.value == 9, "the same field, so the focus stays"
    tab.document.do(Title("b", "Elsewhere"))
    assert form.fields.fields["n.value"] is field
    tab.document.do(Extra("pins", ["p.side", "n.value"]))
    assert list(form.fields.fields) == ["p.side", "n.value"]
    tab.document.do(Title("n", "How many"))
    assert "How many" in words(form)
    tab.document.do(Remove("n"))
    assert list(form.fields.fields) == ["p.side"]
    assert any("n.value is pinned, but is not in the graph any more" in each for each in words(form))
    (unpin,) = [each for each in form.fields.widget().findChildren(QPushButton) if each.text() == "Unpin"]
    press(unpin)
    assert tab.document.document.extras["pins"] == ["p.side"]


def test_changes_while_hidden_are_followed_when_shown(form: FormView, tab: DocumentTab) -> None:
    FormView.toggle(tab)
    tab.document.do(Set("n", "value", 12))
    tab.document.do(Extra("pins", ["n.value", "p.side"]))
    FormView.toggle(tab)
    assert list(form.fields.fields) == ["n.value", "p.side"] and form.fields.fields["n.value"].value == 12


def test_a_link_and_a_lock_leave_nothing_to_set(form: FormView, tab: DocumentTab) -> None:
    tab.document.do(lock_toggled(tab.document.document, "", "n", "value"))
    assert not form.fields.fields["n.value"].isEnabled() and not form.fields.resets["n.value"].isEnabled()
    tab.document.do(Add("m", NodeData("t.number")))
    tab.document.do(Extra("pins", ["all.whole"]))
    tab.document.do(NewLink("m", "value", "all", "whole"))
    assert form.fields.fields == {} and "from m.value" in words(form)


@pytest.mark.parametrize("pins", [None, [], "n.value", 3, [None, 4]])
def test_it_says_what_to_do_when_nothing_is_pinned(form: FormView, tab: DocumentTab, pins: object) -> None:
    tab.document.do(Extra("pins", pins))
    said = " ".join(words(form))
    assert "Nothing is pinned yet" in said and "inspector" in said
    (back,) = [each for each in form.fields.widget().findChildren(QPushButton) if "graph" in each.text()]
    press(back)
    assert tab.view.isVisible()


def test_the_menu_moves_and_unpins(form: FormView, tab: DocumentTab, qtbot: QtBot) -> None:
    def choose(row: int) -> None:
        name = next(each for each in form.fields.widget().findChildren(QLabel) if each.text() == "Words")
        name.customContextMenuRequested.emit(QPoint(2, 2))
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        for _step in range(row + 1):
            qtbot.keyClick(menu, Qt.Key.Key_Down)
        qtbot.keyClick(menu, Qt.Key.Key_Return)

    choose(0)
    assert tab.document.document.extras["pins"] == ["all.real", "all.words", "n.value", "g.level"]
    choose(2)
    assert tab.document.document.extras["pins"] == ["all.real", "n.value", "g.level"]
    assert list(form.fields.fields) == ["all.real", "n.value", "g.level"]


def test_fields_end_where_the_button_ends(form: FormView, tab: DocumentTab, qtbot: QtBot) -> None:
    def gap() -> int:
        field = form.fields.fields["n.value"]
        right = field.mapTo(form, field.rect().topRight()).x()
        return abs(form.run_button.mapTo(form, form.run_button.rect().topRight()).x() - right)

    qtbot.waitUntil(lambda: gap() <= 3)
    tab.resize(1000, 330)
    bar = form.fields.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.isVisible() and bar.maximum() > 0)
    for _turn in range(3):
        QApplication.processEvents()
    assert gap() <= 3


def test_another_theme_is_followed(form: FormView, qapp: QApplication) -> None:
    theme.use("light", qapp)
    name = next(each for each in form.fields.widget().findChildren(QLabel) if each.text() == "Words")
    name.ensurePolished()
    assert name.palette().windowText().color() == theme.LIGHT.colour("dim")
    theme.use("dark", qapp)


# ------------------------------------------------------------------------------------------- running


def test_run_shows_the_last_result(form: FormView, tab: DocumentTab, qtbot: QtBot) -> None:
    assert [form.results.tabText(row) for row in range(form.results.count())] == [
        "Settings", "g", "Fail", "Brighter"
    ]  # fmt: skip
    assert form.results.currentIndex() == 3, "the one farthest right"
    press(form.run_button)
    assert "Stop" in form.run_button.text() and form.progress.isVisible()
    wait_for_run(form, qtbot)
    qtbot.waitUntil(lambda: "Run" in form.run_button.text() and not form.progress.isVisible())
    assert form.message.text().startswith("Done in ")
    qtbot.waitUntil(lambda: form.viewer.value is not None)
    assert form.viewer.value.pixels.shape == (16, 16, 3)
    for row, shown in ((2, 1), (1, 0)):
        click(form.results, form.results.tabRect(row).center())
        qtbot.waitUntil(lambda shown=shown: form.viewer.value == shown)


def test_a_change_says_that_the_result_is_old(form: FormView, tab: DocumentTab, qtbot: QtBot) -> None:
    click(form.results, form.results.tabRect(2).center())
    press(form.run_button)
    wait_for_run(form, qtbot)
    type_into(form, "n.value", "4", qtbot)
    qtbot.waitUntil(lambda: "changed since" in form.message.text())
    qtbot.keyClick(form.run_button, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    wait_for_run(form, qtbot)
    qtbot.waitUntil(lambda: form.viewer.value == 4)
    assert form.message.text().startswith("Done in ")


def test_a_failure_is_told_by_the_name_of_its_node(form: FormView, tab: DocumentTab, qtbot: QtBot) -> None:
    type_into(form, "n.value", "2", qtbot)
    press(form.run_button)
    wait_for_run(form, qtbot)
    assert form.message.text() == "Fail: the number is cursed; use another number"
    assert theme.theme().bad in form.message.styleSheet()


def test_a_run_begun_elsewhere_is_shown_and_stopped(
    form: FormView, tab: DocumentTab, bench: Workbench, qtbot: QtBot
) -> None:
    tab.document.do(Add("s", NodeData("t.slow", {"seconds": 30.0})))
    run = tab.run()
    assert run is not None and "Stop" in form.run_button.text()
    qtbot.waitUntil(lambda: tab.status("s").state == "running", timeout=15_000)
    qtbot.waitUntil(lambda: "nodes" in form.progress.format())
    press(form.run_button)
    qtbot.waitUntil(lambda: run.state == "cancelled", timeout=5_000)
    assert "Stopped" in form.message.text() and "Run" in form.run_button.text()


def test_a_run_that_waits_says_so(form: FormView, bench: Workbench, qtbot: QtBot) -> None:
    bench.runs.pause(True)
    press(form.run_button)
    assert form.progress.format() == "Waiting in the queue"
    press(form.run_button)
    assert bench.runs.queue == [] and not form.progress.isVisible()
    bench.runs.pause(False)


def test_results_follow_the_graph(form: FormView, tab: DocumentTab) -> None:
    tab.document.do(Add("m", NodeData("t.mean"), (2000.0, 0.0)))
    assert form.results.tabText(4) == "Mean"
    assert form.results.currentIndex() == 3, "what was looked at stays"
    tab.document.do(NewLink("b", "image", "m", "images"))
    assert [form.results.tabText(row) for row in range(form.results.count())] == [
        "Settings", "g", "Fail", "Mean"
    ]  # fmt: skip
    assert form.results.currentIndex() == 3


def test_an_empty_graph(bench: Workbench, samples: Catalog, qtbot: QtBot) -> None:
    made = DocumentTab(bench, OpenDocument(samples))
    qtbot.addWidget(made)
    made.resize(900, 600)
    made.show()
    FormView.toggle(made)
    form = made.form
    assert isinstance(form, FormView)
    assert not form.run_button.isEnabled() and not form.results.isVisible()
    assert "no result" in form.viewer.message.text()
    made.leave()
    made.close()


def test_a_tab_that_closes_takes_the_form_along(form: FormView, tab: DocumentTab, bench: Workbench) -> None:
    tab.leave = lambda keep_recovery=False: None  # type: ignore[method-assign]
    DocumentTab.leave(tab)
    bench.runs.queue_changed.emit()
    theme.current().changed.emit()
    form.leave()
