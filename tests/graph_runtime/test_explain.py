"""Why a node would run or be reused: told without running, and true when it then runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from meshloom.graph_runtime.engine import Engine
from meshloom.graph_runtime.graph import GraphData

from .conftest import Ran, graph

DATA = graph(
    n=("t.number", {"value": 3}),
    m=("t.number", {"value": 4}),
    p=("t.parity", {}, {"a": "n"}),
    s=("t.switch", {"first": False}, {"a": "p", "b": "m"}),
    end=("t.add", {}, {"a": "s", "b": "n"}),
    many=("t.pictures", {"count": 3}),
    each=("t.brighter", {}, {"image": "many.images"}),
    c=("t.counter", {"modulo": 1}),
    after=("t.parity", {}, {"a": "c"}),
)


def edited(node: str, **params: object) -> GraphData:
    return replace(DATA, nodes={**DATA.nodes, node: replace(DATA.nodes[node], params=params)})


def verdicts(engine: Engine, data: GraphData, workflow: str = "w") -> dict[str, tuple[str, str]]:
    told = engine.explain(engine.plan(data), workflow)
    return {name: (held.verdict, held.reason) for name, held in told.items()}


def test_before_the_first_run_all_is_new(engine: Engine) -> None:
    told = verdicts(engine, DATA)
    assert told["n"] == ("runs", "has not run in this workflow before")
    assert told["each"] == ("depends", "many will run first, and its result may change")
    assert told["s"] == ("depends", "m will run first, and its result may change")
    assert told["p"] == ("unneeded", "no node that runs asks for it")
    assert engine.cache.memory_bytes == 0


def test_after_it_all_is_reused_also_behind_a_choice(engine: Engine) -> None:
    Ran(engine, DATA, workflow="w")
    told = verdicts(engine, DATA)
    assert {name for name, (verdict, _) in told.items() if verdict != "reused"} == {"c", "after", "p"}
    assert told["c"] == ("runs", "it is declared to run each time")
    explained = engine.explain(engine.plan(DATA), "w")["each"]
    assert explained.made > 1e9
    assert explained.seconds >= 0


def test_what_changed_is_named(engine: Engine) -> None:
    Ran(engine, DATA, workflow="w")
    assert verdicts(engine, edited("n", value=5))["n"] == ("runs", "value 3 -> 5")
    assert verdicts(engine, edited("s", first=True))["s"] == (
        "depends",
        "p will run first, and its result may change",
    )
    Ran(engine, DATA, targets=["p"])
    assert verdicts(engine, edited("s", first=True))["s"] == (
        "runs",
        "first False -> True; input a changed; input b changed",
    )
    assert verdicts(engine, edited("many", count=4))["each"][0] == "depends"
    Ran(engine, edited("many", count=4), targets=["many"])
    assert verdicts(engine, edited("many", count=4))["each"] == ("runs", "1 of 4 items are new")


def test_what_is_told_is_what_then_happens(engine: Engine) -> None:
    Ran(engine, DATA, workflow="w")
    for data in (
        DATA,
        edited("n", value=5),
        edited("s", first=True),
        edited("many", count=5),
        edited("m", value=9),
    ):
        told = verdicts(engine, data)
        computed = Ran(engine, data, workflow="w").computed
        assert {name for name, (verdict, _) in told.items() if verdict == "runs"} <= computed
        assert not computed & {name for name, (verdict, _) in told.items() if verdict == "reused"}


def test_a_restarted_process_remembers_what_changed(make_engine: Callable[..., Engine]) -> None:
    first = make_engine()
    Ran(first, DATA, workflow="w")
    first.cache.close()
    again = make_engine()
    assert verdicts(again, edited("n", value=5))["n"] == ("runs", "value 3 -> 5")
    assert verdicts(again, edited("n", value=5), "other")["n"] == (
        "runs",
        "has not run in this workflow before",
    )


def test_a_lost_index_of_what_was_is_no_fault(make_engine: Callable[..., Engine], tmp_path: Path) -> None:
    import sqlite3

    first = make_engine()
    Ran(first, DATA, workflow="w")
    first.cache.close()
    with sqlite3.connect(tmp_path / "cache/v1/index.sqlite") as db:
        db.execute("UPDATE latest SET recipe='null' WHERE node='n'")
        db.execute("UPDATE latest SET recipe='{' WHERE node='m'")
        db.execute("UPDATE latest SET recipe=NULL, seconds='x' WHERE node='p'")
        db.execute("""UPDATE latest SET recipe='{"params": 3, "inputs": []}' WHERE node='many'""")
    db.close()
    engine = make_engine()
    told = verdicts(engine, edited("n", value=5))
    assert told["n"] == ("runs", "has not run in this workflow before")
    ran = Ran(engine, edited("many", count=7), workflow="w")
    assert ran.outcome.status == "done"
