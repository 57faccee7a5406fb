"""The queue over a restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.graph import GraphData, NodeData
from meshloom.ui.running.queue_file import QueueFile
from meshloom.ui.running.runs import Runs

SAMPLES = Path(__file__).parents[2] / "graph_runtime" / "sample_nodes"


@pytest.fixture
def runs(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    monkeypatch.setenv("MESHLOOM_NODES", str(SAMPLES))
    made = Runs()
    yield made
    made.close()


def graph(value: int) -> GraphData:
    return GraphData({"a": NodeData("t.number", {"value": value})})


def test_what_waits_when_the_window_ends_waits_paused_at_the_next_start(
    runs: Runs, tmp_path: Path, qtbot: QtBot
) -> None:
    file = tmp_path / "queue.json"
    kept = QueueFile(runs, file)
    runs.pause(True)
    for value in (1, 2):
        runs.submit("d", graph(value), tmp_path, "w", f"run {value}", deliver=tmp_path / "out")
    kept.close()
    for run in list(runs.queue):
        runs.cancel(run)
    runs.pause(False)

    assert QueueFile(runs, file).restore() == 2
    assert runs.paused and [run.label for run in runs.queue] == ["run 1", "run 2"]
    assert [run.graph for run in runs.queue] == [graph(1), graph(2)]
    assert runs.queue[0].deliver == tmp_path / "out"
    last = runs.queue[-1]
    runs.pause(False)
    qtbot.waitUntil(lambda: last.state == "done", timeout=20_000)
    qtbot.waitUntil(lambda: not file.exists(), timeout=2_000)


@pytest.mark.parametrize("text", ["", "nonsense", "[1, {}]", '[{"graph": "{", "label": "x"}]'])
def test_a_damaged_file_costs_its_entries_and_nothing_else(runs: Runs, tmp_path: Path, text: str) -> None:
    file = tmp_path / "queue.json"
    file.write_text(text)
    assert QueueFile(runs, file).restore() == 0
    assert not runs.paused and runs.queue == []
