"""Runs through the real engine process: its events, its death, the queue."""

from __future__ import annotations

import base64
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QBuffer, QByteArray
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.graph import GraphData, Link, NodeData
from meshloom.ui.running.results import Results
from meshloom.ui.running.runs import RunInfo, Runs
from meshloom.ui.running.status import NodeStatus

SAMPLES = Path(__file__).parents[2] / "graph_runtime" / "sample_nodes"

Go = Callable[..., RunInfo]


@pytest.fixture
def runs(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    monkeypatch.setenv("MESHLOOM_NODES", str(SAMPLES))
    monkeypatch.setenv("MESHLOOM_DEVICE", "cpu")
    made = Runs()
    yield made
    made.close()


def graph(**nodes: tuple[Any, ...]) -> GraphData:
    made = {}
    for name, (type_, *rest) in nodes.items():
        links = {
            key: Link(held, "image" if key == "image" else "value")
            for key, held in (rest[1:] or [{}])[0].items()
        }
        made[name] = NodeData(type_, rest[0] if rest else {}, links)
    return GraphData(made)


@pytest.fixture
def go(runs: Runs, tmp_path: Path, qtbot: QtBot) -> Go:
    """Run a graph to its end."""

    def run(held: GraphData, wait: bool = True, **options: Any) -> RunInfo:
        made = runs.submit("d", held, tmp_path, "w", **options)
        if wait:
            qtbot.waitUntil(lambda: made.state not in ("waiting", "running"), timeout=20_000)
        return made

    return run


def test_a_run_tells_how_each_node_stands(runs: Runs, go: Go, qtbot: QtBot) -> None:
    held = graph(a=("t.number", {"value": 3}), s=("t.slow", {"seconds": 0.3}), p=("t.picture",),
                 sum=("t.add", {}, {"a": "a", "b": "s"}))  # fmt: skip
    seen: list[tuple[str, NodeStatus]] = []
    runs.status_changed.connect(lambda document, node, status: seen.append((node, status)))
    run = go(held)
    assert (run.state, run.nodes, run.computed, run.reused) == ("done", 4, 4, 0)
    states = [status.state for node, status in seen if node == "s"]
    assert states[0] == "running" and states[-1] == "done"
    assert any(0 < status.done < 1 for node, status in seen if node == "s")
    assert runs.statuses("d")["sum"].why == "has not run in this workflow before"
    qtbot.waitUntil(lambda: runs.statuses("d")["p"].thumbnail is not None)
    again = go(held)
    assert (again.computed, again.reused) == (0, 4) and again.thumbnail is not None
    assert runs.statuses("d")["s"].state == "cached"


def test_the_picture_of_a_run_is_that_of_its_result(tmp_path: Path) -> None:
    held = graph(a=("t.picture",), b=("image.invert", {}, {"image": "a"}))
    made, between = QImage(2, 2, QImage.Format.Format_RGB888), QImage(3, 3, QImage.Format.Format_RGB888)
    run = RunInfo(1, "d", "", held, tmp_path, "w")
    run.picture_of("a", between)
    assert run.thumbnail is between, "until there is a better one"
    run.picture_of("b", made)
    run.picture_of("a", between)
    assert run.thumbnail is made
    part = RunInfo(2, "d", "", held, tmp_path, "w", targets=("a",))
    part.picture_of("a", between)
    part.picture_of("b", made)
    assert part.thumbnail is between


def test_a_result_can_be_read_as_soon_as_it_is_told(runs: Runs, go: Go, qtbot: QtBot) -> None:
    go(graph(p=("t.picture", {"side": 300})))
    results = Results()
    (name,) = runs.statuses("d")["p"].outputs
    with qtbot.waitSignal(results.loaded, timeout=5000) as told:
        results.want(name)
    assert told.args[0] == name and told.args[1].pixels.shape == (300, 300, 3)
    with qtbot.waitSignal(results.failed, timeout=8000) as told:
        results.want("0" * 40)
    assert "no longer" in told.args[1]
    results.close()


def test_a_failure_names_the_node_and_what_to_do(runs: Runs, go: Go) -> None:
    logged: list[tuple[str, ...]] = []
    runs.logged.connect(lambda *said: logged.append(said))
    run = go(graph(n=("t.number",), b=("t.fail", {}, {"a": "n"}), c=("t.add", {}, {"a": "b", "b": "n"})))
    status = runs.statuses("d")["b"]
    assert run.state == "failed"
    assert (status.state, status.message, status.hint) == (
        "failed",
        "the number is cursed",
        "use another number",
    )
    assert "NodeError" in status.details
    assert runs.statuses("d")["c"].state == "skipped"
    assert ("error", "d", "b", "the number is cursed; use another number") in logged


def test_a_graph_with_problems_says_where(runs: Runs, go: Go) -> None:
    run = go(graph(p=("t.parity",), x=("no.such",)))
    assert run.state in ("failed", "refused", "done")
    assert runs.statuses("d")["p"].message.startswith("is not connected")
    assert "no node is called" in runs.statuses("d")["x"].message


def test_cancel_stops_and_keeps_what_is_finished(runs: Runs, go: Go, qtbot: QtBot) -> None:
    held = graph(a=("t.number", {"value": 8}), s=("t.slow", {"seconds": 30.0}))
    run = go(held, wait=False)
    qtbot.waitUntil(lambda: runs.statuses("d").get("s", NodeStatus()).state == "running", timeout=10_000)
    with qtbot.waitSignal(runs.ended, timeout=2000):
        runs.cancel()
    assert run.state == "cancelled"
    assert runs.statuses("d")["a"].state == "done"
    assert runs.statuses("d")["s"].state == "stale"


def test_the_queue_is_paused_reordered_and_emptied(runs: Runs, go: Go, qtbot: QtBot) -> None:
    runs.pause(True)
    made = [go(graph(a=("t.number", {"value": value})), wait=False, label=str(value)) for value in range(3)]
    assert [run.label for run in runs.queue] == ["0", "1", "2"] and runs.current is None
    runs.move(made[2], 0)
    runs.cancel(made[1])
    order: list[str] = []
    runs.began.connect(lambda run: order.append(run.label))
    runs.pause(False)
    qtbot.waitUntil(lambda: runs.current is None and not runs.queue, timeout=15_000)
    assert order == ["2", "0"] and made[1].state == "cancelled"


def test_a_crash_in_a_node_costs_only_that_run(runs: Runs, go: Go, qtbot: QtBot) -> None:
    lost: list[str] = []
    runs.engine_lost.connect(lost.append)
    run = go(graph(a=("t.number", {"value": 5}), c=("t.crash", {}, {"mark": "a"})))
    assert run.state == "failed"
    assert "ran: c." in lost[0] and "safe" in lost[0]
    assert "SIGSEGV" in runs.statuses("d")["c"].details or "Segmentation" in runs.statuses("d")["c"].details
    again = go(graph(a=("t.number", {"value": 6})))
    assert again.state == "done"


def test_the_engine_killed_from_outside_is_told_and_the_queue_goes_on(
    runs: Runs, go: Go, qtbot: QtBot
) -> None:
    run = go(graph(s=("t.slow", {"seconds": 30.0})), wait=False)
    after = go(graph(a=("t.number", {"value": 7})), wait=False)
    qtbot.waitUntil(lambda: runs.statuses("d").get("s", NodeStatus()).state == "running", timeout=10_000)
    with qtbot.waitSignal(runs.engine_lost, timeout=5000):
        os.kill(runs.engine.pid, signal.SIGKILL)
    assert run.state == "failed"
    qtbot.waitUntil(lambda: after.state == "done", timeout=10_000)


def test_what_a_node_prints_goes_to_the_log_and_forges_nothing(runs: Runs, go: Go) -> None:
    logged: list[str] = []
    runs.logged.connect(lambda level, document, node, words: logged.append(words))
    run = go(graph(t=("t.talk", {"words": "how do you do"}), s=("t.slow", {"seconds": 0.3})))
    assert run.state == "done" and run.computed == 2
    assert "how do you do" in logged


def test_an_edit_shows_what_would_run(runs: Runs, go: Go, tmp_path: Path, qtbot: QtBot) -> None:
    held = graph(a=("t.number", {"value": 1}), p=("t.parity", {}, {"a": "a"}))
    go(held)
    edited = GraphData({**held.nodes, "a": NodeData("t.number", {"value": 2})})
    runs.explain("d", edited, tmp_path, "w")
    qtbot.waitUntil(lambda: runs.statuses("d")["a"].state == "stale", timeout=5000)
    assert runs.statuses("d")["a"].why == "value 1 -> 2"
    qtbot.waitUntil(lambda: runs.statuses("d")["p"].state == "stale", timeout=5000)
    runs.explain("d", held, tmp_path, "w")
    qtbot.waitUntil(lambda: runs.statuses("d")["p"].state in ("done", "cached"), timeout=5000)
    assert runs.statuses("d")["p"].outputs


def test_an_unfinished_result_is_seen_until_its_node_is_done(runs: Runs, go: Go) -> None:
    seen: list[NodeStatus] = []
    runs.status_changed.connect(lambda document, node, status: seen.append(status))
    go(graph(u=("t.unfinished",)))
    shown = [status for status in seen if status.preview is not None and status.plot is not None]
    assert shown and all(status.state == "running" for status in shown)
    last = shown[-1]
    assert last.picture is last.preview and last.preview is not None and last.plot is not None
    assert last.preview.pixelColor(9, 9).red() == round(0.4 * 255)
    assert last.plot.series[0].y[0] == 0.4 and np.isnan(last.plot.series[0].y[1])
    done = runs.statuses("d")["u"]
    assert (done.state, done.preview, done.plot) == ("done", None, None)


def test_an_unfinished_result_does_not_outlive_a_cancelled_run(runs: Runs, go: Go, qtbot: QtBot) -> None:
    run = go(graph(u=("t.unfinished", {"seconds": 30.0})), wait=False)
    qtbot.waitUntil(lambda: runs.statuses("d").get("u", NodeStatus()).preview is not None, timeout=20_000)
    runs.cancel()
    qtbot.waitUntil(lambda: run.state == "cancelled", timeout=20_000)
    status = runs.statuses("d")["u"]
    assert (status.state, status.preview, status.plot) == ("stale", None, None)


def test_a_picture_that_comes_after_the_end_is_still_the_runs(runs: Runs, go: Go, qtbot: QtBot) -> None:
    run = go(graph(a=("t.picture",)))
    qtbot.waitUntil(lambda: run.thumbnail is not None)
    (outputs, png), run.thumbnail = (runs.statuses("d")["a"].outputs, QByteArray()), None
    buffer = QBuffer(png)
    QImage(3, 2, QImage.Format.Format_RGB888).save(buffer, "PNG")
    late = {
        "event": "Thumbnail",
        "node": "a",
        "outputs": outputs,
        "png": base64.b64encode(png.data()).decode(),
    }
    go(graph(n=("t.number",)))
    with qtbot.waitSignal(runs.pictured) as told:
        runs.engine.told.emit(run.id, [late])
    assert told.args == [run] and run.thumbnail is not None and run.thumbnail.width() == 3


def test_what_a_node_warned_of_stays_with_it_until_it_runs_again(runs: Runs, go: Go, qtbot: QtBot) -> None:
    held = graph(w=("t.warns",))
    go(held)
    done = runs.statuses("d")["w"]
    assert (done.state, done.notes) == ("done", ("the light was poor",)), "once"
    go(held)
    assert runs.statuses("d")["w"].notes == ("the light was poor",), "its result is the same"
    run = go(graph(w=("t.warns", {"words": "stopped; kept", "seconds": 30.0})), wait=False)
    qtbot.waitUntil(lambda: runs.statuses("d")["w"].notes == ("stopped; kept",), timeout=20_000)
    runs.cancel()
    qtbot.waitUntil(lambda: run.state == "cancelled", timeout=20_000)
    assert runs.statuses("d")["w"].notes == ("stopped; kept",)
    go(graph(w=("t.number",)))
    assert runs.statuses("d")["w"].notes == ()


def test_the_pace_of_a_node_is_what_it_does_now(runs: Runs, go: Go, qtbot: QtBot) -> None:
    run = go(graph(s=("t.slow", {"seconds": 30.0})), wait=False)
    qtbot.waitUntil(lambda: runs.statuses("d").get("s", NodeStatus()).done > 0.002, timeout=20_000)
    first = runs.statuses("d")["s"]
    progress = {"event": "NodeProgress", "node": "s", "total": 1.0, "done": first.done + 0.01}
    runs.engine.told.emit(run.id, [progress])
    told = runs.statuses("d")["s"]
    assert 0 < told.paced_from == first.paced_from < told.done and told.paced_since == first.paced_since
    runs.engine.told.emit(run.id, [{**progress, "done": 0.8}])
    assert runs.statuses("d")["s"].paced_from == 0.8, "what comes at a bound was done before"
    runs.cancel()
    qtbot.waitUntil(lambda: run.state == "cancelled", timeout=20_000)
