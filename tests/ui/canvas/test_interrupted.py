"""What came up under random actions: keys while a button is held, steps undone from elsewhere, an empty clipboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.edits import Remove
from meshloom.ui.canvas import clipboard
from meshloom.ui.canvas.model import CanvasModel
from meshloom.ui.canvas.view import CanvasView

from .conftest import Hand

Press = Callable[..., None]
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.mark.parametrize(
    ("code", "modifiers"),
    [
        (Qt.Key.Key_Delete, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_Z, CTRL),
        (Qt.Key.Key_X, CTRL),
        (Qt.Key.Key_G, CTRL),
        (Qt.Key.Key_M, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier),
    ],
)
def test_while_a_node_is_dragged_keys_do_nothing(
    view: CanvasView, hand: Hand, key: Press, code: Qt.Key, modifiers: Qt.KeyboardModifier
) -> None:
    opened: list[object] = []
    view.palette_wanted.connect(lambda *_said: opened.append(1))
    before = view.document.snapshot()
    at = hand.head("blur")
    hand.drag(at, at + QPoint(40, 30), release=False)
    key(code, modifiers)
    assert view.document.snapshot() == before and view.model.loose and not opened
    view.viewport().grab()
    hand.drag(at + QPoint(40, 30), at + QPoint(60, 50))  # goes on, and is let go
    x, y = view.document.document.position("blur")  # type: ignore[misc]
    assert (x, y) == (before.view["blur"][0] + 60, before.view["blur"][1] + 50)
    assert view.document.undo_stack.count() == 1


def test_escape_puts_a_dragged_node_exactly_back(view: CanvasView, hand: Hand, key: Press) -> None:
    view.zoom_at(0.77, QPointF(400, 300))  # steps that are no whole numbers
    at = hand.head("size")
    for step in range(7):
        hand.drag(at, at + QPoint(31 + step, 17), release=False)
        key(Qt.Key.Key_Escape)
        shape = view.model.shapes["size"]
        assert (shape.x, shape.y) == (600.0, 0.0) and not view.model.loose
    assert view.document.undo_stack.count() == 0


def test_a_button_let_go_elsewhere_ends_the_drag(view: CanvasView, hand: Hand, key: Press) -> None:
    at = hand.head("size")
    hand.drag(at, at + QPoint(50, 50), release=False)
    none = Qt.MouseButton.NoButton
    hand._send(QEvent.Type.MouseMove, at + QPoint(80, 80), none, none, Qt.KeyboardModifier.NoModifier)
    assert not view.model.loose and (view.model.shapes["size"].x, view.model.shapes["size"].y) == (600.0, 0.0)
    key(Qt.Key.Key_Delete)
    assert "size" not in view.model.shapes


def test_a_group_undone_while_it_is_shown_is_left(view: CanvasView, key: Press) -> None:
    view.select(["blur", "size"])
    key(Qt.Key.Key_G, CTRL)
    (group,) = view.selection
    view.enter(group)
    assert set(view.model.shapes) == {"blur", "size"}
    view.document.undo_stack.undo()
    assert view.scope == "" and set(view.model.shapes) == {"photo", "blur", "size", "cloud"}
    assert view.instances == [] and not view.breadcrumb.isVisible()


def test_steps_inside_a_group_undone_from_outside_are_shown(view: CanvasView, key: Press) -> None:
    view.select(["blur"])
    key(Qt.Key.Key_G, CTRL)
    (group,) = view.selection
    assert view.document.do(Remove("blur", view.document.document.node(group).type.removeprefix("group:")))
    fresh = CanvasModel(view.document)
    assert view.model.links == fresh.links and view.model.shapes[group].outputs == fresh.shapes[group].outputs
    view.document.undo_stack.undo()
    fresh = CanvasModel(view.document)
    assert view.model.links == fresh.links and view.model.links["size", "image"].type == "Image"


def test_a_group_whose_output_lost_its_node_can_be_ungrouped(view: CanvasView, key: Press) -> None:
    view.select(["photo", "blur"])
    key(Qt.Key.Key_G, CTRL)
    (group,) = view.selection
    assert view.document.do(Remove("blur", view.document.document.node(group).type.removeprefix("group:")))
    view.select([group])
    key(Qt.Key.Key_G, CTRL | SHIFT)
    assert set(view.model.shapes) == {"photo", "size", "cloud"}
    while view.document.undo_stack.canUndo():
        view.document.undo_stack.undo()
    assert set(view.model.shapes) == {"photo", "blur", "size", "cloud"}


def test_nodes_that_feed_each_other_go_and_come_back_together(view: CanvasView, key: Press) -> None:
    view.select(["photo", "blur", "size"])
    key(Qt.Key.Key_Delete)
    assert set(view.model.shapes) == {"cloud"} and view.model.links == {}
    view.document.undo_stack.undo()
    assert view.model.links == CanvasModel(view.document).links and len(view.model.links) == 2


def test_a_group_stands_on_whole_pixels(view: CanvasView, key: Press) -> None:
    view.select(["photo", "blur", "cloud"])  # the middle of three is no whole number
    key(Qt.Key.Key_G, CTRL)
    (group,) = view.selection
    place = view.document.document.position(group)
    assert place is not None and all(float(each).is_integer() for each in place)


def test_pasting_nothing_says_so(view: CanvasView, key: Press, qtbot: QtBot) -> None:
    QGuiApplication.clipboard().clear()
    key(Qt.Key.Key_V, CTRL)
    assert view.noticed and len(view.model.shapes) == 4
    with pytest.raises(Exception, match="clipboard"):
        clipboard.from_mime(None, view.document)
