"""What is done on the canvas by keys."""

from __future__ import annotations

import json
from collections.abc import Callable

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.graph import Link
from meshloom.ui.canvas import commands, decor
from meshloom.ui.canvas.floating import Floating
from meshloom.ui.canvas.view import CanvasView
from meshloom.ui.document import OpenDocument
from meshloom.ui.running.status import NodeStatus

from .conftest import Hand

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
Key = Callable[..., None]


def names(view: CanvasView) -> set[str]:
    return set(view.document.document.names(view.scope))


def test_delete_and_undo(view: CanvasView, key: Key) -> None:
    before = view.document.snapshot()
    view.select(["blur", "size"])
    key(Qt.Key.Key_Delete)
    assert names(view) == {"photo", "cloud"} and view.selection == []
    view.document.undo_stack.undo()
    assert view.document.snapshot() == before
    assert view.model.links["blur", "image"].source == "photo"


def test_copies_keep_the_links_among_them_also_into_another_window(
    view: CanvasView, key: Key, catalog: Catalog, qtbot
) -> None:
    view.select(["blur", "size"])
    key(Qt.Key.Key_C, CTRL)
    text = json.loads(QGuiApplication.clipboard().text())
    assert set(text["nodes"]) == {"blur", "size"}
    key(Qt.Key.Key_V, CTRL)
    node = view.document.document.node
    assert node("size_2").links == {"image": Link("blur_2", "image")} and node("blur_2").links == {}
    assert view.selection == ["blur_2", "size_2"]
    other = CanvasView(OpenDocument(catalog))
    qtbot.addWidget(other)
    commands.paste(other)
    assert set(other.document.document.names()) == {"blur", "size"}
    QGuiApplication.clipboard().setText("no graph")
    commands.paste(other)
    assert "no nodes" in other.noticed


def test_mute_and_bypass_turn_on_and_off(view: CanvasView, key: Key) -> None:
    node = view.document.document.node
    view.select(["blur", "size"])
    key(Qt.Key.Key_M)
    assert node("blur").mute and node("size").mute
    assert view.model.shapes["blur"].mute
    key(Qt.Key.Key_B)
    assert node("blur").bypass and not node("blur").mute
    key(Qt.Key.Key_B)
    assert not node("blur").bypass


def test_what_feeds_it_and_what_it_feeds(view: CanvasView, key: Key) -> None:
    view.select(["size"])
    key(Qt.Key.Key_Up, SHIFT)
    assert set(view.selection) == {"size", "blur", "photo"}
    view.select(["photo"])
    key(Qt.Key.Key_Down, SHIFT)
    assert set(view.selection) == {"size", "blur", "photo"}
    view.select(["blur"])
    key(Qt.Key.Key_Down, SHIFT)
    assert set(view.selection) == {"size", "blur"}


def test_a_group_keeps_what_the_graph_computes_and_can_be_undone_and_expanded(
    view: CanvasView, key: Key
) -> None:
    from meshloom.graph_runtime.keys import Keys
    from meshloom.graph_runtime.plan import plan
    from meshloom.graph_runtime.stamps import Stamps

    def made_of(view: CanvasView) -> set[tuple[str, frozenset[str]]]:
        graph = plan(view.document.snapshot(), view.document.specs, Keys(Stamps(None), "cpu"))
        return {
            (node.spec.id, frozenset(graph.nodes[each.node].spec.id for each in node.sources.values()))
            for node in graph.nodes.values()
        }

    before, computes = view.document.snapshot(), made_of(view)
    view.select(["blur", "size"])
    key(Qt.Key.Key_G, CTRL)
    assert names(view) == {"photo", "cloud", "Group"}
    assert made_of(view) == computes
    shape = view.model.shapes["Group"]
    assert [socket.type for socket in shape.inputs] == ["Image"]
    after = view.document.snapshot()
    view.document.undo_stack.undo()
    assert view.document.snapshot() == before
    view.document.undo_stack.redo()
    assert view.document.snapshot() == after
    view.select(["Group"])
    key(Qt.Key.Key_G, CTRL | SHIFT)
    assert names(view) == {"photo", "blur", "size", "cloud"} and made_of(view) == computes
    assert view.document.snapshot().groups == {}


def test_a_group_is_entered_and_left(view: CanvasView, key: Key, hand: Hand) -> None:
    view.select(["blur"])
    key(Qt.Key.Key_G, CTRL)
    told: list[str] = []
    view.scope_changed.connect(told.append)
    hand.double_click(hand.head("Group"))
    assert view.scope == "Group" and names(view) == {"blur"}
    view.set_status("Group/blur", NodeStatus("failed", message="no"))
    assert view.next_failed() == "Group/blur"
    key(Qt.Key.Key_Escape)
    key(Qt.Key.Key_Escape)
    assert told == ["Group", ""]


def test_a_frame_carries_what_stands_on_it(view: CanvasView, key: Key, hand: Hand) -> None:
    view.select(["blur", "size"])
    key(Qt.Key.Key_J, CTRL)
    (frame,) = decor.held(view.model, "frames")
    box = decor.box_of(frame)
    grip = view.mapFromScene(QPointF(box.left() + 100, box.top() + 12))
    hand.drag(grip, grip + QPoint(30, 40))
    document = view.document.document
    assert document.position("blur") == (330, 40) and document.position("photo") == (0, 0)
    assert decor.box_of(decor.held(view.model, "frames")[0]).left() == box.left() + 30
    view.document.undo_stack.undo()
    assert document.position("blur") == (300, 0)
    assert decor.box_of(decor.held(view.model, "frames")[0]) == box


def test_a_note_is_written(view: CanvasView, hand: Hand, qtbot) -> None:
    commands.note(view)
    box = decor.box_of(decor.held(view.model, "notes")[0])
    hand.double_click(view.mapFromScene(box.center()))
    (floating,) = view.viewport().findChildren(Floating)
    floating.editor.selectAll()
    qtbot.keyClicks(floating.editor, "# Read me")
    qtbot.keyClick(floating.editor, Qt.Key.Key_Escape)
    assert decor.held(view.model, "notes")[0]["text"] == "# Read me"


def test_a_title_is_typed(view: CanvasView, key: Key, qtbot) -> None:
    view.select(["blur"])
    key(Qt.Key.Key_F2)
    line = view.viewport().findChild(Floating).findChild(QLineEdit)
    qtbot.keyClicks(line, "Soften")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert view.model.shapes["blur"].title == "Soften"


def test_arrange_puts_what_feeds_left_of_what_it_feeds(view: CanvasView, key: Key) -> None:
    view.select([])
    key(Qt.Key.Key_L)
    place = view.document.document.position
    assert place("photo")[0] < place("blur")[0] < place("size")[0]
    boxes = [view.model.bounds((name,)) for name in names(view)]
    assert not any(a.intersects(b) for a in boxes for b in boxes if a is not b)
    assert view.document.undo_stack.count() == 1


def test_fit_shows_all(view: CanvasView, key: Key) -> None:
    view.pan(QPointF(5000, 5000))
    key(Qt.Key.Key_Home)
    assert view.visible().contains(view.model.bounds())


def test_what_failed_is_found(view: CanvasView, key: Key) -> None:
    key(Qt.Key.Key_E)
    assert "Nothing failed" in view.noticed
    view.set_status("size", NodeStatus("failed", message="broken"))
    key(Qt.Key.Key_E)
    assert view.selection == ["size"]
