"""Ctrl-C, twice, and a polite kill: what is finished is kept, and the exit code says so."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Said

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def slow(workflow: Callable[..., Path]) -> Path:
    return workflow(
        n={"type": "t.number", "with": {"value": 3}},
        s={"type": "t.slow", "with": {"seconds": 60.0}},
        end={"type": "t.add", "from": {"a": "n", "b": "s"}},
    )


def begun(start: Start, node: str, *words: str) -> subprocess.Popen[str]:
    """A run in which ``node`` has just started."""
    process = start("run", "w.json", "--json", *words)
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "NodeStarted" and event["node"] == node:
            return process
    raise AssertionError(process.communicate())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_once_stops_cleanly_and_keeps_what_is_finished(
    start: Start, slow: Path, meshloom: Callable[..., Said], home: Path, number: int
) -> None:
    process = begun(start, "s")
    asked = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - asked < 5
    assert process.returncode == 130
    assert "Traceback" not in err
    events = [json.loads(line) for line in out.splitlines()]
    assert next(event["status"] for event in events if event["event"] == "RunEnded") == "cancelled"
    assert json.loads((home / "output/w/report.json").read_text())["status"] == "cancelled"
    kept = meshloom("run", "w.json", "--only", "n", "--json").events
    assert [event["computed"] for event in kept if event["event"] == "NodeDone"] == [0]
    assert "0 damaged values" in meshloom("cache", "verify").out


def test_twice_leaves_at_once(start: Start, workflow: Callable[..., Path]) -> None:
    workflow(h={"type": "t.hang", "with": {"seconds": 60.0}})
    process = begun(start, "h")
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in err


def test_a_node_that_never_answers_is_left_behind(start: Start, workflow: Callable[..., Path]) -> None:
    workflow(h={"type": "t.hang", "with": {"seconds": 60.0}})
    process = begun(start, "h")
    asked = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert time.monotonic() - asked < 6


def test_a_sweep_stops_with_the_cells_it_has(start: Start, workflow: Callable[..., Path], home: Path) -> None:
    workflow(n={"type": "t.number"}, s={"type": "t.slow", "with": {"seconds": 60.0}, "from": {"mark": "n"}})
    process = begun(start, "s", "--sweep", "s.seconds=0.01,60,61")
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    rows = (home / "output/w/sweep.csv").read_text().splitlines()
    assert [row.split(",")[2] for row in rows[1:]] == ["done", "cancelled"]
