"""Runs in which things vanish, fail together, or nobody listens: they end, and what they give is right."""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from meshloom.graph_runtime.cache import Cache, Missing
from meshloom.graph_runtime.disk import DiskStore
from meshloom.graph_runtime.engine import Engine
from meshloom.graph_runtime.events import Event, NodeDone, NodeStarted, RunStarted
from meshloom.graph_runtime.graph import GraphData, Link, NodeData

from .conftest import Ran, graph

MakeEngine = Callable[..., Engine]

#: A list through a node per item into one that takes it whole, and into one that remembers.
LISTS = graph(
    many=("t.pictures", {"count": 12}),
    each=("t.brighter", {"by": 1.0}, {"image": "many.images"}),
    index=("t.index", {"at": 2}, {"images": "each.image"}),
    pairs=("t.pairs", {}, {"images": "each.image"}),
    rest=("t.mean", {}, {"images": "index.others"}),
    mean=("t.mean", {}, {"images": "each.image"}),
)


def lose(folder: Path, share: float, luck: random.Random) -> None:
    """Damage or delete part of what is stored, as small as it is: in the index and beside it."""
    import sqlite3

    with sqlite3.connect(folder / "v1/index.sqlite", timeout=20) as db:
        for (name,) in db.execute("SELECT digest FROM blobs").fetchall():
            if luck.random() < share:
                how = luck.choice(["DELETE FROM blobs", "UPDATE blobs SET inline=x'00'"])
                db.execute(f"{how} WHERE digest=? AND inline IS NOT NULL", (name,))
                path = folder / "v1/blobs" / name[:2] / name[2:]
                if path.exists():
                    path.unlink() if luck.random() < 0.5 else path.write_bytes(b"damaged")
    db.close()


@pytest.mark.parametrize("share", [0.2, 0.6, 1.0])
def test_lost_items_of_lists_are_made_again(make_engine: MakeEngine, tmp_path: Path, share: float) -> None:
    engine = make_engine()
    whole = Ran(engine, LISTS)
    expected = [whole.value(name) for name in ("mean", "rest")]
    engine.cache.close()
    luck = random.Random(3)
    for _ in range(4):
        lose(tmp_path / "cache", share, luck)
        engine = make_engine(memory=luck.choice([0, 64 << 20]))
        ran = Ran(engine, LISTS, force=["mean", "rest", "pairs", "index"])
        assert ran.outcome.status == "done", ran.outcome.failed
        assert [ran.value(name) for name in ("mean", "rest")] == expected
        assert len(ran.value("pairs").rows) == 66
        assert ran.value("index", 2) == whole.value("index", 2)
        engine.cache.close()


def test_everything_lost_while_it_runs(make_engine: MakeEngine, tmp_path: Path) -> None:
    for seed in range(6):
        luck = random.Random(seed)
        engine = make_engine(memory=0, folder=tmp_path / f"cache{seed}")

        def harm(event: Event, engine: Engine = engine, luck: random.Random = luck, seed: int = seed) -> None:
            if isinstance(event, NodeDone) and luck.random() < 0.4:
                engine.cache.flush()
                lose(tmp_path / f"cache{seed}", 0.5, luck)

        ran = Ran(engine, LISTS)
        outcome = engine.run(ran.plan, harm, force=["many"])
        assert outcome.status == "done", outcome.failed
        for _ in range(2):  # a result lost after it was made is noticed when it is read
            outcome = engine.run(ran.plan)
            try:
                assert engine.value(outcome.outputs["mean"][0]) == 6.5
                break
            except Missing:
                continue
        else:
            pytest.fail("the result is lost again and again")


def test_a_lazy_input_that_is_lost_is_made_again(make_engine: MakeEngine, tmp_path: Path) -> None:
    data = graph(
        a=("t.number", {"value": 1}),
        b=("t.number", {"value": 2}),
        first=("t.switch", {"first": False}, {"a": "a", "b": "b"}),
        odd=("t.parity", {}, {"a": "first"}),
    )
    engine = make_engine()
    Ran(engine, data)
    engine.cache.close()
    lose(tmp_path / "cache", 1.0, random.Random(0))
    ran = Ran(make_engine(), data, force=["odd", "first"])
    assert (ran.outcome.status, ran.value("odd")) == ("done", 0)


def test_a_node_that_cannot_be_made_again_takes_what_needs_it_with_it(
    make_engine: MakeEngine, tmp_path: Path
) -> None:
    file = tmp_path / "words"
    file.write_text("word " * 5000)
    data = graph(
        r=("t.reader", {"file": str(file)}),
        e=("t.params", {}, {"words": "r"}),
        n=("t.number", {"value": 3}),
    )
    engine = make_engine()
    Ran(engine, data)
    engine.cache.close()
    engine = make_engine()
    plan = engine.plan(data)
    file.unlink()
    shutil.rmtree(tmp_path / "cache/v1/blobs")
    outcome = engine.run(plan, force=["e"])
    assert outcome.status == "failed"
    assert set(outcome.failed) == {"r"}
    assert set(outcome.skipped) == {"e"}
    assert set(outcome.outputs) == {"n"}


def test_memory_alone_gives_values_up_after_the_run(make_engine: MakeEngine) -> None:
    engine = make_engine(disk=False, memory=0)
    for _ in range(3):
        assert Ran(engine, LISTS).value("mean") == 6.5
    failing = graph(
        many=("t.pictures", {"count": 6}), picky=("t.picky", {"refuse": 4.0}, {"image": "many.images"})
    )
    assert Ran(engine, failing).outcome.status == "failed"
    Ran(engine, graph(n=("t.number",)))
    assert engine.cache.memory_bytes < 100
    assert sum(engine.cache._live.values()) == 1


# ------------------------------------------------------------------------------------- failing together


def test_equal_nodes_fail_together_each_naming_its_own_item(engine: Engine) -> None:
    data = graph(
        few=("t.pictures", {"count": 2, "first": 4}),
        many=("t.pictures", {"count": 5}),
        p=("t.picky", {"refuse": 4.0}, {"image": "few.images"}),
        q=("t.picky", {"refuse": 4.0}, {"image": "many.images"}),
    )
    failed = Ran(engine, data).outcome.failed
    assert failed["p"].message == "item 1 of 2: this picture is refused"
    assert failed["q"].message == "item 5 of 5: this picture is refused"


def test_a_node_is_not_left_waiting_for_an_equal_one_that_gave_up(engine: Engine) -> None:
    data = graph(
        bad=("t.pictures", {"count": 40, "first": 1}),
        good=("t.pictures", {"count": 20, "first": 21}),
        a=("t.picky", {"refuse": 1.0}, {"image": "bad.images"}),
        b=("t.picky", {"refuse": 1.0}, {"image": "good.images"}),
        mean=("t.mean", {}, {"images": "b.image"}),
    )
    ran = Ran(engine, data)
    assert set(ran.outcome.failed) == {"a"}
    assert ran.value("mean") == 30.5


def test_an_item_refused_by_the_accelerator_leaves_it_to_others(engine: Engine) -> None:
    data = graph(
        many=("t.pictures", {"count": 20}),
        bad=("t.gpu_each", {"refuse": 0.0}, {"image": "many.images"}),
        good=("t.gpu_each", {}, {"image": "many.images"}),
        mean=("t.mean", {}, {"images": "good.image"}),
    )
    ran = Ran(engine, data)
    assert set(ran.outcome.failed) == {"bad"}
    assert ran.value("mean") == 19.0


def test_work_for_a_target_that_failed_is_finished_and_kept(engine: Engine) -> None:
    data = graph(
        n=("t.number",),
        bad=("t.fail", {}, {"a": "n"}),
        slow=("t.slow", {"seconds": 0.3, "mark": 1}),
        after=("t.parity", {}, {"a": "slow"}),
        end=("t.add", {}, {"a": "bad", "b": "after"}),
    )
    ran = Ran(engine, data)
    assert ran.outcome.status == "failed"
    assert ran.computed >= {"slow", "after"}
    assert ran.outcome.abandoned == []
    assert Ran(engine, data).computed == set()


def test_random_graphs_with_failures_end_and_keep_what_they_can(make_engine: MakeEngine) -> None:
    luck = random.Random(11)
    for _ in range(25):
        nodes: dict[str, NodeData] = {"n0": NodeData("t.number", {"value": luck.randrange(4)})}
        for index in range(1, 25):
            links = {
                socket: Link(luck.choice(list(nodes)), "value")
                for socket in luck.choice(["a", "ab", "ab", "ab"])
            }
            kind = luck.choice(["t.switch", "t.fail"]) if luck.random() < 0.3 else "t.add"
            if len(links) == 1:
                kind = luck.choice(["t.parity", "t.fail", "t.maybe"])
            elif kind == "t.fail":
                links.pop("b")
            params: dict[str, Any] = {}
            if kind == "t.fail":
                params = {"how": luck.choice(["bug", "exit", "node error"]), "at": luck.randrange(3)}
            elif kind == "t.switch":
                params = {"first": luck.random() < 0.5}
            nodes[f"n{index}"] = NodeData(kind, params, links, mute=luck.random() < 0.03)
        engine = make_engine(disk=luck.random() < 0.5, memory=luck.choice([0, 1 << 20]))
        ran = Ran(engine, GraphData(nodes))
        outcome = ran.outcome
        assert set(ran.plan.targets) <= set(outcome.outputs) | set(outcome.failed) | set(outcome.skipped)
        assert not set(outcome.outputs) & (set(outcome.failed) | set(outcome.skipped))
        again = Ran(engine, GraphData(nodes))
        assert set(again.outcome.failed) == set(outcome.failed)
        if engine.cache.disk is not None:
            assert again.computed == set()


# ------------------------------------------------------------------------------------- nobody listening


class _Deaf(Exception):
    pass


@pytest.mark.parametrize("at", [RunStarted, NodeStarted, NodeDone])
def test_a_listener_that_fails_ends_the_run_and_the_next_one_works(
    make_engine: MakeEngine, at: type[Event]
) -> None:
    engine = make_engine(disk=False, memory=0)
    data = graph(
        p=("t.picture",), b=("t.brighter", {}, {"image": "p.image"}), slow=("t.slow", {"seconds": 20.0})
    )

    def listen(event: Event) -> None:
        if isinstance(event, at):
            raise _Deaf

    before = set(threading.enumerate())
    begun = time.monotonic()
    with pytest.raises(_Deaf):
        engine.run(engine.plan(data), listen)
    assert time.monotonic() - begun < 3
    for thread in set(threading.enumerate()) - before:
        if thread.name.startswith("node-worker"):
            thread.join(3)  # told to stop: the slow node reports progress
            assert not thread.is_alive()
    assert Ran(engine, graph(n=("t.number", {"value": 3}))).value("n") == 3
    engine.run(engine.plan(GraphData({"n": NodeData("t.number")})))
    assert sum(engine.cache._live.values()) == 1


def test_a_fault_of_the_engine_itself_is_raised_and_not_waited_for(make_engine: MakeEngine) -> None:
    engine = make_engine()
    plan = engine.plan(LISTS)
    plan.nodes["each"].sources["image"].index = 7  # a plan that no planner makes
    begun = time.monotonic()
    ran = engine.run(plan)
    assert time.monotonic() - begun < 10
    assert ran.status == "failed"


def test_what_json_cannot_hold_is_left_out_of_events(engine: Engine) -> None:
    import json

    ran = Ran(engine, graph(x=("t.nonsense_progress",), t=("t.odd_table",)))
    assert ran.outcome.status == "done"
    for event in ran.events:
        json.dumps(event.to_json(), allow_nan=False)
    assert ran.value("x") == float("inf")


def test_a_closed_cache_ends_nothing(tmp_path: Path, catalog: Any) -> None:
    cache = Cache(64 << 20, DiskStore(tmp_path))
    engine = Engine(catalog, cache, 2)
    Ran(engine, LISTS)
    cache.close()
    cache.close()
    assert Ran(engine, LISTS).value("mean") == 6.5
