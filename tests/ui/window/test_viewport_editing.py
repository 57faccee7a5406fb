"""Nodes that are edited in the viewport, in the whole window: the scene before them is shown, with their tool."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.edits import Set, Unlink
from meshloom.graph_runtime.graph import GraphData, GroupData, Link, NodeData
from meshloom.graph_runtime.types import Mesh
from meshloom.ui.running.runs import RunInfo
from meshloom.ui.viewport.crop_tool import CropTool
from meshloom.ui.viewport.keys_tool import KeysTool
from meshloom.ui.viewport.model_view import ModelView
from meshloom.ui.window.main_window import MainWindow
from meshloom.ui.window.viewer import Viewer

from ..hand import click, drag

Run = Callable[[], RunInfo]

GRAPH = GraphData(
    {
        "solid": NodeData("mesh.primitive", {"detail": 6}),
        "crop": NodeData("mesh.crop", {"size": (0.5, 2.0, 2.0)}, {"mesh": Link("solid", "mesh")}),
        "way": NodeData("cameras.keyframes", {"rate": 1.0, "width": 32, "height": 24}),
        "film": NodeData("render.cameras", {}, {"mesh": Link("crop", "mesh"), "cameras": Link("way", "cameras")}),
    },
    {},
    {"solid": (0.0, 0.0), "crop": (300.0, 0.0), "way": (300.0, 300.0), "film": (600.0, 0.0)},
)  # fmt: skip


def page_of(viewer: Viewer, qtbot: QtBot, tool: type) -> Any:
    def there() -> bool:
        page = viewer.stack.currentWidget()
        return (
            isinstance(page, ModelView)
            and isinstance(page.viewport.tool, tool)
            and page.viewport.box is not None
        )

    qtbot.waitUntil(there, timeout=15_000)
    return viewer.stack.currentWidget()


def width(viewer: Viewer) -> float:
    assert isinstance(viewer.value, Mesh)
    return float(np.ptp(viewer.value.vertices[:, 0]))


def test_a_crop_is_dragged_over_what_it_cuts(window: MainWindow, qtbot: QtBot, run: Run) -> None:
    tab = window.open_graph(GRAPH)
    run()
    viewer = window.viewers[0]
    tab.view.show_node("crop")
    page = page_of(viewer, qtbot, CropTool)
    tool = page.viewport.tool
    assert width(viewer) == 1.0, "what comes in is shown"
    places, _depth = tool.flat(tool.box().handles(page.viewport.box), page.viewport.view())
    side, middle = (QPointF(*places[n]).toPoint() for n in (2, 0))
    drag(page.viewport, side, side + (side - middle))
    assert tab.document.document.node("crop").params["size"][0] > 0.6
    assert tab.document.undo_stack.count() == 1
    click(tool.result, tool.result.rect().center())
    run()
    qtbot.waitUntil(lambda: viewer.value is not None and 0.6 < width(viewer) < 1.0, timeout=10_000)
    assert page.viewport.drawing.crop is None and page.viewport.tool is tool
    click(tool.result, tool.result.rect().center())
    qtbot.waitUntil(lambda: viewer.value is not None and width(viewer) == 1.0, timeout=10_000)
    tab.view.show_node("solid")
    qtbot.waitUntil(lambda: page.viewport.tool is None, timeout=10_000)
    assert page.viewport.drawing.crop is None


def test_keyframes_are_set_before_what_is_filmed(window: MainWindow, qtbot: QtBot, run: Run) -> None:
    tab = window.open_graph(GRAPH)
    run()
    viewer = window.viewers[0]
    tab.view.show_node("way")
    page = page_of(viewer, qtbot, KeysTool)
    assert 0.4 < width(viewer) < 0.6, "the mesh that is filmed"
    page.viewport.setFocus()
    qtbot.keyClick(page.viewport, Qt.Key.Key_K)
    drag(page.viewport, QPoint(10, 10), QPoint(60, 20))
    qtbot.keyClick(page.viewport, Qt.Key.Key_K)
    assert tab.document.document.node("way").params["frames"].count("from") == 2
    done = run()
    assert done.state == "done"
    tab.view.show_node("solid")
    qtbot.waitUntil(lambda: page.viewport.tool is None, timeout=10_000)


def test_keyframes_without_a_scene_show_the_cameras(window: MainWindow, qtbot: QtBot, run: Run) -> None:
    alone = GraphData({"way": GRAPH.nodes["way"]}, {}, {"way": (0.0, 0.0)})
    tab = window.open_graph(alone)
    viewer = window.viewers[0]
    tab.view.show_node("way")
    assert "F5" in viewer.message.text()
    run()
    page = page_of(viewer, qtbot, KeysTool)
    assert len(page.viewport.tool.held) == 3


def test_keyframes_without_a_scene_show_what_the_next_run_made(
    window: MainWindow, qtbot: QtBot, run: Run
) -> None:
    tab = window.open_graph(GraphData({"way": GRAPH.nodes["way"]}, {}, {"way": (0.0, 0.0)}))
    viewer = window.viewers[0]
    tab.view.show_node("way")
    run()
    page = page_of(viewer, qtbot, KeysTool)
    first = len(page.viewport.things[0].value)
    text = "0: from 0 0 -4, towards 0 0 0\n20: from 4 0 0, towards 0 0 0\n"
    tab.document.do(Set("way", "frames", text))
    assert run().state == "done"
    qtbot.waitUntil(lambda: len(page.viewport.things[0].value) > first, timeout=10_000)
    assert viewer.value is page.viewport.things[0].value and page.viewport.tool.held[1].key.time == 20


def test_in_a_group_too(window: MainWindow, qtbot: QtBot, run: Run) -> None:
    nodes = GRAPH.nodes
    grouped = GraphData(
        {
            "solid": NodeData("group:Make"),
            "cut": NodeData("group:Cut", {}, {"what": Link("solid", "mesh")}),
        },
        {
            "Make": GroupData({"solid": nodes["solid"]}, outputs={"mesh": ("solid", "mesh")}),
            "Cut": GroupData(
                {"crop": NodeData("mesh.crop", {"size": (0.5, 2.0, 2.0)})},
                {"what": (("crop", "mesh"),)},
                {"mesh": ("crop", "mesh")},
            ),
        },
    )
    tab = window.open_graph(grouped)
    run()
    viewer = window.viewers[0]
    viewer.show_node(tab, "cut/crop")
    page = page_of(viewer, qtbot, CropTool)
    assert width(viewer) == 1.0 and page.viewport.tool.node.scope == "Cut"
    click(page.viewport.tool.fit, page.viewport.tool.fit.rect().center())
    assert tab.document.document.node("crop", "Cut").params["size"][0] == 1.02


def test_keyframes_at_photos_are_found(window: MainWindow, qtbot: QtBot, run: Run) -> None:
    text = "0: photo frame_1.png\n2: from 0 0 -4, towards 0 0 0\n"
    nodes = {
        **{name: GRAPH.nodes[name] for name in ("solid", "crop", "way")},
        "again": NodeData("cameras.keyframes", {"frames": text}, {"cameras": Link("way", "cameras")}),
        "film": NodeData(
            "render.cameras", {}, {"mesh": Link("crop", "mesh"), "cameras": Link("again", "cameras")}
        ),
    }
    tab = window.open_graph(GraphData(nodes))
    assert run().state == "done"
    viewer = window.viewers[0]
    tab.view.show_node("again")
    page = page_of(viewer, qtbot, KeysTool)
    qtbot.waitUntil(lambda: len(page.viewport.tool.held) == 2, timeout=10_000)
    assert np.linalg.norm(page.viewport.tool.held[0].key.place) > 1
    tab.document.do(Unlink("again", "cameras"))
    qtbot.waitUntil(lambda: len(page.viewport.tool.held) == 1, timeout=10_000)
    tab.document.undo_stack.undo()
    qtbot.waitUntil(lambda: len(page.viewport.tool.held) == 2, timeout=10_000)
