"""The mouse on the canvas: every change is one step that can be undone, and what is refused says why."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QLineEdit

from meshloom.graph_runtime.graph import Link
from meshloom.ui.canvas.floating import Floating
from meshloom.ui.canvas.view import CanvasView

from .conftest import Hand

SHIFT, ALT = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier


def links(view: CanvasView, node: str) -> dict[str, Link]:
    return dict(view.document.document.node(node).links)


def test_a_click_selects_and_bare_canvas_selects_nothing(view: CanvasView, hand: Hand) -> None:
    told: list[list[str]] = []
    view.selection_changed.connect(told.append)
    hand.click(hand.head("blur"))
    hand.click(hand.head("size"), SHIFT)
    hand.click(view.mapFromScene(QPointF(900, 700)))
    assert told == [["blur"], ["blur", "size"], []]
    assert view.document.undo_stack.count() == 0


def test_a_box_selects_what_it_touches(view: CanvasView, hand: Hand) -> None:
    hand.drag(view.mapFromScene(QPointF(280, -20)), view.mapFromScene(QPointF(620, 60)))
    assert sorted(view.selection) == ["blur", "size"]
    hand.drag(view.mapFromScene(QPointF(-20, 400)), view.mapFromScene(QPointF(50, 450)), modifiers=SHIFT)
    assert sorted(view.selection) == ["blur", "cloud", "size"]


def test_moving_several_nodes_is_one_step(view: CanvasView, hand: Hand) -> None:
    hand.click(hand.head("blur"))
    hand.click(hand.head("size"), SHIFT)
    start = hand.head("blur")
    hand.drag(start, start + QPoint(40, 200))
    document = view.document.document
    assert document.position("blur") == (340, 200) and document.position("size") == (640, 200)
    assert view.document.undo_stack.count() == 1
    view.document.undo_stack.undo()
    assert document.position("blur") == (300, 0)
    assert view.model.shapes["blur"].x == 300


def test_escape_puts_back_what_is_being_moved(view: CanvasView, hand: Hand, key: Callable[..., None]) -> None:
    start = hand.head("blur")
    hand.drag(start, start + QPoint(0, 200), release=False)
    assert view.model.shapes["blur"].y == 200
    key(Qt.Key.Key_Escape)
    assert view.model.shapes["blur"].y == 0
    assert view.document.undo_stack.count() == 0


def test_a_link_is_dragged_from_output_to_input_and_back_the_other_way(view: CanvasView, hand: Hand) -> None:
    hand.drag(hand.socket("photo", "image", True), hand.socket("size", "image"))
    assert links(view, "size") == {"image": Link("photo", "image")}  # replaced, in one step
    assert view.document.undo_stack.count() == 1
    view.document.undo_stack.undo()
    assert links(view, "size") == {"image": Link("blur", "image")}


def test_a_link_dropped_on_a_node_takes_its_fitting_input(view: CanvasView, hand: Hand) -> None:
    hand.drag(hand.socket("photo", "image", True), hand.head("size"))
    assert links(view, "size") == {"image": Link("photo", "image")}


def test_a_link_pulled_off_an_input_is_gone_or_put_elsewhere(view: CanvasView, hand: Hand) -> None:
    hand.drag(hand.socket("size", "image"), view.mapFromScene(QPointF(500, 600)))
    assert links(view, "size") == {}
    view.document.undo_stack.undo()
    hand.drag(hand.socket("blur", "image"), hand.socket("size", "image"))
    assert links(view, "blur") == {} and links(view, "size") == {"image": Link("photo", "image")}
    assert view.document.undo_stack.undoText() == "Link photo to size"


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        (("size", "image", True), ("cloud", "mesh"), "takes Mesh"),
        (("size", "image", True), ("blur", "image"), "cycle"),
        (("size", "image", True), ("blur", "image", True), "Both are outputs"),
    ],
)
def test_a_refused_link_says_why_and_changes_nothing(
    view: CanvasView, hand: Hand, source: tuple, target: tuple, said: str
) -> None:
    before = view.document.snapshot()
    hand.drag(hand.socket(*source), hand.socket(*target))
    assert said in view.noticed
    assert view.document.snapshot() == before


def test_a_link_dropped_on_nothing_asks_for_a_node_that_fits(view: CanvasView, hand: Hand) -> None:
    asked: list[tuple[str, str]] = []
    view.palette_wanted.connect(lambda at, type_, direction: asked.append((type_, direction)))
    hand.drag(hand.socket("size", "image", True), view.mapFromScene(QPointF(900, 600)))
    hand.drag(hand.socket("cloud", "mesh"), view.mapFromScene(QPointF(-200, 600)))
    assert asked == [("Image", "in"), ("Mesh", "out")]
    assert view.pending is not None and view.pending[0] == "cloud"


def test_a_double_click_on_bare_canvas_asks_for_any_node(view: CanvasView, hand: Hand) -> None:
    asked: list[tuple[str, str]] = []
    view.palette_wanted.connect(lambda at, type_, direction: asked.append((type_, direction)))
    hand.double_click(view.mapFromScene(QPointF(900, 700)))
    assert asked == [("", "")]


def test_a_node_dropped_on_a_link_goes_into_it_unless_alt_is_held(view: CanvasView, hand: Hand) -> None:
    from meshloom.graph_runtime.edits import Add
    from meshloom.graph_runtime.graph import NodeData

    view.document.do(Add("new", NodeData("image.levels"), (300.0, 500.0)))
    shape = view.model.shapes["new"]
    middle = view.model.ends(view.model.links["size", "image"])
    centre = (middle[0] + middle[1]) / 2
    grip = hand.head("new")
    goal = (
        grip
        + view.mapFromScene(centre)
        - view.mapFromScene(QPointF(shape.x + shape.width / 2, shape.y + shape.height / 2))
    )
    hand.drag(grip, goal, modifiers=ALT)
    assert links(view, "size") == {"image": Link("blur", "image")}
    view.document.undo_stack.undo()
    hand.drag(grip, goal)
    assert links(view, "new") == {"image": Link("blur", "image")}
    assert links(view, "size") == {"image": Link("new", "image")}
    view.document.undo_stack.undo()
    assert links(view, "size") == {"image": Link("blur", "image")}


def test_the_middle_button_and_the_space_bar_pan(view: CanvasView, hand: Hand, qtbot) -> None:
    before = view.centre()
    hand.drag(QPoint(500, 500), QPoint(600, 450), button=Qt.MouseButton.MiddleButton)
    assert view.centre().x() == pytest.approx(before.x() - 100, abs=3)
    asked: list[object] = []
    view.palette_wanted.connect(lambda *said: asked.append(said))
    qtbot.keyPress(view, Qt.Key.Key_Space)
    hand.drag(hand.head("blur"), hand.head("blur") + QPoint(50, 0))
    qtbot.keyRelease(view, Qt.Key.Key_Space)
    assert view.centre().x() == pytest.approx(before.x() - 150, abs=4)
    assert view.document.undo_stack.count() == 0 and not asked
    qtbot.keyClick(view, Qt.Key.Key_Space)
    assert len(asked) == 1


def test_the_wheel_zooms_to_the_pointer_and_edits_nothing(view: CanvasView, hand: Hand) -> None:
    at = hand.field("blur", "radius")
    under = view.mapToScene(at)
    before = view.document.snapshot()
    wheel = QWheelEvent(
        QPointF(at), QPointF(view.mapToGlobal(at)), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view.viewport(), wheel)
    assert view.zoom > 1.1
    moved = view.mapToScene(at) - under
    assert abs(moved.x()) + abs(moved.y()) < 3
    assert view.document.snapshot() == before


def test_a_field_is_scrubbed_in_one_step_and_typed_exactly(view: CanvasView, hand: Hand, qtbot) -> None:
    at = hand.field("blur", "radius")
    hand.drag(at, at + QPoint(60, 0))
    scrubbed = view.document.document.node("blur").params["radius"]
    assert scrubbed > view.document.specs["image.blur"].param("radius").default
    assert view.document.undo_stack.count() == 1
    hand.click(at)
    (floating,) = view.viewport().findChildren(Floating)
    entry = floating.findChild(QLineEdit)
    entry.selectAll()
    qtbot.keyClicks(entry, "3.25")
    qtbot.keyClick(entry, Qt.Key.Key_Return)
    assert view.document.document.node("blur").params["radius"] == 3.25
    view.document.undo_stack.undo()
    assert view.document.document.node("blur").params["radius"] == scrubbed


def test_a_wrong_entry_is_told_and_not_taken(view: CanvasView, hand: Hand, qtbot) -> None:
    hand.click(hand.field("blur", "radius"))
    (floating,) = view.viewport().findChildren(Floating)
    entry = floating.findChild(QLineEdit)
    entry.selectAll()
    qtbot.keyClicks(entry, "-9")
    qtbot.keyClick(entry, Qt.Key.Key_Return)
    assert "expected" in floating.editor.fault
    assert view.document.undo_stack.count() == 0
    qtbot.keyClick(entry, Qt.Key.Key_Escape)
    assert not floating.isVisible()
