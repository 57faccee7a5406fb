"""Running graphs: what computes, what is reused, what happens when things go wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from meshloom.graph_runtime.engine import Engine
from meshloom.graph_runtime.events import NodeProgress, RunEnded
from meshloom.graph_runtime.graph import GraphData, Link, NodeData

from .conftest import Ran, graph

CHAIN = graph(
    one=("t.number", {"value": 1}),
    two=("t.add", {"plus": 10}, {"a": "one", "b": "one"}),
    three=("t.add", {}, {"a": "two", "b": "one"}),
)


def _set(data: GraphData, node: str, **params: object) -> GraphData:
    held = data.nodes[node]
    return replace(data, nodes={**data.nodes, node: replace(held, params={**held.params, **params})})


def test_values_flow_through_links(engine: Engine) -> None:
    ran = Ran(engine, CHAIN)
    assert ran.outcome.status == "done"
    assert ran.value("three") == 13


def test_a_second_run_computes_nothing(engine: Engine) -> None:
    assert Ran(engine, CHAIN).computed == {"one", "two", "three"}
    assert Ran(engine, CHAIN).computed == set()


def test_a_restarted_process_computes_nothing(make_engine: Callable[..., Engine]) -> None:
    first = make_engine()
    Ran(first, CHAIN)
    first.cache.close()
    again = Ran(make_engine(), CHAIN)
    assert again.computed == set()
    assert again.value("three") == 13


def test_an_edit_runs_only_descendants(engine: Engine) -> None:
    Ran(engine, CHAIN)
    assert Ran(engine, _set(CHAIN, "two", plus=11)).computed == {"two", "three"}


def test_an_equal_result_cuts_the_change_off(engine: Engine) -> None:
    data = graph(
        n=("t.number", {"value": 2}),
        p=("t.parity", {}, {"a": "n"}),
        end=("t.add", {}, {"a": "p", "b": "p"}),
    )
    Ran(engine, data)
    assert Ran(engine, _set(data, "n", value=4)).computed == {"n", "p"}


def test_going_back_to_earlier_parameters_is_all_cached(engine: Engine) -> None:
    Ran(engine, CHAIN)
    Ran(engine, _set(CHAIN, "one", value=2))
    assert Ran(engine, CHAIN).computed == set()


def test_one_is_not_one_point_zero(engine: Engine) -> None:
    first = Ran(engine, graph(p=("t.picture", {"level": 1.0})))
    assert first.computed == {"p"}
    # An int is a valid float and means the same.
    assert Ran(engine, graph(p=("t.picture", {"level": 1}))).computed == set()


def test_branches_run_side_by_side(engine: Engine) -> None:
    data = graph(**{f"s{i}": ("t.slow", {"seconds": 0.4, "mark": i}) for i in range(2)})
    begun = time.monotonic()
    Ran(engine, data)
    assert time.monotonic() - begun < 0.75


# ------------------------------------------------------------------------------------------------ lists


def test_a_list_runs_per_item_with_a_key_each(engine: Engine) -> None:
    def data(count: int) -> GraphData:
        return graph(
            many=("t.pictures", {"count": count}),
            each=("t.brighter", {"by": 1.0}, {"image": "many.images"}),
            mean=("t.mean", {}, {"images": "each.image"}),
        )

    ran = Ran(engine, data(3))
    assert ran.value("mean") == pytest.approx(2.0)
    assert ran.done("each").computed == 3
    more = Ran(engine, data(4))
    assert (more.done("each").computed, more.done("each").reused) == (1, 3)


def test_one_value_feeds_a_list_input(engine: Engine) -> None:
    data = graph(p=("t.picture", {"level": 0.25}), mean=("t.mean", {}, {"images": "p.image"}))
    assert Ran(engine, data).value("mean") == pytest.approx(0.25)


def test_inner_work_is_remembered_pair_by_pair(engine: Engine) -> None:
    def data(count: int) -> GraphData:
        return graph(many=("t.pictures", {"count": count}), pairs=("t.pairs", {}, {"images": "many.images"}))

    assert Ran(engine, data(4)).done("pairs").remembered == {"pair": (6, 0)}
    assert Ran(engine, data(5)).done("pairs").remembered == {"pair": (4, 6)}


def test_one_bad_item_names_itself_and_keeps_the_others(engine: Engine) -> None:
    data = graph(
        many=("t.pictures", {"count": 4}),
        picky=("t.picky", {"refuse": 3.0}, {"image": "many.images"}),
    )
    failed = Ran(engine, data).outcome.failed["picky"]
    assert failed.message == "item 4 of 4: this picture is refused"
    mended = Ran(engine, _set(data, "many", count=3))
    assert mended.done("picky").computed == 0


def test_an_empty_list_gives_an_empty_list(engine: Engine) -> None:
    data = graph(many=("t.pictures", {"count": 0}), each=("t.brighter", {}, {"image": "many.images"}))
    ran = Ran(engine, data)
    assert ran.outcome.status == "done"
    assert len(ran.value("each")) == 0


# ------------------------------------------------------------------------------------- lazy, mute, bypass


def test_a_switch_computes_only_the_branch_it_takes(engine: Engine) -> None:
    data = graph(
        a=("t.number", {"value": 1}),
        b=("t.number", {"value": 2}),
        s=("t.switch", {"first": False}, {"a": "a", "b": "b"}),
    )
    ran = Ran(engine, data)
    assert ran.value("s") == 2
    assert ran.computed == {"b", "s"}


def test_a_bypassed_node_passes_its_input_through(engine: Engine) -> None:
    data = graph(
        p=("t.picture", {"level": 0.5}),
        b=("t.brighter", {"by": 9.0}, {"image": "p.image"}),
        c=("t.brighter", {"by": 1.0}, {"image": "b.image"}),
    )
    data = replace(data, nodes={**data.nodes, "b": replace(data.nodes["b"], bypass=True)})
    assert float(Ran(engine, data).value("c").pixels.max()) == pytest.approx(1.5)


def test_a_muted_node_takes_those_that_need_it_with_it(engine: Engine) -> None:
    data = graph(
        a=("t.number", {"value": 1}),
        b=("t.add", {}, {"a": "a", "b": "a"}),
        other=("t.number", {"value": 5}),
    )
    data = replace(data, nodes={**data.nodes, "a": replace(data.nodes["a"], mute=True)})
    ran = Ran(engine, data)
    assert ran.computed == {"other"}
    assert "muted" in ran.plan.muted["b"]


# ---------------------------------------------------------------------------------------------- cancel


@pytest.mark.parametrize("kind", ["t.slow", "t.hang"])
def test_cancel_answers_within_half_a_second(engine: Engine, kind: str) -> None:
    data = graph(n=("t.number", {"value": 7}), wait=(kind, {"seconds": 20.0}))
    asked: list[float] = []

    def cancel() -> None:
        asked.append(time.monotonic())
        engine.cancel()

    timer = threading.Timer(0.3, cancel)
    timer.start()
    ran = Ran(engine, data)
    timer.join()
    assert time.monotonic() - asked[0] < 0.5
    assert ran.outcome.status == "cancelled"
    assert Ran(engine, data, targets=["n"]).computed == set()


def test_the_engine_runs_again_after_a_cancel(engine: Engine) -> None:
    threading.Timer(0.1, engine.cancel).start()
    Ran(engine, graph(wait=("t.slow", {"seconds": 5.0})))
    assert Ran(engine, CHAIN).outcome.status == "done"


# ---------------------------------------------------------------------------------------- other promises


def test_an_uncacheable_node_runs_each_time_and_its_descendants_follow(engine: Engine) -> None:
    data = graph(c=("t.counter",), end=("t.add", {}, {"a": "c", "b": "c"}))
    first, second = Ran(engine, data), Ran(engine, data)
    assert "c" in second.computed
    assert second.value("end") == second.value("c") * 2 != first.value("end")


def test_an_uncacheable_node_with_an_equal_result_stops_there(engine: Engine) -> None:
    data = graph(c=("t.counter", {"modulo": 1}), end=("t.add", {}, {"a": "c", "b": "c"}))
    Ran(engine, data)
    assert Ran(engine, data).computed == {"c"}


def test_a_file_is_keyed_by_its_content(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("one")
    data = graph(r=("t.reader", {"file": str(file)}))
    assert Ran(engine, data).value("r") == "one"
    file.touch()
    assert Ran(engine, data).computed == set()
    file.write_text("two")
    ran = Ran(engine, data)
    assert ran.computed == {"r"}
    assert ran.value("r") == "two"


def test_force_computes_a_cached_node(engine: Engine) -> None:
    Ran(engine, CHAIN)
    assert Ran(engine, CHAIN, force=["two"]).computed == {"two"}


def test_why_names_the_parameter_that_changed(engine: Engine) -> None:
    Ran(engine, CHAIN, workflow="w")
    ran = Ran(engine, _set(CHAIN, "two", plus=12), workflow="w")
    assert ran.done("two").why == "plus 10 -> 12"
    assert ran.done("three").why == "input a changed"


def test_explain_tells_before_running(engine: Engine) -> None:
    Ran(engine, CHAIN, workflow="w")
    told = engine.explain(engine.plan(_set(CHAIN, "two", plus=12)), "w")
    assert told["one"].verdict == "reused"
    assert (told["two"].verdict, told["two"].reason) == ("runs", "plus 10 -> 12")
    assert told["three"].verdict == "depends"


def test_progress_is_announced_at_most_ten_times_a_second(engine: Engine) -> None:
    ran = Ran(engine, graph(s=("t.slow", {"seconds": 0.5})))
    said = [event for event in ran.events if isinstance(event, NodeProgress)]
    assert 2 <= len(said) <= 7
    assert isinstance(ran.events[-1], RunEnded)


def test_a_long_chain_and_deep_diamonds_run(engine: Engine) -> None:
    nodes = {"n0": NodeData("t.number", {"value": 1})}
    for index in range(1, 2500):
        link = Link(f"n{index - 1}", "value")
        nodes[f"n{index}"] = NodeData("t.add", {"plus": -1}, {"a": link, "b": link})
    ran = Ran(engine, GraphData(nodes))
    assert ran.outcome.status == "done"
    assert ran.value("n2499") == 1


@pytest.mark.parametrize("disk", [True, False])
def test_memory_stays_within_its_budget(make_engine: Callable[..., Engine], disk: bool) -> None:
    side, budget = 256, 4 << 20  # each picture 768 KiB, 30 of them
    nodes = {"p0": NodeData("t.picture", {"side": side})}
    for index in range(1, 30):
        nodes[f"p{index}"] = NodeData("t.brighter", {"by": 0.01}, {"image": Link(f"p{index - 1}", "image")})
    engine = make_engine(disk=disk, memory=budget)
    ran = Ran(engine, GraphData(nodes))
    engine.cache.flush()
    assert ran.outcome.status == "done"
    assert engine.cache.memory_bytes <= budget + (1 << 20)
    if disk:
        assert Ran(engine, GraphData(nodes)).computed == set()
