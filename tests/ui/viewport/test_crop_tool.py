"""The box of a crop, dragged in the viewport by the mouse."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.edits import Remove, Set
from meshloom.graph_runtime.graph import GraphData, GroupData, Link, NodeData
from meshloom.graph_runtime.types import PointCloud
from meshloom.ui.document import OpenDocument
from meshloom.ui.locks import lock_toggled
from meshloom.ui.viewport.crop_tool import CropTool
from meshloom.ui.viewport.draw import Style, draw
from meshloom.ui.viewport.eye import Eye
from meshloom.ui.viewport.model_view import ModelView
from meshloom.ui.viewport.things import make

from ..hand import RIGHT, click, double_click, drag, hold, point, press, release
from .conftest import box

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def document(catalog: Catalog) -> OpenDocument:
    nodes = {
        "solid": NodeData("mesh.primitive"),
        "crop": NodeData("mesh.crop", {"size": (0.8, 0.8, 0.8)}, {"mesh": Link("solid", "mesh")}),
    }
    return OpenDocument(catalog, GraphData(nodes, {}, {}))


@pytest.fixture
def tool(view: ModelView, document: OpenDocument) -> CropTool:
    made = CropTool(view.viewport, document, "", "crop")
    view.set_tool(made)
    return made


def at(tool: CropTool, handle: int) -> QPoint:
    places, _depth = tool.flat(tool.box().handles(tool.viewport.box), tool.viewport.view())
    return QPointF(*places[handle]).toPoint()


def outwards(tool: CropTool, handle: int, pixels: float) -> QPoint:
    way = QPointF(at(tool, handle) - at(tool, 0))
    return at(tool, handle) + (way * pixels / np.hypot(way.x(), way.y())).toPoint()


@pytest.mark.parametrize("handle", range(1, 7))
def test_a_side_follows_the_mouse_and_is_one_step(
    tool: CropTool, document: OpenDocument, handle: int
) -> None:
    before, eye, end = tool.box(), tool.viewport.eye, outwards(tool, handle, 30)
    drag(tool.viewport, at(tool, handle), end, steps=8)
    after = tool.box()
    axis = (handle - 1) // 2
    assert after.size[axis] > before.size[axis] + 0.05
    assert [after.size[k] for k in range(3) if k != axis] == [0.8, 0.8]
    assert (at(tool, handle) - end).manhattanLength() <= 3, "it stays under the pointer"
    assert tool.viewport.eye is eye and document.undo_stack.count() == 1
    assert document.undo_stack.undoText() == "Resize the box"
    drag(tool.viewport, at(tool, handle), at(tool, handle) + QPoint(0, 9), steps=3)
    assert document.undo_stack.count() == 2, "the next drag is another step"
    document.undo_stack.undo()
    document.undo_stack.undo()
    assert tool.box() == before


def test_ctrl_moves_both_sides(tool: CropTool) -> None:
    drag(tool.viewport, at(tool, 2), outwards(tool, 2, 25), modifiers=CTRL)
    assert tool.box().centre == (0.0, 0.0, 0.0) and tool.box().size[0] > 0.9


def test_the_middle_moves_all_of_it(tool: CropTool, document: OpenDocument) -> None:
    end = at(tool, 0) + QPoint(30, -20)
    drag(tool.viewport, at(tool, 0), end)
    assert tool.box().size == (0.8, 0.8, 0.8) and tool.box().centre != (0.0, 0.0, 0.0)
    assert (at(tool, 0) - end).manhattanLength() <= 2 and document.undo_stack.count() == 1


def test_escape_takes_a_drag_back(tool: CropTool, qtbot: QtBot) -> None:
    start = at(tool, 3)
    press(tool.viewport, start)
    for far in (5, 15, 25):
        hold(tool.viewport, outwards(tool, 3, 5) + QPoint(0, -far))
    assert tool.box().size[1] != 0.8
    qtbot.keyClick(tool.viewport, Qt.Key.Key_Escape)
    hold(tool.viewport, start + QPoint(0, -60))
    release(tool.viewport, start)
    assert tool.box().size == (0.8, 0.8, 0.8)


def test_beside_the_handles_the_mouse_turns_the_eye(tool: CropTool, document: OpenDocument) -> None:
    before = tool.viewport.eye
    drag(tool.viewport, QPoint(12, 12), QPoint(60, 30))
    assert tool.viewport.eye.azimuth != before.azimuth and document.undo_stack.count() == 0
    point(tool.viewport, at(tool, 0))
    assert tool.viewport.cursor().shape() == Qt.CursorShape.OpenHandCursor
    point(tool.viewport, QPoint(5, 5))
    assert tool.viewport.cursor().shape() != Qt.CursorShape.OpenHandCursor


def test_what_is_locked_cannot_be_dragged(tool: CropTool, document: OpenDocument) -> None:
    document.do(lock_toggled(document.document, "", "crop", "size"))
    steps = document.undo_stack.count()
    assert "size" in tool.told.text().lower()
    drag(tool.viewport, at(tool, 2), outwards(tool, 2, 30))
    assert tool.box().size == (0.8, 0.8, 0.8) and document.undo_stack.count() == steps
    drag(tool.viewport, at(tool, 0), at(tool, 0) + QPoint(20, 0))
    assert document.undo_stack.count() == steps + 1, "the middle is free"
    document.do(lock_toggled(document.document, "", "crop", "centre"))
    assert not tool.fit.isEnabled()
    steps = document.undo_stack.count()
    drag(tool.viewport, at(tool, 0), at(tool, 0) + QPoint(20, 0))
    assert document.undo_stack.count() == steps


def test_it_is_put_around_the_scene(tool: CropTool, document: OpenDocument) -> None:
    click(tool.fit, tool.fit.rect().center())
    assert all(1.0 <= length < 1.1 for length in tool.box().size) and document.undo_stack.count() == 1


def test_values_from_elsewhere_are_shown_and_a_node_may_go(tool: CropTool, document: OpenDocument) -> None:
    document.do(Set("crop", "centre", (0.5, 0.0, 0.0)))
    assert tool.viewport.drawing.crop is not None and tool.viewport.drawing.crop.centre == (0.5, 0.0, 0.0)
    document.do(Remove("crop"))
    assert tool.viewport.drawing.crop is None
    drag(tool.viewport, QPoint(200, 200), QPoint(220, 210))
    tool.viewport.grab()
    assert not tool.isEnabled()
    document.undo_stack.undo()
    assert tool.viewport.drawing.crop is not None and tool.isEnabled()


def test_the_viewport_is_as_before_when_the_tool_goes(tool: CropTool, view: ModelView) -> None:
    view.set_tool(None)
    assert view.viewport.drawing.crop is None and view.viewport.tool is None
    view.viewport.grab()


def test_what_is_cut_away_is_dimmed(tool: CropTool) -> None:
    crop = tool.box()
    eye = Eye(target=np.zeros(3), distance=4.0, azimuth=0.0, elevation=0.0)
    half = Style(grid=False, axes=False, shading="plain", top=(0, 0, 0), bottom=(0, 0, 0))
    cut = Style(
        grid=False, axes=False, shading="plain", top=(0, 0, 0), bottom=(0, 0, 0),
        crop=crop.pulled(1, 1.0, None).pulled(2, -0.4, None).pulled(5, 1.0, None),
    )  # fmt: skip
    for value in (
        box(),
        PointCloud(
            np.random.default_rng(0).uniform(-0.5, 0.5, (4000, 3)).astype(np.float32),
            np.full((4000, 3), 200, np.uint8),
        ),
    ):
        whole, part = (draw([make(value)], eye.view((80, 80)), style) for style in (half, cut))
        ratio = part.colour[30:50].sum(axis=(0, 2)) / np.maximum(whole.colour[30:50].sum(axis=(0, 2)), 1e-6)
        assert (ratio[33:39] > 0.95).all() and (ratio[42:47] < 0.3).all()


@pytest.mark.parametrize(
    ("handle", "by", "axis"), [(2, QPoint(0, -24), 2), (2, QPoint(-25, -3), 1), (5, QPoint(24, 6), 1)]
)
def test_shift_swings_a_side(
    tool: CropTool, document: OpenDocument, handle: int, by: QPoint, axis: int
) -> None:
    end = at(tool, handle) + by
    drag(tool.viewport, at(tool, handle), end, modifiers=SHIFT, steps=8)
    box = tool.box()
    assert box.size == (0.8, 0.8, 0.8) and box.centre == (0.0, 0.0, 0.0)
    assert abs(box.turn[axis]) > 5 and [box.turn[k] for k in range(3) if k != axis] == [0.0, 0.0]
    assert document.undo_stack.count() == 1 and document.undo_stack.undoText() == "Turn the box"
    moved = at(tool, handle) - (end - by)
    assert moved.x() * by.x() + moved.y() * by.y() > 0.2 * (by.x() ** 2 + by.y() ** 2), "with the mouse"


def test_a_locked_turn_stays(tool: CropTool, document: OpenDocument) -> None:
    document.do(lock_toggled(document.document, "", "crop", "turn"))
    drag(tool.viewport, at(tool, 2), at(tool, 2) + QPoint(0, -24), modifiers=SHIFT)
    assert tool.box().turn == (0.0, 0.0, 0.0) and tool.box().size == (0.8, 0.8, 0.8)


def test_what_is_kept_is_counted(
    tool: CropTool, view: ModelView, document: OpenDocument, qtbot: QtBot
) -> None:
    positions = np.random.default_rng(0).uniform(-0.5, 0.5, (1000, 3)).astype(np.float32)
    view.show_value(PointCloud(positions), "cloud", "cloud")
    qtbot.waitUntil(lambda: "of 1,000 are kept" in tool.told.text(), timeout=10_000)
    document.do(Set("crop", "size", (2.0, 2.0, 0.5)))
    kept = int((np.abs(positions[:, 2]) <= 0.25).sum())
    assert f"{kept} of 1,000" in tool.told.text()


def test_fit_all_holds_the_box_too(tool: CropTool, document: OpenDocument, qtbot: QtBot) -> None:
    document.do(Set("crop", "centre", (9.0, 0.0, 2.0)))
    qtbot.keyClick(tool.viewport, Qt.Key.Key_F)
    for handle in range(7):
        assert tool.viewport.rect().contains(at(tool, handle))


def test_what_a_link_decides_is_told_and_nothing_is_dimmed_by_guess(
    view: ModelView, catalog: Catalog
) -> None:
    nodes = {
        "word": NodeData("text.value", {"text": "ellipsoid"}),
        "crop": NodeData("cloud.crop", {}, {"shape": Link("word", "text")}),
    }
    document = OpenDocument(catalog, GraphData(nodes, {}, {}))
    tool = CropTool(view.viewport, document, "", "crop")
    view.set_tool(tool)
    assert "Shape" in tool.told.text() and view.viewport.drawing.crop is None
    view.viewport.grab()
    drag(view.viewport, at(tool, 2), outwards(tool, 2, 20))
    assert document.undo_stack.count() == 1, "the size is the node's own"


def test_what_a_group_decides_has_padlocks(view: ModelView, catalog: Catalog) -> None:
    inside = GroupData({"crop": NodeData("mesh.crop")}, params={"size": ("crop", "size")})
    document = OpenDocument(catalog, GraphData({"g": NodeData("group:Cut")}, {"Cut": inside}))
    tool = CropTool(view.viewport, document, "Cut", "crop")
    view.set_tool(tool)
    drag(view.viewport, at(tool, 2), outwards(tool, 2, 20))
    assert document.undo_stack.count() == 0 and not tool.fit.isEnabled()
    view.viewport.grab()


def test_what_a_link_into_the_group_decides_has_padlocks(view: ModelView, catalog: Catalog) -> None:
    inside = GroupData({"crop": NodeData("mesh.crop")}, inputs={"size": (("crop", "size"),)})
    document = OpenDocument(catalog, GraphData({"g": NodeData("group:Cut")}, {"Cut": inside}))
    tool = CropTool(view.viewport, document, "Cut", "crop")
    view.set_tool(tool)
    drag(view.viewport, at(tool, 2), outwards(tool, 2, 20))
    assert document.undo_stack.count() == 0 and view.viewport.drawing.crop is None


def test_moving_it_leaves_what_is_locked_exact(tool: CropTool, document: OpenDocument) -> None:
    document.do(Set("crop", "size", (0.83456789, 0.8, 0.8)))
    document.do(Set("crop", "turn", (12.345, 0.0, 0.0)))
    document.do(lock_toggled(document.document, "", "crop", "size"))
    document.do(lock_toggled(document.document, "", "crop", "turn"))
    drag(tool.viewport, at(tool, 0), at(tool, 0) + QPoint(30, 0))
    assert tool.box().centre != (0.0, 0.0, 0.0)
    assert tool.box().size == (0.83456789, 0.8, 0.8) and tool.box().turn == (12.345, 0.0, 0.0)


def test_escape_undoes_nothing_but_the_drag(tool: CropTool, document: OpenDocument, qtbot: QtBot) -> None:
    document.do(Set("crop", "turn", (5.0, 0.0, 0.0)))
    press(tool.viewport, at(tool, 0))
    hold(tool.viewport, at(tool, 0) + QPoint(30, 0))
    document.undo_stack.undo()
    qtbot.keyClick(tool.viewport, Qt.Key.Key_Escape)
    assert tool.box().turn == (5.0, 0.0, 0.0) and tool.box().centre == (0.0, 0.0, 0.0)


def test_drags_of_tools_made_one_after_the_other_are_steps_of_their_own(
    view: ModelView, document: OpenDocument
) -> None:
    for count in range(1, 9):
        tool = CropTool(view.viewport, document, "", "crop")
        view.set_tool(tool)
        drag(view.viewport, at(tool, 0), at(tool, 0) + QPoint(4 + count, 0))
        assert document.undo_stack.count() == count
        view.set_tool(None)


def test_another_button_does_not_disturb_a_drag(tool: CropTool, document: OpenDocument) -> None:
    eye = tool.viewport.eye
    press(tool.viewport, at(tool, 0))
    click(tool.viewport, at(tool, 0) + QPoint(9, 0), RIGHT)
    release(tool.viewport, at(tool, 0))
    drag(tool.viewport, at(tool, 0), at(tool, 0) + QPoint(20, 0))
    assert document.undo_stack.count() == 1 and tool.viewport.eye is eye


def test_a_release_that_never_came_ends_the_drag(tool: CropTool) -> None:
    start = at(tool, 0)
    press(tool.viewport, start)
    hold(tool.viewport, start + QPoint(10, 0))
    there = tool.box()
    point(tool.viewport, start + QPoint(60, 0))
    point(tool.viewport, start + QPoint(90, 0))
    assert tool.box() == there


def test_a_double_press_on_a_handle_takes_hold_of_it(tool: CropTool) -> None:
    eye = tool.viewport.eye
    double_click(tool.viewport, at(tool, 0))
    assert tool.viewport.eye is eye
