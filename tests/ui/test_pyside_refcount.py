"""PySide6 gives back as many references to None as it takes.

PySide6 6.12 on Python before 3.12 drops one with every call of Qt that returns nothing; after some five thousand
Python ends with "Fatal Python error: none_dealloc". pip installs the two together without a word, so
pyproject.toml bounds PySide6, and this holds that what is installed is well: each kind of call that the window
makes all day, two hundred thousand in all, in a process of its own that may end as it likes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

#: More than the references to None that Python starts with, so that losing one each time ends the process.
TIMES = 40_000

CALLS = """
import json, sys
from PySide6.QtCore import QEvent, QObject, QRectF, Signal
from PySide6.QtGui import QPaintEvent, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QGraphicsRectItem, QWidget

class Speaker(QObject):
    said = Signal(int)

class Listener(QWidget):
    def hear(self, number):
        return None
    def event(self, event):
        return super().event(event)
    def customEvent(self, event):
        return None

application = QApplication([])
speaker, listener, item = Speaker(), Listener(), QGraphicsRectItem()
speaker.said.connect(listener.hear)
hush = Speaker()
hush.said.connect(lambda number: None)
event, rect = QEvent(QEvent.Type.User), QRectF(0, 0, 1, 1)
ways = {
    "a Qt method that returns nothing": lambda: item.setPos(1, 2),
    "a signal to a method": lambda: speaker.said.emit(1),
    "a signal to a function": lambda: hush.said.emit(1),
    "a virtual method that Python overrides": lambda: QApplication.sendEvent(listener, event),
    "an optional argument left to be None": lambda: listener.setParent(None),
}
for name, call in ways.items():
    for _ in range(100):
        call()
    before = sys.getrefcount(None)
    for _ in range(TIMES):
        call()
    print(json.dumps([name, sys.getrefcount(None) - before]), flush=True)
"""


def test_no_call_of_qt_loses_a_reference_to_none() -> None:
    code = CALLS.replace("TIMES", str(TIMES))
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    lost = [json.loads(line) for line in run.stdout.splitlines()]
    assert run.returncode == 0, f"{run.stderr[-600:]}\nbefore it ended: {lost}"
    assert len(lost) == 5
    # Python's own bookkeeping moves by a few; a fault moves by one each time. From 3.12 on None is immortal.
    assert [name for name, change in lost if abs(change) > TIMES // 100] == []


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal from Python 3.12 on")
def test_this_test_would_see_a_lost_reference() -> None:
    """The same loop over a call that does lose one."""
    code = (
        "import ctypes, sys\n"
        "lose = ctypes.pythonapi.Py_DecRef\n"
        "lose.argtypes = [ctypes.py_object]\n"
        "before = sys.getrefcount(None)\n"
        "for _ in range(500): lose(None)\n"
        "print(sys.getrefcount(None) - before, flush=True)\n"
        "for _ in range(100_000): lose(None)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert int(run.stdout) < -400
    assert run.returncode != 0


def test_the_bad_pair_cannot_be_asked_for() -> None:
    """With our bounds pip does not put PySide6 6.12 beside an older Python."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    needs = [Requirement(line) for line in project["project"]["optional-dependencies"]["app"]]
    for python in ("3.11", "3.12"):
        (need,) = [
            each
            for each in needs
            if each.name == "PySide6"
            and (each.marker is None or each.marker.evaluate({"python_version": python}))
        ]
        assert need.specifier.contains("6.12.0") is (python == "3.12")
