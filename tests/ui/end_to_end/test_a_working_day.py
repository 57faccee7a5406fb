"""The window on a real screen, through nothing but keys, mouse and files."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from .conftest import MESHLOOM, Desk, until

SUM = {
    "meshloom": 1,
    "nodes": {
        "one": {"type": "t.number", "with": {"value": 1}},
        "sum": {"type": "t.add", "with": {"plus": 2}, "from": {"a": "one.value", "b": "one.value"}},
    },
}


@pytest.fixture
def workflow(tmp_path: Path) -> Path:
    file = tmp_path / "sum.json"
    file.write_text(json.dumps(SUM))
    return file


def test_add_a_node_drag_it_undo_run_and_close(desk: Desk, workflow: Path) -> None:
    process = desk.start("open", workflow)
    until(lambda: "sum — Meshloom" in desk.titles, "the workflow is not in front")
    desk.hand("mousemove", "--sync", 500, 650)
    assert not desk.kept(), "a graph that was only looked at is kept as if it could be lost"
    name = desk.add_node("Brighter", "t.brighter")
    assert "sum • — Meshloom" in desk.titles

    placed = desk.kept()["view"][name]
    desk.drag((545, 662), (180, 90))
    until(lambda: desk.kept()["view"][name] != placed, "the node did not follow the mouse")
    moved = desk.kept()["view"][name]
    across, down = (moved[k] - placed[k] for k in (0, 1))
    assert across > 30 and down > 15 and abs(across / down - 2) < 0.2

    desk.key("ctrl+z")
    until(lambda: desk.kept()["view"][name] == placed, "Ctrl+Z did not put it back")
    desk.key("ctrl+z")
    until(lambda: "sum — Meshloom" in desk.titles, "the second Ctrl+Z did not take it away")

    desk.key("F5")
    until(desk.runs, "F5 ran nothing")
    (run,) = desk.runs()
    assert (run["state"], run["computed"], run["failed"]) == ("done", 2, 0)
    desk.key("F5")
    until(lambda: len(desk.runs()) == 2, "the second F5 ran nothing")
    assert (desk.runs()[1]["computed"], desk.runs()[1]["reused"]) == (0, 2)

    desk.key("ctrl+q")
    assert process.wait(timeout=20) == 0
    assert json.loads(workflow.read_text()) == SUM


def test_closing_asks_before_work_is_lost(desk: Desk, workflow: Path) -> None:
    process = desk.start("open", workflow)
    until(lambda: "sum — Meshloom" in desk.titles, "the workflow is not in front")
    (window,) = desk.windows("sum — Meshloom")
    desk.add_node("Brighter", "t.brighter")
    alone = desk.shown()
    desk.key("ctrl+q")
    until(lambda: desk.shown() > alone, "nothing was asked")
    desk.key("Escape")
    until(lambda: desk.shown() == alone, "Escape did not send the question away")
    assert process.poll() is None
    desk.hand("windowfocus", "--sync", window)
    desk.key("ctrl+q")
    until(lambda: desk.shown() > alone, "nothing was asked the second time")
    desk.key("Return")  # Save
    assert process.wait(timeout=20) == 0
    assert len(json.loads(workflow.read_text())["nodes"]) == 3


def test_a_file_from_the_file_manager_opens_in_the_window_that_is_open(desk: Desk, workflow: Path) -> None:
    first = desk.start()
    until(lambda: "Meshloom" in desk.titles, "the start page is not in front")
    # What a double click in the file manager starts.
    second = subprocess.run([MESHLOOM, "open", workflow], env=desk.environment, timeout=30)
    assert second.returncode == 0
    until(lambda: "sum — Meshloom" in desk.titles, "the first window did not open it")
    assert len(desk.windows("Meshloom")) == 1 and first.poll() is None
