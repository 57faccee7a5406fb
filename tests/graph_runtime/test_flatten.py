"""Groups: nested, promoted, muted, bypassed, wrong."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from meshloom.graph_runtime.engine import Engine
from meshloom.graph_runtime.errors import RequestError
from meshloom.graph_runtime.graph import GraphData, GroupData, Link, NodeData

from .conftest import Ran, graph

#: in -> a (+1) -> b (+10) -> out, with both constants promoted.
PLUS = GroupData(
    {
        "a": NodeData("t.add", {"plus": 1}),
        "b": NodeData("t.add", {"plus": 10}, {"a": Link("a", "value"), "b": Link("zero", "value")}),
        "zero": NodeData("t.number"),
    },
    inputs={"in": (("a", "a"), ("a", "b"))},
    outputs={"out": ("b", "value"), "half": ("a", "value")},
    params={"first": ("a", "plus"), "second": ("b", "plus"), "start": ("zero", "value")},
)
TWICE = GroupData(
    {
        "one": NodeData("group:plus", {"first": 2}),
        "two": NodeData("group:plus", {"second": 20}, {"in": Link("one", "out")}),
    },
    inputs={"in": (("one", "in"),)},
    outputs={"out": ("two", "out")},
    params={"deep": ("two", "first")},
)


def grouped(groups: dict[str, GroupData] | None = None, **nodes: Any) -> GraphData:
    return replace(graph(**nodes), groups={"plus": PLUS, "twice": TWICE} if groups is None else groups)


def changed(data: GraphData, name: str, **fields: Any) -> GraphData:
    return replace(data, nodes={**data.nodes, name: replace(data.nodes[name], **fields)})


def refusals(engine: Engine, data: GraphData) -> dict[str, str]:
    try:
        found = engine.plan(data).problems
    except RequestError as error:
        found = list(error.problems)
    return {problem.where: problem.message for problem in found}


def test_a_group_computes_what_its_nodes_do(engine: Engine) -> None:
    data = grouped(
        n=("t.number", {"value": 3}), g=("group:plus", {}, {"in": "n"}), end=("t.parity", {}, {"a": "g.out"})
    )
    ran = Ran(engine, data)
    assert ran.value("g/b") == 3 + 3 + 1 + 10
    assert ran.value("end") == 1


def test_groups_nest_and_parameters_are_promoted_through_them(engine: Engine) -> None:
    data = grouped(
        n=("t.number", {"value": 3}),
        g=("group:twice", {"deep": 100}, {"in": "n"}),
        end=("t.parity", {}, {"a": "g.out"}),
    )
    ran = Ran(engine, data)
    first = 3 + 3 + 2 + 10
    assert ran.value("g/two/b") == first + first + 100 + 20


def test_instances_of_a_group_are_apart(engine: Engine) -> None:
    data = grouped(
        n=("t.number", {"value": 1}),
        g=("group:plus", {"first": 5}, {"in": "n"}),
        h=("group:plus", {}, {"in": "n"}),
        end=("t.add", {}, {"a": "g.out", "b": "h.out"}),
    )
    assert Ran(engine, data).value("end") == (2 + 5 + 10) + (2 + 1 + 10)


def test_a_group_can_be_asked_for(engine: Engine) -> None:
    data = grouped(n=("t.number",), g=("group:plus", {}, {"in": "n"}), other=("t.number", {"value": 9}))
    assert set(Ran(engine, data, targets=["g"]).plan.targets) == {"g/b", "g/a"}
    assert Ran(engine, data, targets=["g/a"]).plan.targets == ["g/a"]
    with pytest.raises(RequestError, match="did you mean"):
        engine.plan(data, ["g/aa"])


def test_a_link_feeds_a_promoted_parameter(engine: Engine) -> None:
    data = grouped(
        n=("t.number", {"value": 3}),
        g=("group:plus", {"second": 0}, {"in": "n", "first": "n"}),
        outer=("group:twice", {}, {"in": "n", "deep": "n"}),
    )
    ran = Ran(engine, data)
    assert ran.outcome.status == "done"
    assert ran.plan.problems == []
    assert ran.value("g/b") == 3 + 3 + 3
    first = 3 + 3 + 2 + 10
    assert ran.value("outer/two/b") == first + first + 3 + 20


def test_an_output_can_pass_an_input_straight_on(engine: Engine) -> None:
    group = GroupData(
        {"n": NodeData("group:plus")}, inputs={"in": (("n", "in"),)}, outputs={"out": ("n", "half")}
    )
    data = grouped({"plus": PLUS, "g": group}, n=("t.number", {"value": 1}), g=("group:g", {}, {"in": "n"}))
    assert Ran(engine, data, targets=["g"]).value("g/n/a") == 3


def test_a_muted_instance_takes_what_needs_it_with_it(engine: Engine) -> None:
    data = grouped(
        n=("t.number", {"value": 1}), g=("group:twice", {}, {"in": "n"}), end=("t.parity", {}, {"a": "g.out"})
    )
    ran = Ran(engine, changed(data, "g", mute=True))
    assert ran.computed == {"n"}
    assert "muted" in ran.plan.muted["end"]
    assert ran.plan.problems == []


def test_a_bypassed_instance_passes_its_input_on_and_runs_nothing_inside(engine: Engine) -> None:
    data = grouped(
        n=("t.number", {"value": 7}), g=("group:twice", {}, {"in": "n"}), end=("t.parity", {}, {"a": "g.out"})
    )
    ran = Ran(engine, changed(data, "g", bypass=True))
    assert ran.computed == {"n", "end"}
    assert ran.plan.targets == ["end"]
    assert ran.value("end") == 1


def test_a_bypassed_group_of_another_type_passes_nothing(engine: Engine) -> None:
    group = GroupData({"p": NodeData("t.picture")}, params={}, outputs={"out": ("p", "image")})
    data = grouped({"g": group}, g=("group:g",), end=("t.brighter", {}, {"image": "g.out"}), n=("t.number",))
    ran = Ran(engine, changed(data, "g", bypass=True))
    assert ran.computed == {"n"}


def test_muted_and_bypassed_nodes_inside_count_too(engine: Engine) -> None:
    nodes = {**PLUS.nodes, "a": replace(PLUS.nodes["a"], bypass=True)}
    data = grouped(
        {"plus": replace(PLUS, nodes=nodes)}, n=("t.number", {"value": 4}), g=("group:plus", {}, {"in": "n"})
    )
    assert Ran(engine, data).value("g/b") == 14
    nodes["a"] = replace(PLUS.nodes["a"], mute=True)
    data = grouped(
        {"plus": replace(PLUS, nodes=nodes)}, n=("t.number", {"value": 9}), g=("group:plus", {}, {"in": "n"})
    )
    assert Ran(engine, data).computed == {"n"}


# ------------------------------------------------------------------------------------------------ wrong


def test_a_group_that_holds_itself_is_refused(engine: Engine) -> None:
    inner = GroupData({"g": NodeData("group:outer")})
    outer = GroupData({"g": NodeData("group:inner"), "n": NodeData("t.number")})
    found = refusals(engine, grouped({"inner": inner, "outer": outer}, a=("group:outer",), b=("t.number",)))
    assert found == {"a/g/g": "group 'outer' holds itself"}


def test_an_unknown_group_is_told_and_the_rest_runs(engine: Engine) -> None:
    data = grouped(
        g=("group:gone", {"x": 1}, {"y": "n"}),
        n=("t.number",),
        p=("t.parity", {}, {"a": "g.out"}),
        q=("t.number",),
    )
    ran = Ran(engine, data)
    assert ran.computed >= {"q"}
    assert "which the workflow lacks" in refusals(engine, data)["g"]


def test_a_group_bomb_is_refused_in_time(engine: Engine) -> None:
    groups = {
        f"g{level}": GroupData({f"n{i}": NodeData(f"group:g{level + 1}") for i in range(10)})
        for level in range(8)
    }
    groups["g8"] = GroupData({"n": NodeData("t.number")})
    begun = time.process_time()
    with pytest.raises(RequestError, match="opening its groups gives more than 200000 nodes"):
        engine.plan(grouped(groups, bomb=("group:g0",), good=("t.number",)))
    assert time.process_time() - begun < 10


def test_deep_nesting_is_no_fault(engine: Engine) -> None:
    groups = {
        f"g{level}": GroupData(
            {"n": NodeData(f"group:g{level + 1}")}, outputs={"out": ("n", "out")}, params={"p": ("n", "p")}
        )
        for level in range(600)
    }
    groups["g600"] = GroupData(
        {"n": NodeData("t.number")}, outputs={"out": ("n", "value")}, params={"p": ("n", "value")}
    )
    data = grouped(groups, g=("group:g0", {"p": 3}), end=("t.parity", {}, {"a": "g.out"}))
    assert Ran(engine, data).value("end") == 1


@pytest.mark.parametrize(
    ("params", "links", "place", "said"),
    [
        ({"thrid": 1}, {}, "g.thrid", "the group has no such parameter"),
        ({}, {"inn": "n"}, "g.inn", "the group has no such input"),
        ({"lost": 1}, {}, "g.lost", "leads to 'gone' inside"),
        ({}, {"astray": "n"}, "g.astray", "leads to 'gone' inside"),
        ({}, {"wrong": "n"}, "g/a.nothing", "t.add has no such input"),
        ({"first": "x"}, {}, "g/a.plus", "is 'x'; expected a whole number"),
        ({}, {"first": "image.image"}, "g/a.plus", "gives Image; expected int"),
    ],
)
def test_what_is_wrong_at_a_group_is_told_and_nothing_inside_runs(
    engine: Engine, params: dict[str, Any], links: dict[str, str], place: str, said: str
) -> None:
    group = replace(
        PLUS,
        inputs={**PLUS.inputs, "astray": (("gone", "x"),), "wrong": (("a", "nothing"),)},
        params={**PLUS.params, "lost": ("gone", "x")},
    )
    data = grouped(
        {"plus": group},
        n=("t.number",),
        image=("t.picture",),
        g=("group:plus", params, {"in": "n", **links}),
        good=("t.number", {"value": 5}),
    )
    made = engine.plan(data)
    assert {problem.where: problem.message for problem in made.problems}.get(place, "").find(said) >= 0
    assert not any(name.startswith("g/b") for name in made.targets)
    assert "good" in made.targets


@pytest.mark.parametrize("end", [("gone", "value"), ("b", "gone"), ("", "")])
def test_an_output_that_leads_nowhere_is_told_where_it_is_used(engine: Engine, end: tuple[str, str]) -> None:
    data = grouped(
        {"plus": replace(PLUS, outputs={"out": end})},
        n=("t.number",),
        g=("group:plus", {}, {"in": "n"}),
        end=("t.parity", {}, {"a": "g.out"}),
        other=("t.parity", {}, {"a": "g.no"}),
    )
    found = refusals(engine, data)
    assert "end.a" in found
    assert "has no output 'no'" in found["other.a"]


def test_a_cycle_through_a_group_is_found(engine: Engine) -> None:
    data = grouped(
        g=("group:plus", {}, {"in": "p"}), p=("t.parity", {}, {"a": "g.out"}), good=("t.number", {"value": 1})
    )
    assert any("cycle" in said for said in refusals(engine, data).values())
