"""When the world is not as it should be: a clear message, nothing lost, and the window goes on."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.catalog import find_nodes
from meshloom.graph_runtime.graph import GraphData, Link, NodeData
from meshloom.graph_runtime.preset import parse, read_workflow
from meshloom.ui.running.runs import RunInfo
from meshloom.ui.window.document_tab import DocumentTab
from meshloom.ui.window.main_window import MainWindow
from meshloom.ui.window.viewer import Viewer
from meshloom.ui.window.workbench import make_workbench

from ..hand import click, drop
from .conftest import SAMPLES, head

Run = Callable[[], RunInfo]
CTRL = Qt.KeyboardModifier.ControlModifier


def log_of(window: MainWindow) -> str:
    view = window.log_view
    return "\n".join(view.topLevelItem(row).toolTip(2) for row in range(view.topLevelItemCount()))


def nothing_lost(tab: DocumentTab, graph: GraphData) -> bool:
    """The graph is still open, marked as not saved, and kept for recovery as it is."""
    tab.recovery.flush()
    kept = parse(tab.recovery.file.read_text(encoding="utf-8").partition("\n")[2].encode())
    return tab.document.snapshot() == graph == kept and not tab.document.is_saved


# ------------------------------------------------------------------------------------------ workflow files


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("broken.json", b'{"meshloom": 1, "nodes": {"a": ', "line 1, column"),
        ("newer.json", b'{"meshloom": 99, "nodes": {}}', "newer"),
        ("list.json", b"[1, 2, 3]", "no workflow"),
        ("other.json", b'{"answer": 42}', "meshloom"),
        ("binary.json", bytes(range(256)), "no workflow"),
        ("empty.json", b"", "no workflow"),
    ],
)
def test_a_file_that_is_no_workflow_is_refused_with_its_reason(
    window: MainWindow, tab: DocumentTab, tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert drop(window, [tmp_path / name])
    assert window.document_tabs() == [tab]
    assert window.note.text() == f"{name} cannot be opened"
    assert words in log_of(window)
    assert (tmp_path / name).read_bytes() == content
    assert str(tmp_path / name) not in window.bench.settings.choices.recent


def test_the_reason_stands_in_a_box_that_waits_for_nobody(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / "newer.json").write_bytes(b'{"meshloom": 99, "nodes": {}}')
    window.asks = True
    assert window.open_path(tmp_path / "newer.json") is None
    (box,) = [each for each in QApplication.topLevelWidgets() if isinstance(each, QMessageBox)]
    assert box.isVisible() and box.text() == "newer.json cannot be opened"
    assert "99" in box.informativeText() and "newer" in box.informativeText()
    qtbot.keyClick(box, Qt.Key.Key_Escape)
    window.asks = False
    assert not box.isVisible()


def test_a_recent_file_that_is_gone_by_now(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    file = tmp_path / "gone.json"
    file.write_text('{"meshloom": 1, "nodes": {}}')
    window.bench.settings.remember(file)
    window.show_start_page()
    recent = window.start_page.recent
    assert [card.title for card in recent.cards()] == ["gone"]
    file.unlink()
    qtbot.keyClick(recent, Qt.Key.Key_Return)
    assert window.document_tabs() == [] and window.note.text() == "gone.json cannot be opened"
    assert "does not exist" in log_of(window)
    window.show_start_page()
    assert recent.cards() == []


# -------------------------------------------------------------------------------------------------- nodes


def test_nodes_that_cannot_be_loaded_are_named_and_the_others_work(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "broken.py").write_text("import no_such_library\n")
    shutil.copy(SAMPLES / "t" / "number.py", mine / "fine.py")
    monkeypatch.setenv("MESHLOOM_NODES", str(mine))
    graph = tmp_path / "graph.json"
    graph.write_text('{"meshloom": 1, "nodes": {"a": {"type": "user.broken"}, "b": {"type": "user.fine"}}}')
    window = MainWindow(make_workbench(find_nodes(packs=False)), ask=False)
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=2000)
    try:
        tab = window.open_path(graph)
        assert tab is not None and tab.view.model.shapes["a"].ghost and not tab.view.model.shapes["b"].ghost
        assert "broken.py" in window.note.text() and "no_such_library" in log_of(window)
        window.note.clear()
        qtbot.keyClick(tab.view, Qt.Key.Key_Tab)
        assert tab._palette is not None
        qtbot.keyClicks(tab._palette.line, "number")
        assert "user.fine" in [choice.listing.id for choice in tab._palette.choices("number")]
        qtbot.keyClick(tab._palette.line, Qt.Key.Key_Escape)
        assert window.note.text() == ""  # told once is enough
        assert tab.document.snapshot().nodes["a"].type == "user.broken"
    finally:
        window.close()


# ------------------------------------------------------------------------------------------------ results


LARGE = GraphData({"photo": NodeData("t.picture", {"side": 200, "level": 0.25})})


def _cache_files(tmp_path: Path) -> list[Path]:
    found = [file for file in (tmp_path / "cache").rglob("*") if file.is_file()]
    return [file for file in found if file.stat().st_size > 100_000 and "index" not in file.name]


@pytest.mark.parametrize("how", ["gone", "damaged"])
def test_a_result_that_is_gone_or_damaged_is_told_and_made_again(
    window: MainWindow, run: Run, tmp_path: Path, qtbot: QtBot, how: str
) -> None:
    tab = window.open_graph(LARGE)
    assert run().state == "done"
    files = _cache_files(tmp_path)
    assert files
    for file in files:
        if how == "gone":
            file.unlink()
        else:
            held = bytearray(file.read_bytes())
            held[len(held) // 2] ^= 1
            file.write_bytes(held)
    viewer: Viewer = window.viewers[0]
    tab.view.select(["photo"])
    qtbot.waitUntil(lambda: "no longer in the cache" in viewer.message.text(), timeout=8000)
    assert "Run the graph" in viewer.message.text() and viewer.value is None
    assert run().state == "done"
    qtbot.waitUntil(lambda: viewer.value is not None, timeout=8000)
    assert float(viewer.value.pixels.mean()) == pytest.approx(0.25, abs=0.01)


# ------------------------------------------------------------------------------------------------- saving


@contextlib.contextmanager
def disk_full() -> Iterator[None]:
    """No file may grow beyond a few bytes, as on a disk with no more room."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


@pytest.fixture
def saved(
    window: MainWindow, tab: DocumentTab, tmp_path: Path, qtbot: QtBot
) -> tuple[Path, bytes, GraphData]:
    """A document with a file, changed since: the file, what is in it, and the graph now."""
    folder = tmp_path / "work"
    folder.mkdir()
    file = folder / "graph.json"
    assert window.files.write(tab, file)
    click(tab.view.viewport(), head(tab, "sum"))
    qtbot.keyClick(tab.view, Qt.Key.Key_M)
    tab.recovery.flush()
    return file, file.read_bytes(), tab.document.snapshot()


def _save_fails(window: MainWindow, tab: DocumentTab, qtbot: QtBot, graph: GraphData) -> None:
    qtbot.keyClick(tab.view, Qt.Key.Key_S, CTRL)
    assert window.note.text() == "graph.json was not saved"
    assert "Nothing is lost" in log_of(window)
    assert nothing_lost(tab, graph)
    assert "•" in window.windowTitle()


def test_a_full_disk_leaves_the_old_file_whole(
    window: MainWindow, tab: DocumentTab, saved: tuple[Path, bytes, GraphData], qtbot: QtBot, tmp_path: Path
) -> None:
    file, held, graph = saved
    with disk_full():
        _save_fails(window, tab, qtbot, graph)
    assert file.read_bytes() == held and list(file.parent.iterdir()) == [file]
    for copy in (tmp_path / "data" / "backups").rglob("*.json"):
        assert read_workflow(copy)  # no half copy passes for a whole one
    qtbot.keyClick(tab.view, Qt.Key.Key_S, CTRL)
    assert tab.document.is_saved and file.read_bytes() != held


def test_a_folder_that_is_gone(
    window: MainWindow, tab: DocumentTab, saved: tuple[Path, bytes, GraphData], qtbot: QtBot
) -> None:
    file, _held, graph = saved
    shutil.rmtree(file.parent)
    _save_fails(window, tab, qtbot, graph)
    file.parent.mkdir()
    qtbot.keyClick(tab.view, Qt.Key.Key_S, CTRL)
    assert tab.document.is_saved and file.is_file()


def test_a_folder_that_became_a_file(
    window: MainWindow, tab: DocumentTab, saved: tuple[Path, bytes, GraphData], qtbot: QtBot
) -> None:
    file, _held, graph = saved
    shutil.rmtree(file.parent)
    file.parent.write_text("no folder")
    _save_fails(window, tab, qtbot, graph)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_may_not_be_written(
    window: MainWindow, tab: DocumentTab, saved: tuple[Path, bytes, GraphData], qtbot: QtBot
) -> None:
    file, held, graph = saved
    file.parent.chmod(0o500)
    try:
        _save_fails(window, tab, qtbot, graph)
        assert "ermission denied" in log_of(window) and file.read_bytes() == held
    finally:
        file.parent.chmod(0o700)


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="needs a folder where nobody may write")
def test_a_place_where_nobody_may_write(
    window: MainWindow, tab: DocumentTab, save_to: Callable[[Path], None], qtbot: QtBot
) -> None:
    click(tab.view.viewport(), head(tab, "sum"))
    qtbot.keyClick(tab.view, Qt.Key.Key_M)
    save_to(Path("/proc/graph.json"))
    _save_fails(window, tab, qtbot, tab.document.snapshot())
    assert tab.document.path is None


# ------------------------------------------------------------------------------------------------- engine


def test_the_engine_killed_during_a_run(window: MainWindow, run: Run, qtbot: QtBot) -> None:
    graph = GraphData(
        {
            "number": NodeData("t.number", {"value": 3}),
            "photo": NodeData("t.picture", {"side": 64}),
            "slow": NodeData("t.slow", {"seconds": 8.0}, {"mark": Link("number", "value")}),
        }
    )
    tab = window.open_graph(graph)
    runs = window.bench.runs
    window.run()
    qtbot.waitUntil(
        lambda: (
            {name: status.state for name, status in runs.statuses(tab.key).items()}
            == {"number": "done", "photo": "done", "slow": "running"}
        ),
        timeout=20_000,
    )
    # The engine gathers cheap results before it writes them: seen here, it is on the disk.
    tab.view.select(["photo"])
    qtbot.waitUntil(lambda: window.viewers[0].value is not None, timeout=8000)
    tab.view.select(["slow"])
    qtbot.waitUntil(lambda: window.viewers[0].value is None, timeout=8000)
    with qtbot.waitSignals([runs.engine_lost, runs.ended], timeout=5000):
        os.kill(runs.engine.pid, signal.SIGKILL)
    status = tab.status("slow")
    assert status.state == "failed" and "engine" in status.message and status.hint
    assert "slow" in window.note.text() and "safe" in window.note.text()
    assert window.docks["log"].isVisible() and "slow" in log_of(window)
    assert not window.progress.isVisible()
    tab.view.select(["photo"])  # what was finished can still be looked at
    qtbot.waitUntil(lambda: window.viewers[0].value is not None, timeout=8000)
    again = run()
    assert (again.state, again.reused, again.computed) == ("done", 2, 1)
    assert tab.status("slow").state == "done" and tab.document.snapshot() == graph


# ------------------------------------------------------------------------------------------ display scale

#: Opens the window over the sample graph and keeps a picture of it. Tells the ratio, and what is cut off.
PICTURE = """
import sys
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel
from meshloom.graph_runtime.catalog import find_nodes
from meshloom.graph_runtime.preset import read_workflow
from meshloom.ui import theme, words
from meshloom.ui.window.main_window import MainWindow
from meshloom.ui.window.workbench import make_workbench
from pathlib import Path

application = QApplication(["meshloom"])
words.speak("en")
theme.use("dark", application)
window = MainWindow(make_workbench(find_nodes(Path(sys.argv[2]), packs=False)), ask=False)
window.resize(1280, 860)
window.show()
tab = window.open_path(Path(sys.argv[3]))
for _turn in range(20):
    application.processEvents()
tab.view.fit()
tab.view.select(["light"])
for _turn in range(20):
    application.processEvents()
window.note.setText("")
window.grab().save(sys.argv[1])
cut = []
for kind in (QLabel, QAbstractButton):
    for each in window.findChildren(kind):
        if each.isVisible() and each.text() and not (kind is QLabel and each.wordWrap()):
            if each.minimumWidth() != 1 and each.width() + 1 < each.minimumSizeHint().width():
                cut.append(each.text())
print(window.devicePixelRatio(), cut)
window.close()
"""


def _picture(folder: Path, scale: float) -> tuple[np.ndarray, str]:
    environment = {**os.environ, "QT_SCALE_FACTOR": str(scale), "QT_QPA_PLATFORM": "offscreen"}
    environment |= {f"MESHLOOM_{name}": str(folder / name.lower()) for name in ("CACHE", "CONFIG", "DATA")}
    graph = folder / "graph.json"
    file = folder / "window.png"
    words = [sys.executable, "-c", PICTURE, str(file), str(SAMPLES), str(graph)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    image = QImage(str(file)).convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width()].astype(np.float32), done.stdout.strip()


def test_at_any_scale_the_window_is_sharp_and_whole(tmp_path: Path) -> None:
    from meshloom.graph_runtime.preset import save_workflow

    from .conftest import GRAPH

    cv2 = pytest.importorskip("cv2")
    pictures = {}
    for scale in (1.0, 1.5, 2.0):
        folder = tmp_path / str(scale)
        folder.mkdir()
        save_workflow(GRAPH, folder / "graph.json")
        pictures[scale], said = _picture(folder, scale)
        assert said == f"{scale} []", f"cut off at {scale}: {said}"
    plain = pictures[1.0]
    height, width = plain.shape
    assert (width, height) == (1280, 860)
    for scale in (1.5, 2.0):
        held = pictures[scale]
        assert held.shape == (round(height * scale), round(width * scale))
        smaller = cv2.resize(held, (width, height), interpolation=cv2.INTER_AREA)
        # The same window: things are where they were ...
        blurred = [cv2.GaussianBlur(each, (0, 0), 6) for each in (plain, smaller)]
        assert np.abs(blurred[0] - blurred[1]).max() < 60
        assert np.abs(blurred[0] - blurred[1]).mean() < 1.5
        # ... and painted for the screen, not enlarged: the edges are as hard as at the usual scale.
        enlarged = cv2.resize(plain, held.shape[::-1], interpolation=cv2.INTER_LINEAR)
        edges = [float(np.mean(np.abs(np.diff(each, axis=1)) > 60)) for each in (held, enlarged)]
        assert edges[0] > 1.5 * edges[1]
