"""The whole window over cheap nodes and a real engine process, and a user's file dialogs that answer at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.catalog import find_nodes
from meshloom.graph_runtime.graph import GraphData, Link, NodeData
from meshloom.ui.running.runs import RunInfo
from meshloom.ui.window.document_tab import DocumentTab
from meshloom.ui.window.main_window import MainWindow
from meshloom.ui.window.viewer import Viewer
from meshloom.ui.window.workbench import make_workbench

from ..hand import click

SAMPLES = Path(__file__).parents[2] / "graph_runtime" / "sample_nodes"

#: Two pictures and a number: quick to compute.
GRAPH = GraphData(
    {
        "dark": NodeData("t.picture", {"side": 64, "level": 0.2}),
        "light": NodeData("t.brighter", {"by": 0.3}, {"image": Link("dark", "image")}),
        "number": NodeData("t.number", {"value": 41}),
        "sum": NodeData("t.add", {"plus": 1}, {"a": Link("number", "value"), "b": Link("number", "value")}),
    },
    {},
    {"dark": (0.0, 0.0), "light": (300.0, 0.0), "number": (0.0, 300.0), "sum": (300.0, 300.0)},
)

Open = Callable[[], MainWindow]


@pytest.fixture
def open_window(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens a window, as the program does at its start; all are closed at the end."""
    monkeypatch.setenv("MESHLOOM_NODES", str(SAMPLES))
    monkeypatch.setenv("MESHLOOM_DEVICE", "cpu")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    made: list[MainWindow] = []

    def open_one() -> MainWindow:
        window = MainWindow(make_workbench(find_nodes(SAMPLES, packs=False)), ask=False)
        window.resize(1400, 900)
        window.show()
        qtbot.waitExposed(window)
        window.activateWindow()
        made.append(window)
        return window

    yield open_one
    for window in made:
        if window.isVisible():
            window.close()
        window.deleteLater()
    made.clear()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def window(open_window: Open) -> MainWindow:
    return open_window()


@pytest.fixture
def tab(window: MainWindow) -> DocumentTab:
    """:data:`GRAPH` in a tab, in view."""
    made = window.open_graph(GRAPH)
    QCoreApplication.processEvents()
    made.view.fit()
    return made


@pytest.fixture
def run(window: MainWindow, qtbot: QtBot) -> Callable[[], RunInfo]:
    """F5, and everything that follows."""

    def go() -> RunInfo:
        ended: list[RunInfo] = []
        window.bench.runs.ended.connect(ended.append)
        assert window.run() is not None
        qtbot.waitUntil(lambda: bool(ended), timeout=30_000)
        window.bench.runs.ended.disconnect(ended.append)
        return ended[0]

    return go


@pytest.fixture
def save_to(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """What the dialog for saving answers."""

    def answer(path: Path) -> None:
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_said, **_more: (str(path), ""))

    return answer


def head(tab: DocumentTab, name: str) -> QPoint:
    """Where on the canvas the title of a node is."""
    shape = tab.view.model.shapes[name]
    return tab.view.mapFromScene(QPointF(shape.x + 60, shape.y + 15))


def choose(tab: DocumentTab, name: str) -> None:
    """Click on a node."""
    click(tab.view.viewport(), head(tab, name))
    assert tab.view.selection == [name]


def shows(viewer: Viewer, qtbot: QtBot, value: object) -> None:
    """Wait until a viewer shows a value: a number as it is, a picture by its mean level."""

    def right() -> bool:
        held = viewer.value
        return held is not None and (
            abs(float(held.pixels.mean()) - float(value)) < 1e-3 if hasattr(held, "pixels") else held == value
        )  # type: ignore[arg-type]

    qtbot.waitUntil(right, timeout=10_000)
