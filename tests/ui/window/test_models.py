"""The window of models as the main window has it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.catalog import find_nodes
from meshloom.ui.models.asking import asking
from meshloom.ui.window.main_window import MainWindow
from meshloom.ui.window.workbench import make_workbench

from ...graph_runtime.models.conftest import home, tiny_original  # noqa: F401
from ..models.conftest import own  # noqa: F401


@pytest.fixture
def whole(qtbot: QtBot, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MainWindow:  # noqa: F811
    """A window with the nodes that come along."""
    monkeypatch.setenv("MESHLOOM_NODES", str(tmp_path / "no_nodes"))
    monkeypatch.setenv("HOME", str(tmp_path))
    window = MainWindow(make_workbench(find_nodes(packs=False)), ask=False)
    qtbot.addWidget(window, before_close_func=lambda each: each.close())
    window.show()
    qtbot.waitExposed(window)
    return window


def models_of(window: MainWindow, qtbot: QtBot, open_it: Callable[[], object]) -> object:
    open_it()
    qtbot.waitUntil(lambda: window.models is not None and bool(window.models.list.rows()), timeout=10_000)
    return window.models


def test_a_model_is_used_in_the_graph_by_a_node_set_to_it(whole: MainWindow, qtbot: QtBot) -> None:
    models = models_of(whole, qtbot, whole.commands["window.models"].trigger)
    assert models.isVisible() and not models.isModal()
    models.list.choose("noise")
    qtbot.mouseClick(models.details.use, Qt.MouseButton.LeftButton)
    tab = whole.tab
    assert tab is not None
    (name,) = tab.document.document.names()
    node = tab.document.document.node(name, "")
    assert (node.type, node.params) == ("models.load", {"source": "noise"})
    assert "noise" in whole.note.text()
    whole.undo()
    whole.undo()
    assert not tab.document.document.names()


def test_a_field_brings_its_model_to_the_front(whole: MainWindow, qtbot: QtBot) -> None:
    models = models_of(whole, qtbot, lambda: asking().wanted.emit("owner/strange"))
    qtbot.waitUntil(lambda: models.details.row is not None and models.details.row.source == "owner/strange")
    asking().wanted.emit("noise")
    qtbot.waitUntil(lambda: models.details.row.source == "noise")


def test_faults_are_kept_in_the_log(whole: MainWindow, qtbot: QtBot) -> None:
    models = models_of(whole, qtbot, whole.show_models)
    with qtbot.waitSignal(models.desk.failed, timeout=30_000):
        models.desk.look_up("Qwen/Qwen-Image-Edit-2511")
    last = whole.log_view.topLevelItem(whole.log_view.topLevelItemCount() - 1)
    assert "cannot be reached" in last.text(2) and "cannot be reached" in whole.note.text()
