"""Work in a process of its own: results, progress, errors, cancelling."""

from __future__ import annotations

import os
import sys
import time

import numpy as np
import pytest

from meshloom.graph_runtime.errors import Cancelled, NodeError
from meshloom.nodes.mesh._apart import run_apart

WORK = """
import os, sys, time
from meshloom.graph_runtime.errors import NodeError

def double(inputs, say):
    print("noise")
    sys.stderr.write("more noise")
    say(0.5, "half")
    return {"doubled": inputs["numbers"] * 2}

def refuse(inputs, say):
    raise NodeError("the numbers are odd", "use even ones")

def fail(inputs, say):
    raise ZeroDivisionError("by nought")

def die(inputs, say):
    sys.stderr.write("last words")
    sys.stderr.flush()
    os._exit(7)

def sleep(inputs, say):
    open(inputs["file"].item(), "w").write(str(os.getpid()))
    time.sleep(60)
"""


@pytest.fixture
def work(tmp_path, monkeypatch):
    """The module above, importable here and in child processes."""
    import importlib

    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "work_apart_example.py").write_text(WORK)
    monkeypatch.syspath_prepend(str(folder))
    yield importlib.import_module("work_apart_example")
    sys.modules.pop("work_apart_example", None)


def test_results_and_progress_come_back_and_noise_does_not(work, run, capfd) -> None:
    found = run_apart(work.double, {"numbers": np.arange(3)}, run, "doubling")
    assert found["doubled"].tolist() == [0, 2, 4]
    assert (0.5, 1.0, "half") in run.progressed
    assert capfd.readouterr() == ("", "")
    assert not list(run.scratch.iterdir())


def test_errors_come_back_as_errors(work, run) -> None:
    with pytest.raises(NodeError, match="odd") as caught:
        run_apart(work.refuse, {}, run, "refusing")
    assert caught.value.hint == "use even ones"
    with pytest.raises(RuntimeError, match=r"failing failed(.|\n)*ZeroDivisionError: by nought"):
        run_apart(work.fail, {}, run, "failing")
    with pytest.raises(RuntimeError, match=r"dying: the process ended with code 7\. last words"):
        run_apart(work.die, {}, run, "dying")


def test_cancelling_ends_the_process_at_once(work, run, tmp_path) -> None:
    mark = tmp_path / "pid"
    began: list[float] = []

    def progress(done: float, total: float = 1.0, message: str = "") -> None:
        if mark.exists() and mark.read_text():
            began.append(time.monotonic())
            raise Cancelled

    run.progress = progress
    with pytest.raises(Cancelled):
        run_apart(work.sleep, {"file": np.array(str(mark))}, run, "sleeping")
    assert time.monotonic() - began[0] < 0.5
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)
