"""The graph as a tree of text: complete, in step with the canvas both ways, worked with keys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QTreeWidgetItem
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.edits import Remove, Title
from meshloom.ui.canvas import commands
from meshloom.ui.canvas.outline import Outline
from meshloom.ui.canvas.view import CanvasView
from meshloom.ui.running.status import NodeStatus

from ..hand import click


@pytest.fixture
def outline(view: CanvasView, qtbot: QtBot) -> Iterator[Outline]:
    made = Outline(view)
    qtbot.addWidget(made)
    made.resize(500, 400)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()


def item(outline: Outline, path: str) -> QTreeWidgetItem:
    return next(each for each in outline._items() if each.data(0, Qt.ItemDataRole.UserRole) == path)


def texts(outline: Outline) -> list[list[str]]:
    held = [outline.topLevelItem(row) for row in range(outline.topLevelItemCount())]
    return [[each.text(column) for column in range(3)] for each in held]


def test_every_node_with_what_feeds_it_in_the_order_of_the_canvas(outline: Outline, view: CanvasView) -> None:
    titles = {name: view.model.shapes[name].title for name in view.model.shapes}
    rows = texts(outline)
    assert sorted(row[0] for row in rows) == sorted(titles.values())
    order = [row[0] for row in rows]
    assert order.index(titles["photo"]) < order.index(titles["blur"]) < order.index(titles["size"])
    fed = {row[0]: row[2] for row in rows}
    assert fed[titles["blur"]] == "photo" and fed[titles["size"]] == "blur" and fed[titles["photo"]] == ""
    assert outline.accessibleName()


def test_choosing_goes_both_ways(outline: Outline, view: CanvasView, qtbot: QtBot) -> None:
    box = outline.visualItemRect(item(outline, "size"))
    click(outline.viewport(), box.center())
    assert view.selection == ["size"]
    view.select(["photo"])
    assert outline.currentItem() is item(outline, "photo")
    qtbot.keyClick(outline, Qt.Key.Key_Down)
    assert view.selection == [outline.currentItem().data(0, Qt.ItemDataRole.UserRole)] != ["photo"]
    view.select([])
    assert outline.currentItem() is not None, "no selection leaves the place in the list"


def test_what_is_chosen_is_brought_into_view(outline: Outline, view: CanvasView) -> None:
    view.show_at(QPointF(9000, 9000), 1.0)
    click(outline.viewport(), outline.visualItemRect(item(outline, "cloud")).center())
    assert view.visible().contains(view.model.bounds(["cloud"]))


def test_groups_hold_their_nodes_and_lead_into_them(outline: Outline, view: CanvasView, qtbot: QtBot) -> None:
    view.select(["blur", "size"])
    commands.group(view)
    qtbot.waitUntil(lambda: any(each.childCount() == 2 for each in outline._items()))
    group = item(outline, "Group")
    view.setFocus()
    click(outline.viewport(), outline.visualItemRect(group).center())
    qtbot.keyClick(outline, Qt.Key.Key_Right)
    assert group.isExpanded()
    qtbot.keyClick(outline, Qt.Key.Key_Down)
    assert view.instances == ["Group"]
    inner = outline.currentItem().data(0, Qt.ItemDataRole.UserRole)
    assert inner.startswith("Group/") and view.selection == [inner.partition("/")[2]]
    click(outline.viewport(), outline.visualItemRect(item(outline, "photo")).center())
    assert view.instances == [] and view.selection == ["photo"]
    outline.refresh()
    assert item(outline, "Group").isExpanded(), "what was open stays so"


def test_states_are_told_in_words_also_of_groups(outline: Outline, view: CanvasView, qtbot: QtBot) -> None:
    view.select(["size"])
    commands.group(view)
    view.set_status("blur", NodeStatus("done", seconds=2.0))
    view.set_status("Group/size", NodeStatus("failed", message="broken"))
    qtbot.waitUntil(lambda: item(outline, "blur").text(1) != "")
    assert "2" in item(outline, "blur").text(1)
    assert item(outline, "Group").text(1) and item(outline, "Group/size").text(1)
    colours = {
        path: item(outline, path).foreground(1).color().name() for path in ("blur", "Group", "Group/size")
    }
    assert colours["Group"] == colours["Group/size"] != colours["blur"]


def test_edits_are_followed(outline: Outline, view: CanvasView, qtbot: QtBot) -> None:
    view.document.do(Title("blur", "Soften", ""))
    qtbot.waitUntil(lambda: any(row[0] == "Soften" for row in texts(outline)))
    view.select(["size"])
    view.document.do(Remove("blur"))
    qtbot.waitUntil(lambda: len(texts(outline)) == 3)
    assert outline.currentItem() is item(outline, "size")
    view.document.undo_stack.undo()
    qtbot.waitUntil(lambda: len(texts(outline)) == 4)


def test_hidden_it_rests_and_shown_it_is_right(outline: Outline, view: CanvasView, qtbot: QtBot) -> None:
    outline.hide()
    view.document.do(Remove("blur"))
    assert not outline._late.isActive()
    outline.show()
    assert len(texts(outline)) == 3


def test_enter_goes_to_the_canvas(outline: Outline, view: CanvasView, qtbot: QtBot) -> None:
    outline.setCurrentItem(item(outline, "cloud"))
    qtbot.keyClick(outline, Qt.Key.Key_Return)
    assert view.selection == ["cloud"]
    view.activateWindow()
    qtbot.waitUntil(view.isActiveWindow)
    assert view.hasFocus()
