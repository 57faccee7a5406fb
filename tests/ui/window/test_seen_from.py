"""Splats are looked at from where the photos were taken that they were made from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.graph import GraphData, GroupData, Link, NodeData
from meshloom.graph_runtime.types import Splats
from meshloom.ui.running.runs import RunInfo
from meshloom.ui.viewport.compare_models import CompareModels
from meshloom.ui.viewport.model_view import ModelView
from meshloom.ui.window.document_tab import DocumentTab
from meshloom.ui.window.main_window import MainWindow
from meshloom.ui.window.seen_from import cameras_of

Run = Callable[[], RunInfo]
WAY = {
    "rate": 1.0,
    "width": 64,
    "height": 48,
    "frames": "0: from 0 -1 -3, towards 0 0 0, 50\n0.4: from 0 -1 -3, towards 0 0 0",
}
PHOTOS = {"images": Link("photos", "images"), "cameras": Link("way", "cameras")}

#: Splats painted from photos of a solid, then pruned (in a group), then moved.
GRAPH = GraphData(
    {
        "solid": NodeData("mesh.primitive", {"detail": 6}),
        "way": NodeData("cameras.keyframes", WAY),
        "photos": NodeData("render.cameras", {}, {"mesh": Link("solid", "mesh"), "cameras": Link("way", "cameras")}),
        "raw": NodeData("splats.from_mesh", {"count": 500}, {"mesh": Link("solid", "mesh")}),
        "painted": NodeData("splats.recolour", {"sh_degree": 0}, {"splats": Link("raw", "splats"), **PHOTOS}),
        "tidy": NodeData("group:tidy", {}, {"splats": Link("painted", "splats")}),
        "moved": NodeData("splats.transform", {}, {"splats": Link("tidy", "splats")}),
    },
    {"tidy": GroupData(
        {"prune": NodeData("splats.prune")}, {"splats": (("prune", "splats"),)}, {"splats": ("prune", "splats")}
    )},
    {name: (300.0 * n, 0.0) for n, name in enumerate(("solid", "way", "photos", "raw", "painted", "tidy", "moved"))},
)  # fmt: skip


@pytest.fixture
def ran(window: MainWindow, run: Run) -> DocumentTab:
    tab = window.open_graph(GRAPH)
    assert run().state == "done", [tab.status(name) for name in GRAPH.nodes]
    return tab


@pytest.mark.parametrize(
    ("node", "found"), [("painted", True), ("tidy/prune", True), ("raw", False), ("moved", False), ("gone", False)]
)  # fmt: skip
def test_the_cameras_are_found_through_links_and_groups(ran: DocumentTab, node: str, found: bool) -> None:
    (way,) = ran.status("way").outputs
    assert cameras_of(ran, node) == (way if found else "")


def test_the_viewer_goes_there(window: MainWindow, ran: DocumentTab, qtbot: QtBot) -> None:
    viewer = window.viewers[0]
    ran.view.show_node("painted")
    qtbot.waitUntil(lambda: isinstance(viewer.value, Splats), timeout=10_000)
    page = viewer.stack.currentWidget()
    assert isinstance(page, ModelView)
    qtbot.waitUntil(lambda: np.allclose(page.viewport.eye.position, [0, -1, -3]), timeout=10_000)


def test_two_scenes_side_by_side_are_seen_as_the_viewer_sees_them(
    window: MainWindow, ran: DocumentTab, qtbot: QtBot
) -> None:
    viewer = window.viewers[0]
    for place, node in enumerate(("raw", "painted")):
        ran.view.show_node(node)
        (digest,) = ran.status(node).outputs
        qtbot.waitUntil(lambda digest=digest: viewer.value is not None and viewer.digest() == digest)
        qtbot.waitUntil(lambda: isinstance(viewer.stack.currentWidget(), ModelView))
        page = viewer.stack.currentWidget()
        assert isinstance(page, ModelView)
        if node == "painted":
            qtbot.waitUntil(lambda page=page: np.allclose(page.viewport.eye.position, [0, -1, -3]))
        viewer.compare.menu().actions()[place].trigger()
    compared = window.docks["compare"].widget()
    assert isinstance(compared, CompareModels)
    for view in compared.views:
        assert np.allclose(view.eye.position, page.viewport.eye.position)
    qtbot.waitUntil(lambda: all(view.box is not None for view in compared.views), timeout=10_000)
    for view in compared.views:
        assert np.allclose(view.eye.position, page.viewport.eye.position), "they are not fitted anew"
