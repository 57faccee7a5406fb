"""What is remembered of runs, across restarts and damaged files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.errors import MeshloomError
from meshloom.graph_runtime.graph import GraphData, GroupData, Link, NodeData
from meshloom.ui.running import history
from meshloom.ui.running.history import Entry, History, differences
from meshloom.ui.running.runs import RunInfo
from meshloom.ui.running.status import NodeStatus

GRAPH = GraphData(
    {
        "photo": NodeData("image.generate", {"width": 64}),
        "blur": NodeData("image.blur", {"radius": 2.0}, {"image": Link("photo", "image")}),
        "size": NodeData("image.resize", {}, {"image": Link("blur", "image")}),
    },
    extras={"notes": [{"text": "好"}]},
)


def run(label: str = "Castle", graph: GraphData = GRAPH, **said: Any) -> RunInfo:
    made = RunInfo(1, "d", label, graph, Path("/tmp"), "castle.json", state="done", seconds=2.5)
    made.computed, made.reused = 2, 1
    for name, value in said.items():
        setattr(made, name, value)
    return made


@pytest.fixture
def held(qtbot: QtBot, tmp_path: Path) -> History:
    return History(tmp_path / "history")


def again(held: History) -> History:
    """As the next start of the window finds it."""
    return History(held.folder)


def test_an_entry_survives_a_restart_whole(held: History, qtbot: QtBot) -> None:
    picture = QImage(8, 6, QImage.Format.Format_RGB32)
    picture.fill(QColor("#3366cc"))
    statuses = {
        "photo": NodeStatus("cached", outputs=("digest1",)),
        "blur": NodeStatus("done", outputs=(("a", "b"),)),
        "size": NodeStatus("failed", outputs=("old",)),
    }
    with qtbot.waitSignal(held.changed):
        held.add(run("城堡", written=[Path("/out/ü.png")], failed=1, thumbnail=picture), statuses)
    (one,) = again(held).entries()
    assert (one.label, one.workflow, one.state, one.seconds) == ("城堡", "castle.json", "done", 2.5)
    assert (one.computed, one.reused, one.failed) == (2, 1, 1) and one.written == ("/out/ü.png",)
    assert one.outputs == {"photo": ("digest1",), "blur": (("a", "b"),)}, "of what failed nothing is kept"
    assert one.graph() == GRAPH
    assert QImage(str(one.picture)).pixelColor(2, 2) == QColor("#3366cc")
    (mine,) = held.entries()
    assert mine == one, "and looks the same without a restart"


def test_the_newest_comes_first(held: History) -> None:
    for label in "abc":
        held.add(run(label), {})
    assert [each.label for each in held.entries()] == ["c", "b", "a"]
    assert [each.label for each in again(held).entries()] == ["c", "b", "a"]


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"state": "done"}',
        b'{"state": "done", "ended": "noon", "seconds": 1, "computed": 1, "reused": 0, "failed": 0, "graph": ""}',
        b'{"state": "done", "ended": 1, "seconds": 1, "computed": 1e999, "reused": 0, "failed": 0, "graph": ""}',
        b'{"state": "done", "ended": 1, "seconds": 1, "computed": 1, "reused": 0, "failed": 0, "graph": "",'
        b' "outputs": [1]}',
        b'{"state": "done", "ended": 1, "seconds": 1, "computed": 1, "reused": 0, "failed": 0, "graph": "",'
        b' "outputs": {"a": 3}}',
    ],
)
def test_a_damaged_file_costs_one_entry(held: History, damage: bytes) -> None:
    for label in "abc":
        held.add(run(label), {})
    held.entries()[1].file.write_bytes(damage)
    (held.folder / "run-99999999-folder.json").mkdir()
    assert [each.label for each in again(held).entries()] == ["c", "a"]


def test_a_damaged_graph_is_told_when_it_is_wanted(held: History) -> None:
    held.add(run(), {})
    file = held.entries()[0].file
    said = json.loads(file.read_bytes())
    file.write_text(json.dumps({**said, "graph": "{"}))
    (entry,) = again(held).entries()
    with pytest.raises(MeshloomError):
        entry.graph()


def test_an_entry_is_forgotten_with_its_picture(held: History, qtbot: QtBot) -> None:
    picture = QImage(4, 4, QImage.Format.Format_RGB32)
    picture.fill(0)
    held.add(run("a", thumbnail=picture), {})
    held.add(run("b"), {})
    entry = held.entries()[1]
    with qtbot.waitSignal(held.changed):
        held.forget(entry)
    assert not entry.file.exists() and not entry.picture.exists()
    assert [each.label for each in held.entries()] == [each.label for each in again(held).entries()] == ["b"]


def test_the_oldest_go_when_there_are_too_many(held: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST", 3)
    for label in "abcde":
        held.add(run(label), {})
    assert [each.label for each in held.entries()] == ["e", "d", "c"]
    assert len(list(held.folder.glob("run-*"))) == 3


def test_a_folder_that_cannot_be_written_costs_only_the_memory(tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "file").touch()
    held = History(tmp_path / "file" / "history")
    assert held.entries() == [] and held.timings == {}
    held.add(run(node_seconds={"blur": 1.0}), {})
    assert [each.label for each in held.entries()] == ["Castle"] and held.timings == {"image.blur": 1.0}


def test_nothing_is_left_half_written(held: History, monkeypatch: pytest.MonkeyPatch) -> None:
    held.add(run("a"), {})

    def full(self: Path, *_said: object, **_more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    held.add(run("b"), {})
    assert [each.label for each in again(held).entries()] == ["a"]


# ------------------------------------------------------------------------------------------------- timings


def test_how_long_nodes_take_is_learnt_and_kept(held: History) -> None:
    held.add(run(node_seconds={"blur": 2.0, "photo": 0.0}), {})
    held.add(run(node_seconds={"blur": 4.0}), {})
    assert held.timings == {"image.blur": 3.0}, "the newest counts half; what was reused says nothing"
    assert again(held).timings == {"image.blur": 3.0}
    (held.folder / "timings.json").write_text('{"image.blur": "long"}')
    assert again(held).timings == {}


def test_what_remains_of_a_run(held: History) -> None:
    held.add(run(node_seconds={"photo": 1.0, "blur": 4.0, "size": 10.0}), {})
    now = run()
    waiting = {name: NodeStatus("waiting") for name in GRAPH.nodes}
    assert held.remaining(now, waiting) == 15.0
    going = {**waiting, "photo": NodeStatus("done"), "blur": NodeStatus("running", done=1, total=4)}
    assert held.remaining(now, going) == 13.0
    assert held.remaining(now, {**going, "blur": NodeStatus("running", done=9, total=4)}) == 10.0
    now.node_seconds = {"blur": 4.2}
    assert held.remaining(now, {**waiting, "photo": NodeStatus("cached")}) == 10.0
    done = {
        name: NodeStatus(state) for name, state in (("photo", "done"), ("blur", "muted"), ("size", "skipped"))
    }
    assert held.remaining(run(), done) == 0.0


def test_what_was_never_seen_makes_the_rest_unknown(held: History) -> None:
    held.add(run(node_seconds={"photo": 1.0, "size": 1.0}), {})
    assert held.remaining(run(), {"blur": NodeStatus("waiting")}) is None
    assert held.remaining(run(), {"blur": NodeStatus("done")}) == 2.0


def test_what_the_run_does_not_reach_is_not_waited_for(held: History) -> None:
    held.add(run(node_seconds={"photo": 1.0, "blur": 4.0, "size": 10.0}), {})
    stale = {name: NodeStatus("stale") for name in GRAPH.nodes}
    assert held.remaining(run(targets=("blur",)), stale) == 5.0


# --------------------------------------------------------------------------------------------- differences


def changed(**nodes: NodeData) -> GraphData:
    return GraphData({**GRAPH.nodes, **nodes}, GRAPH.groups)


def test_equal_graphs_have_none() -> None:
    assert differences(GRAPH, changed()) == []


def test_parameters_links_and_nodes_that_differ() -> None:
    other = changed(
        photo=NodeData("image.generate", {"width": 128, "height": 32}),
        blur=NodeData("image.blur", {"radius": 2.0}, {"image": Link("size", "image")}),
        size=NodeData("image.crop", {}, {"image": Link("blur", "image")}),
        extra=NodeData("image.load"),
    )
    assert differences(GRAPH, other) == [
        ("blur.image", "photo.image", "size.image"),
        ("extra", "-", "image.load"),
        ("photo.height", "-", "32"),
        ("photo.width", "64", "128"),
        ("size", "image.resize", "image.crop"),
    ]
    assert [(name, b, a) for name, a, b in differences(GRAPH, other)] == differences(other, GRAPH)


def test_what_is_muted_or_bypassed_differs() -> None:
    other = changed(
        blur=NodeData("image.blur", {"radius": 2.0}, {"image": Link("photo", "image")}, mute=True)
    )
    assert [row[0] for row in differences(GRAPH, other)] == ["blur"]


def test_groups_are_looked_into() -> None:
    def grouped(radius: float) -> GraphData:
        return GraphData(
            {"soft": NodeData("group:Soft")},
            {"Soft": GroupData({"blur": NodeData("image.blur", {"radius": radius})})},
        )

    assert differences(grouped(1.0), grouped(2.0)) == [("Soft/blur.radius", "1.0", "2.0")]


def test_a_value_is_told_apart_from_its_text() -> None:
    one, other = (GraphData({"a": NodeData("t", {"x": value})}) for value in ("1", 1))
    assert [row[0] for row in differences(one, other)] == ["a.x"]


def test_an_entry_can_be_made_of_what_is_told() -> None:
    entry = Entry(Path("/h/run-1.json"), "", "", "done", 0.0, 0.0, 0, 0, 0)
    assert entry.picture == Path("/h/run-1.png")


def test_a_picture_that_comes_late_is_kept_too(held: History, qtbot: QtBot) -> None:
    made = run()
    held.add(made, {})
    assert not again(held).entries()[0].picture.exists()
    made.thumbnail = QImage(8, 6, QImage.Format.Format_RGB32)
    held.add(run("Another", id=2), {})
    with qtbot.waitSignal(held.pictured) as told:
        held.picture(made)
    assert told.args[0].label == "Castle"
    assert QImage(str(again(held).entries()[1].picture)).width() == 8
    held.forget(held.entries()[1])
    held.picture(made)
    assert list(held.folder.glob("*.png")) == [], "of a run that was taken out, nothing"


def test_a_node_that_is_under_way_tells_better_than_others_did(
    held: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    held.add(run(node_seconds={"photo": 10.0, "blur": 3.0, "size": 2.0}), {})
    monkeypatch.setattr(history.time, "monotonic", lambda: 160.0)
    going = NodeStatus("running", done=3, total=4, paced_from=2, paced_since=100.0)
    said = {"photo": NodeStatus("done"), "blur": going, "size": NodeStatus("waiting")}
    assert held.remaining(run(), said) == 60.0 + 2.0
    early = replace(going, paced_from=2.9)
    assert held.remaining(run(), {**said, "blur": early}) == 3.0 * 0.25 + 2.0
    new = GraphData({"a": NodeData("never.seen")})
    assert held.remaining(run(graph=new), {"a": going}) == 60.0
    assert held.remaining(run(graph=new), {"a": early}) is None
