"""Widgets without a screen, and nothing left behind: threads, timers and windows of a test end with it."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYTEST_QT_API", "pyside6")

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QStandardPaths
from PySide6.QtWidgets import QApplication

from meshloom.graph_runtime.catalog import Catalog, find_nodes
from meshloom.ui import theme, words


@pytest.fixture(scope="session")
def qapp_cls() -> type[QApplication]:
    QStandardPaths.setTestModeEnabled(True)
    return QApplication


@pytest.fixture(scope="session")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """The nodes that come along, without any of the user's."""
    found = find_nodes(user_folder=tmp_path_factory.mktemp("no_nodes"), packs=False)
    for node_id in found:
        assert found.get(node_id) is not None, f"{node_id} cannot be read"
    # What is there for good is not looked through again after each test.
    gc.collect()
    gc.freeze()
    return found


@pytest.fixture(autouse=True)
def clean_window(qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The dark theme in English, folders of its own; afterwards no window and no thread may be left."""
    monkeypatch.setenv("MESHLOOM_VIEWPORT", "cpu")
    for name in ("CACHE", "CONFIG", "DATA"):
        monkeypatch.setenv(f"MESHLOOM_{name}", str(tmp_path / name.lower()))
    words.speak("en")
    if theme.theme() is not theme.DARK or not qapp.styleSheet():
        theme.use("dark", qapp)
    threads = set(threading.enumerate())
    yield
    # Without a screen Qt keeps what was copied until the process ends, when Python, whose object it is, has gone.
    qapp.clipboard().clear()
    for _ in range(3):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        qapp.processEvents()
    gc.collect()
    left = [widget for widget in qapp.topLevelWidgets() if widget.isVisible()]
    for widget in left:  # told once, here, not by every test that follows
        widget.hide()
        widget.deleteLater()
    assert not left, f"windows left open: {left}"
    alive = [thread for thread in threading.enumerate() if thread not in threads and thread.is_alive()]
    for thread in alive:
        thread.join(2.0)
    alive = [thread.name for thread in alive if thread.is_alive()]
    assert not alive, f"threads left running: {alive}"
