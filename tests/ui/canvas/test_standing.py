"""How nodes and the groups around them stand."""

from __future__ import annotations

import pytest

from meshloom.ui.canvas.standing import Standing
from meshloom.ui.running.status import NodeStatus


def test_a_node_of_the_graph_stands_for_itself() -> None:
    held = Standing()
    assert list(held.note("a", NodeStatus("done"))) == [("a", NodeStatus("done"))]
    assert held.get("a") == NodeStatus("done") and held.get("b") is None
    assert held.within("") == {"a": NodeStatus("done")}


def test_every_group_around_it_is_told() -> None:
    held = Standing()
    told = dict(held.note("g/h/a", NodeStatus("running", message="now")))
    assert list(told) == ["g/h/a", "g/h", "g"]
    assert told["g"].state == told["g/h"].state == "running" and told["g"].message == "now"
    assert held.within("g").keys() == {"h"} and held.within("g/h") == {
        "a": NodeStatus("running", message="now")
    }
    assert set(held.within("")) == {"g"}


@pytest.mark.parametrize(
    ("states", "whole"),
    [
        (("done", "failed", "running"), "failed"),
        (("done", "running", "waiting"), "running"),
        (("done", "stale"), "stale"),
        (("done", "cached"), "done"),
        (("cached", "cached"), "cached"),
        (("muted",), "muted"),
        (("done", "skipped"), "skipped"),
        (("unknown",), "unknown"),
    ],
)
def test_a_group_stands_as_what_matters_most_in_it(states: tuple[str, ...], whole: str) -> None:
    held = Standing()
    for index, state in enumerate(states):
        list(held.note(f"g/n{index}", NodeStatus(state, seconds=1.5, peak_bytes=10 * (index + 1))))  # type: ignore[arg-type]
    stands = held.get("g")
    assert stands is not None and stands.state == whole
    assert stands.seconds == 1.5 * len(states) and stands.peak_bytes == 10 * len(states)
    assert (stands.done, stands.total) == (
        sum(state in ("done", "cached", "muted") for state in states),
        len(states),
    )


def test_a_group_recovers_when_its_node_does() -> None:
    held = Standing()
    list(held.note("g/a", NodeStatus("done")))
    list(held.note("g/b", NodeStatus("failed", message="no")))
    assert held.failed() == ["g/b"]
    told = dict(held.note("g/b", NodeStatus("done")))
    assert told["g"].state == "done" and held.failed() == []


def test_names_that_begin_alike_are_different_groups() -> None:
    held = Standing()
    list(held.note("g/a", NodeStatus("done")))
    list(held.note("g2/a", NodeStatus("failed")))
    assert held.within("g") == {"a": NodeStatus("done")}
    assert {name: each.state for name, each in held.within("").items()} == {"g": "done", "g2": "failed"}
