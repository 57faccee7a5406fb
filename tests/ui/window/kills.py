"""A window that somebody works in, killed at random moments again and again, and what is back each time."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

SAMPLES = Path(__file__).parents[2] / "graph_runtime" / "sample_nodes"

#: The real window, and somebody who works in two of its documents. They tell each step before they take it, and
#: what all documents hold once it is finished. ``sys.argv``: a seed.
SOMEBODY = """
import json, random, sys
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from meshloom.graph_runtime.graph import GraphData
from meshloom.graph_runtime.preset import dump, parse
from meshloom.ui import start
from meshloom.ui.window.main_window import MainWindow

chance = random.Random(int(sys.argv[1]))
offer = MainWindow.offer_lost_work
KEYS = [(Qt.Key.Key_D, "ctrl"), (Qt.Key.Key_Z, "ctrl"), (Qt.Key.Key_Z, "both"), (Qt.Key.Key_M, ""),
        (Qt.Key.Key_L, ""), (Qt.Key.Key_J, "ctrl"), (Qt.Key.Key_G, "ctrl"), (Qt.Key.Key_Delete, ""),
        (Qt.Key.Key_N, "shift")]
HELD = {"": Qt.KeyboardModifier.NoModifier, "ctrl": Qt.KeyboardModifier.ControlModifier,
        "shift": Qt.KeyboardModifier.ShiftModifier,
        "both": Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier}

def tell(what, window):
    graphs = [tab.document.snapshot() for tab in window.document_tabs() if not tab.document.is_saved]
    held = [dump(parse(dump(GraphData(dict(sorted(graph.nodes.items())), graph.groups,
                                      dict(sorted(graph.view.items())), graph.extras)).encode())) for graph in graphs]
    print(json.dumps([what, sorted(held)]), flush=True)

def add(tab, name):
    QTest.keyClick(tab.view, Qt.Key.Key_Tab)
    if tab._palette is None or not tab._palette.isVisible():
        return
    QTest.keyClicks(tab._palette.line, name)
    QTest.keyClick(tab._palette.line, Qt.Key.Key_Return)

def step(window):
    tab = chance.choice(window.document_tabs())
    window.tabs.setCurrentWidget(tab)
    window.activateWindow()  # offscreen, it is not so by itself once the palette has closed
    QTest.qWaitForWindowActive(window)
    tab.view.setFocus()
    if not tab.view.hasFocus():
        QTimer.singleShot(10, window, lambda: step(window))
        return
    print(json.dumps(["begins", []]), flush=True)
    shapes = list(tab.view.model.shapes)
    if len(shapes) > 30:
        tab.view.select(shapes[5:])
        QTest.keyClick(tab.view, Qt.Key.Key_Delete)
    elif len(shapes) < 3 or chance.random() < 0.4:
        add(tab, chance.choice(("number", "picture", "add", "brighter")))
    else:
        tab.view.select([chance.choice(shapes)])
        key, held = chance.choice(KEYS)
        QTest.keyClick(tab.view, key, HELD[held])
    tell("finished", window)
    QTimer.singleShot(chance.randrange(40, 160), window, lambda: step(window))

def begin(window):
    while len(window.document_tabs()) < 2:
        window.new()
    window.activateWindow()
    QTest.qWaitForWindowActive(window)
    step(window)

def offer_and_begin(window):
    offer(window)
    tell("back", window)
    QTimer.singleShot(50, window, lambda: begin(window))

MainWindow.offer_lost_work = offer_and_begin
sys.exit(start.open_window())
"""


@dataclass(frozen=True)
class Kill:
    """``finished``: steps that were finished when it came. ``back``: "all", "all but the last", or what was lost."""

    finished: int
    back: str


class Life:
    """A window from its start to its violent end."""

    def __init__(self, folder: Path, seed: int) -> None:
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_LOGGING_RULES": "*=false"}
        environment |= {
            f"MESHLOOM_{name}": str(folder / name.lower()) for name in ("CACHE", "CONFIG", "DATA")
        }
        environment |= {"MESHLOOM_NODES": str(SAMPLES), "MESHLOOM_DEVICE": "cpu", "HOME": str(folder)}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", SOMEBODY, str(seed)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.told: list[tuple[str, list[str]]] = []
        self._reader = threading.Thread(target=self._read, name="reader")
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.endswith("\n"):  # the last may be cut off by the kill
                what, held = json.loads(line)
                self.told.append((what, held))

    def wait_for(self, what: str, count: int = 1, seconds: float = 40) -> None:
        until = time.monotonic() + seconds
        while sum(said == what for said, _held in self.told) < count:
            if self._process.poll() is not None or time.monotonic() > until:
                assert self._process.stderr is not None
                self.end()
                raise RuntimeError(f"nobody tells {what!r}: {self._process.stderr.read()[-2000:]}")
            time.sleep(0.005)

    def end(self) -> None:
        """SIGKILL: no farewell."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def close(self) -> None:
        self.end()
        assert self._process.stderr is not None
        self._process.stderr.close()

    @property
    def back(self) -> list[str]:
        """What was there again at the start."""
        return next(held for what, held in self.told if what == "back")


def _verdict(before: Life, back: list[str]) -> str:
    states = [held for what, held in before.told if what != "begins"]
    if back == states[-1]:
        return "all"
    if before.told[-1][0] == "begins":  # killed within a step: it may be there already, though nobody told
        known = [text for text in back if text in states[-1]]
        if len(known) >= len(states[-1]) - 1 and abs(len(back) - len(states[-1])) <= 1:
            return "all"
    if len(states) > 1 and back == states[-2]:
        return "all but the last"
    for age, held in enumerate(reversed(states)):
        if back == held:
            return f"LOST {age} steps"
    told = "\n---\n".join(["LOST, or never seen so", *states[-1], "BACK", *back])
    return told


def kill_again(times: int, folder: Path, seed: int = 1) -> list[Kill]:
    """Kill the window so often, each time when somebody is in the middle of work on what was back."""
    chance = random.Random(seed)
    found: list[Kill] = []
    life = Life(folder, seed)
    try:
        for turn in range(times):
            life.wait_for("finished", chance.randrange(2, 9))
            time.sleep(chance.uniform(0.0, 0.2))
            life.end()
            after = Life(folder, seed + turn + 1)
            before, life = life, after
            life.wait_for("back")
            steps = sum(what == "finished" for what, _held in before.told)
            found.append(Kill(steps, _verdict(before, life.back)))
            before.close()
    finally:
        life.close()
    return found


def main() -> None:
    """``TIMES SEED`` on the command line: what was back, as JSON."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        found = kill_again(int(sys.argv[1]), Path(place), int(sys.argv[2]))
    print(json.dumps([[each.finished, each.back] for each in found]))
