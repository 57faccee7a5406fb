"""Keyframes of a camera, set and changed in the viewport."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.edits import Remove, Set
from meshloom.graph_runtime.graph import GraphData, NodeData
from meshloom.nodes.cameras.keyframes import keyframes
from meshloom.ui.document import OpenDocument
from meshloom.ui.locks import lock_toggled
from meshloom.ui.viewport import key_lines
from meshloom.ui.viewport.key_lines import added, keys_in, next_time, removed, replaced
from meshloom.ui.viewport.keys_tool import KeysTool
from meshloom.ui.viewport.model_view import ModelView

from ..hand import click, drag
from .conftest import ring

TEXT = """# a way
0: from 0 0 -4, towards 0 0 0, 60
1: from 4 0 0, towards 0 0 0  # the side
3: from 0 -1 4, towards 0 0 0
"""
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def document(catalog: Catalog) -> OpenDocument:
    return OpenDocument(catalog, GraphData({"way": NodeData("cameras.keyframes")}, {}, {}))


@pytest.fixture
def tool(view: ModelView, document: OpenDocument) -> KeysTool:
    made = KeysTool(view.viewport, document, "", "way")
    view.set_tool(made)
    return made


def text(document: OpenDocument) -> str:
    return document.document.node("way").params.get("frames", "")


def item(tool: KeysTool, row: int) -> QPoint:
    return tool.keys.visualItemRect(tool.keys.item(row)).center()


def test_k_and_the_button_add_the_view(tool: KeysTool, document: OpenDocument, qtbot: QtBot) -> None:
    assert len(tool.held) == 3 and not text(document), "the example is shown until there is something else"
    qtbot.keyClick(tool.viewport, Qt.Key.Key_K)
    first = tool.viewport.eye
    assert len(tool.held) == 1 and tool.told.text()
    np.testing.assert_allclose(tool.held[0].key.place, first.position, atol=1e-3)
    np.testing.assert_allclose(tool.held[0].key.target, first.target, atol=1e-3)
    drag(tool.viewport, QPoint(20, 20), QPoint(120, 60))
    click(tool.add, tool.add.rect().center())
    assert len(tool.held) == 2 and not tool.told.text() and document.undo_stack.count() == 2
    np.testing.assert_allclose(tool.held[1].key.place, tool.viewport.eye.position, atol=1e-3)
    way = keyframes(frames=text(document), rate=1.0)
    np.testing.assert_allclose(way.centres()[0], first.position, atol=1e-3)
    assert len(way) == 3, "two seconds on"
    document.undo_stack.undo()
    document.undo_stack.undo()
    assert not text(document) and len(tool.held) == 3


@pytest.mark.parametrize("size", [(640, 460), (360, 560)])
def test_the_picture_there_is_the_picture_here(
    tool: KeysTool, document: OpenDocument, view: ModelView, qtbot: QtBot, size: tuple[int, int]
) -> None:
    view.resize(*size)
    qtbot.keyClick(tool.viewport, Qt.Key.Key_K)
    qtbot.keyClick(tool.viewport, Qt.Key.Key_K)
    shape = tool.viewport.width(), tool.viewport.height()
    way = keyframes(frames=text(document), rate=1.0, width=shape[0], height=shape[1])
    here = tool.viewport.view()
    np.testing.assert_allclose(
        way.intrinsics[0] @ way.extrinsics[0] / way.intrinsics[0, 0, 0],
        here.projection() / here.intrinsics[0, 0],
        atol=2e-3,
    )


def test_a_click_on_a_key_goes_there(tool: KeysTool, document: OpenDocument) -> None:
    document.do(Set("way", "frames", TEXT))
    for row in (2, 1):
        click(tool.keys.viewport(), item(tool, row))
        eye, key = tool.viewport.eye, tool.held[row].key
        np.testing.assert_allclose(eye.position, key.place, atol=1e-6)
        np.testing.assert_allclose(eye.target, key.target, atol=1e-6)
        assert eye.span == pytest.approx(60) and tool.keys.currentRow() == row
    assert document.undo_stack.count() == 1, "looking is no change"


def test_a_click_on_a_camera_goes_there(tool: KeysTool, document: OpenDocument) -> None:
    document.do(Set("way", "frames", TEXT))
    tool.go_to(2)
    tool.viewport.go_to(tool.viewport.eye.turned(40, 20).zoomed(2.0))
    places, depth = tool.flat(tool.held[1].key.place[None], tool.viewport.view())
    assert depth[0] > 0 and tool.viewport.rect().contains(QPointF(*places[0]).toPoint())
    click(tool.viewport, QPointF(*places[0]).toPoint())
    np.testing.assert_allclose(tool.viewport.eye.position, [4, 0, 0], atol=1e-6)
    assert tool.keys.currentRow() == 1


def test_a_key_is_replaced_and_deleted(tool: KeysTool, document: OpenDocument, qtbot: QtBot) -> None:
    document.do(Set("way", "frames", TEXT))
    click(tool.keys.viewport(), item(tool, 1))
    drag(tool.viewport, QPoint(20, 20), QPoint(90, 10))
    qtbot.keyClick(tool.viewport, Qt.Key.Key_K, SHIFT)
    assert [held.key.time for held in tool.held] == [0, 1, 3] and "# the side" in text(document)
    np.testing.assert_allclose(tool.held[1].key.place, tool.viewport.eye.position, atol=1e-3)
    qtbot.keyClick(tool.viewport, Qt.Key.Key_Delete)
    assert [held.key.time for held in tool.held] == [0, 3] and "# a way" in text(document)
    assert document.undo_stack.count() == 3
    document.undo_stack.undo()
    document.undo_stack.undo()
    assert text(document) == TEXT
    click(tool.keys.viewport(), item(tool, 0))
    click(tool.delete, tool.delete.rect().center())
    assert [held.key.angle for held in tool.held] == [60, 60], "the angle said in the line that went"


def test_a_locked_text_stays(tool: KeysTool, document: OpenDocument, qtbot: QtBot) -> None:
    document.do(Set("way", "frames", TEXT))
    document.do(lock_toggled(document.document, "", "way", "frames"))
    steps = document.undo_stack.count()
    click(tool.keys.viewport(), item(tool, 1))
    for key in (Qt.Key.Key_K, Qt.Key.Key_Delete):
        qtbot.keyClick(tool.viewport, key)
    click(tool.add, tool.add.rect().center())
    assert document.undo_stack.count() == steps and not tool.replace.isEnabled()


def test_photos_may_be_keys_and_a_node_may_go(tool: KeysTool, document: OpenDocument) -> None:
    document.do(Set("way", "frames", "0: photo photo1.jpg\n2: from 0 0 -4, towards 0 0 0\n"))
    assert len(tool.held) == 1
    tool.set_cameras(ring())
    assert len(tool.held) == 2
    np.testing.assert_allclose(tool.held[0].key.place, ring().centres()[1])
    tool.viewport.grab()
    document.do(Remove("way"))
    tool.viewport.grab()
    document.undo_stack.undo()
    assert len(tool.held) == 2


def test_lines_that_say_nothing_stay() -> None:
    odd = "# hello\nnonsense\n0: from 0 0 1, towards 0 0 0, 30\n\n5: from 1 0 0, towards 0 0 0"
    key = keys_in(TEXT)[0].key
    assert next_time(odd) == 10 and next_time("") == 0 and next_time("4: photo a.jpg") == 6
    assert [held.line for held in keys_in(odd)] == [2, 4]
    more = added(odd, key)
    assert more.startswith(odd + "\n") and len(keys_in(more)) == 3
    assert "nonsense" in removed(more, 2) and keys_in(removed(more, 2))[0].key.angle == 30
    changed = replaced(odd, 2, key)
    assert [held.key.angle for held in keys_in(changed)] == [60, 30]


def test_an_angle_taken_from_a_photo_stays(tool: KeysTool, document: OpenDocument) -> None:
    document.do(
        Set(
            "way",
            "frames",
            "0: from 0 0 -4, towards 0 0 0, 40\n1: photo photo1.jpg\n"
            "2: from 4 0 0, towards 0 0 0\n3: from 0 0 4, towards 0 0 0\n",
        )
    )
    tool.set_cameras(ring())
    wide = tool.held[1].key.angle
    assert [held.key.angle for held in tool.held[2:]] == [wide, wide] and abs(wide - 40) > 5
    tool.keys.setCurrentRow(0)
    click(tool.replace, tool.replace.rect().center())
    assert text(document).endswith("2: from 4 0 0, towards 0 0 0\n3: from 0 0 4, towards 0 0 0\n")
    tool.keys.setCurrentRow(1)
    click(tool.delete, tool.delete.rect().center())
    assert [held.key.angle for held in tool.held[1:]] == pytest.approx([wide, wide], abs=0.01)
    assert text(document).endswith("3: from 0 0 4, towards 0 0 0\n"), "the last has it from the one before"


def test_a_photo_whose_name_says_from_keeps_its_line() -> None:
    cameras = replace(ring(1), names=("from.jpg",))
    odd = "0: from 0 0 1, towards 0 0 0, 30\n1: photo from.jpg, 35\n"
    assert removed(odd, 0, cameras) == "1: photo from.jpg, 35\n"
    assert replaced(odd, 0, keys_in(TEXT)[0].key, cameras).endswith("\n1: photo from.jpg, 35\n")


def test_a_long_text_is_read_once_before_and_once_after(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[str] = []
    monkeypatch.setattr(key_lines, "keys_in", lambda *said: reads.append(said[0]) or keys_in(*said))
    long = "".join(f"{n}: from {n} 0 0, towards 0 1 0\n" for n in range(30))
    changed = replaced(long, 0, keys_in(TEXT)[0].key)
    assert len(reads) == 2 and [held.key.angle for held in keys_in(changed)] == [60, *[50] * 29]


def test_fit_all_holds_the_cameras_too(tool: KeysTool, document: OpenDocument, qtbot: QtBot) -> None:
    document.do(Set("way", "frames", "0: from 30 0 -4, towards 0 0 0\n1: from -9 -8 3, towards 0 0 0"))
    qtbot.keyClick(tool.viewport, Qt.Key.Key_F)
    places, depth = tool.flat(np.array([held.key.place for held in tool.held]), tool.viewport.view())
    assert (depth > 0).all() and all(
        tool.viewport.rect().contains(QPointF(*each).toPoint()) for each in places
    )


def test_after_a_click_in_the_list_keys_are_for_the_view(
    tool: KeysTool, document: OpenDocument, qtbot: QtBot
) -> None:
    document.do(Set("way", "frames", TEXT))
    click(tool.keys.viewport(), item(tool, 1))
    assert tool.viewport.hasFocus()
    qtbot.keyClick(tool.viewport, Qt.Key.Key_Delete)
    assert [held.key.time for held in tool.held] == [0, 3]
    tool.keys.setFocus()
    qtbot.keyClick(tool.keys, Qt.Key.Key_Left)
    assert tool.keys.currentRow() == 0
    qtbot.keyClick(tool.keys, Qt.Key.Key_Delete)
    assert [held.key.time for held in tool.held] == [3]
