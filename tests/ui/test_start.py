"""Starting the window as people do, with processes of its own: one window, no display, work that was not saved."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from meshloom.ui import start

MESHLOOM = Path(sys.executable).with_name("meshloom")

#: The window itself, with somebody in it who, as soon as it is open, tells what lies open and, asked to, types
#: a node into the palette. ``sys.argv``: where to tell it, and the node.
SOMEBODY = """
import json, sys
from pathlib import Path
from PySide6.QtCore import QTimer, Qt
from PySide6.QtTest import QTest
from meshloom.ui import start
from meshloom.ui.window.main_window import MainWindow

told, node = Path(sys.argv[1]), sys.argv[2]
offer = MainWindow.offer_lost_work

def act(window):
    if node:
        tab = window.new()
        window.activateWindow()
        QTest.qWaitForWindowActive(window)
        QTest.keyClick(tab.view, Qt.Key.Key_Tab)
        palette = tab._palette
        QTest.keyClicks(palette.line, node)
        QTest.keyClick(palette.line, Qt.Key.Key_Return)
        tab.recovery.flush()
    open_now = [sorted(tab.document.document.names()) for tab in window.document_tabs()]
    told.with_suffix(".part").write_text(json.dumps({"open": open_now, "note": window.note.text()}))
    told.with_suffix(".part").rename(told)

def offer_and_act(window):
    offer(window)
    QTimer.singleShot(0, window, lambda: act(window))

MainWindow.offer_lost_work = offer_and_act
sys.exit(start.open_window())
"""

Launch = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def launch() -> Iterator[Launch]:
    """Start a process without a screen; none outlives the test."""
    begun: list[subprocess.Popen[str]] = []

    def start_one(*words: str | Path, **changed: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", **changed}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        begun.append(subprocess.Popen(words, env=environment, **pipes))  # type: ignore[call-overload]
        return begun[-1]

    yield start_one
    for process in begun:
        process.kill()
        process.communicate()


def until(holds: Callable[[], bool], what: str, seconds: float = 30) -> None:
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, what
        time.sleep(0.05)


def remembered(tmp_path: Path) -> list[str]:
    """The recent files that windows of this test have written down, newest first."""
    try:
        return list(json.loads((tmp_path / "config" / "settings.json").read_text())["recent"])
    except (OSError, ValueError, KeyError):
        return []


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    made = [tmp_path / "one.json", tmp_path / "zwei Äpfel.json"]
    for file in made:
        file.write_text('{"meshloom": 1, "nodes": {"a": {"type": "number.value", "with": {"number": 2}}}}')
    return made


def test_a_second_start_hands_its_file_to_the_first_window(
    launch: Launch, files: list[Path], tmp_path: Path
) -> None:
    first = launch(MESHLOOM, "open", files[0])
    until(lambda: start.hand_over([]), "the first window does not answer")
    until(lambda: str(files[0]) in remembered(tmp_path), "the first file was not opened")
    begun = time.monotonic()
    second = launch(MESHLOOM, "open", files[1])
    said, trouble = second.communicate(timeout=30)
    assert (second.returncode, said) == (0, ""), trouble
    assert time.monotonic() - begun < 10
    until(lambda: remembered(tmp_path)[:1] == [str(files[1])], "the first window did not open it")
    assert first.poll() is None
    third = launch(MESHLOOM)
    third.communicate(timeout=30)
    assert third.returncode == 0 and first.poll() is None


def test_another_user_folder_is_another_window(launch: Launch, files: list[Path], tmp_path: Path) -> None:
    launch(MESHLOOM)
    until(lambda: start.hand_over([]), "the first window does not answer")
    other = launch(MESHLOOM, MESHLOOM_DATA=str(tmp_path / "other"), MESHLOOM_STARTED="1")
    assert other.communicate(timeout=30)[0] == "started\n"
    assert other.returncode == 0


def test_a_window_that_was_killed_leaves_its_place_free(launch: Launch) -> None:
    first = launch(MESHLOOM)
    until(lambda: start.hand_over([]), "the first window does not answer")
    first.kill()
    first.wait()
    second = launch(MESHLOOM, MESHLOOM_STARTED="1")
    assert second.communicate(timeout=30)[0] == "started\n"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a display")
@pytest.mark.parametrize(
    ("display", "words"), [("", "there is no display"), (":4711", "display :4711 does not answer")]
)
def test_without_a_display_it_says_so(launch: Launch, display: str, words: str) -> None:
    nowhere = {"DISPLAY": display, "WAYLAND_DISPLAY": "", "QT_QPA_PLATFORM": ""}
    process = launch(MESHLOOM, **nowhere)
    said, trouble = process.communicate(timeout=30)
    assert (process.returncode, said) == (2, "")
    assert words in trouble and "meshloom --help" in trouble
    assert len(trouble.splitlines()) == 2


def test_work_of_a_killed_window_is_there_at_the_next_start(launch: Launch, tmp_path: Path) -> None:
    def lives(name: str, node: str) -> subprocess.Popen[str]:
        process = launch(sys.executable, "-c", SOMEBODY, tmp_path / name, node, QT_LOGGING_RULES="*=false")
        until(
            lambda: (tmp_path / name).exists() or process.poll() is not None, f"{name}: nobody in the window"
        )
        assert (tmp_path / name).exists(), process.communicate()[1]
        return process

    def told(name: str) -> dict[str, object]:
        return dict(json.loads((tmp_path / name).read_text()))

    killed = lives("first", "Resize")
    (lost,) = told("first")["open"]  # type: ignore[misc]
    assert len(lost) == 1 and "resize" in lost[0]
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    after = lives("second", "")
    assert told("second")["open"] == [lost]
    assert "Recovered" in str(told("second")["note"])
    after.send_signal(signal.SIGTERM)  # the machine shuts down: still nothing is lost, and nothing doubled
    assert after.wait(timeout=30) == 130
    lives("third", "")
    assert told("third")["open"] == [lost]


def test_ctrl_c_in_the_terminal_ends_it(launch: Launch) -> None:
    process = launch(MESHLOOM)
    until(lambda: start.hand_over([]), "the window does not answer")
    process.send_signal(signal.SIGINT)
    _said, trouble = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in trouble
