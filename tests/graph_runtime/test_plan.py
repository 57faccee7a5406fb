"""What a plan says of a wrong graph: everything at once, each with its place, and what is right still runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.errors import Problem, RequestError
from meshloom.graph_runtime.graph import GraphData, Link, NodeData
from meshloom.graph_runtime.keys import Keys
from meshloom.graph_runtime.plan import Plan, plan
from meshloom.graph_runtime.stamps import Stamps

from .conftest import graph

Planner = Callable[..., Plan]


@pytest.fixture
def planned(catalog: Catalog, tmp_path: Path) -> Planner:
    def make(data: GraphData, targets: list[str] | None = None) -> Plan:
        return plan(data, catalog, Keys(Stamps()), targets, tmp_path)

    return make


@pytest.fixture
def problems(planned: Planner) -> Callable[..., dict[str, Problem]]:
    """The problems of a graph by place, whether anything is left to run or not."""

    def find(data: GraphData, targets: list[str] | None = None) -> dict[str, Problem]:
        try:
            found = planned(data, targets).problems
        except RequestError as error:
            found = list(error.problems)
        return {problem.where: problem for problem in found}

    return find


Problems = Callable[..., dict[str, Problem]]


def test_every_problem_is_told_at_once(problems: Problems) -> None:
    found = problems(
        graph(
            typo=("t.numbr",),
            socket=("t.parity", {}, {"a": "n", "aa": "n"}),
            output=("t.parity", {}, {"a": "n.valeu"}),
            nowhere=("t.parity", {}, {"a": "gone"}),
            lacking=("t.brighter",),
            type=("t.brighter", {}, {"image": "n"}),
            param=("t.number", {"valu": 1}),
            value=("t.number", {"value": "12"}),
            n=("t.number",),
            self=("t.parity", {}, {"a": "self"}),
        )
    )
    assert found["typo"].message == "no node is called 't.numbr'"
    assert found["typo"].hint.startswith("did you mean t.number")
    assert found["socket.aa"].message == "t.parity has no such input"
    assert found["output.a"].message == "is linked to n.valeu, which does not exist"
    assert found["output.a"].hint == "did you mean value?"
    assert found["nowhere.a"].message == "is linked to gone, which is not in the graph"
    assert found["lacking.image"].message == "is not connected; expected an Image"
    assert "t.picture" in found["lacking.image"].hint or "image." in found["lacking.image"].hint
    assert found["type.image"].message == "is linked to n, which gives int; expected Image"
    assert found["param.valu"].hint == "did you mean value?"
    assert found["value.value"].message == "is '12'; expected a whole number"
    assert found["self"].message == "is part of a cycle: self -> self"
    assert len(found) == 9


@pytest.mark.parametrize(
    ("param", "given", "said"),
    [
        ("whole", "12", "is '12'; expected a whole number from 0 to 10"),
        ("whole", 3.9, "is 3.9; expected a whole number"),
        ("whole", 3.0, "is 3.0; expected a whole number"),
        ("whole", True, "is True; expected a whole number"),
        ("whole", None, "is null; expected a whole number"),
        ("whole", 11, "is 11; expected a whole number from 0 to 10"),
        ("whole", -1, "is -1; expected"),
        ("whole", 10**400, "is too large; expected"),
        pytest.param("whole", -(10**5000), "is too large; expected", id="5000 digits"),
        ("whole", [1], "is [1]; expected"),
        ("whole", {}, "is {}; expected"),
        ("real", "0.5", "is '0.5'; expected a number from -1 to 1"),
        ("real", False, "is False; expected a number"),
        ("real", float("nan"), "is nan; expected a number"),
        ("real", float("-inf"), "is -inf; expected a number"),
        ("real", 10**400, "is too large for a number"),
        ("real", 1.0000001, "expected a number from -1 to 1"),
        ("free", 10**400, "is too large for a number"),
        ("free", float("inf"), "is inf; expected a number"),
        ("flag", 1, "is 1; expected true or false"),
        ("flag", "true", "is 'true'; expected true or false"),
        ("flag", None, "is null; expected true or false"),
        ("words", 12, "is 12; expected text"),
        ("words", "\ud800", "broken Unicode"),
        ("pick", "blue", "is 'blue'; expected one of red, green"),
        ("pick", 0, "is 0; expected one of red, green"),
        ("place", "a\0b", "holds a NUL character"),
        ("place", "a\ud800", "broken Unicode"),
        ("place", 3, "is 3; expected a path"),
        ("pair", [1.0], "expected 2 numbers"),
        ("pair", [1.0, 2.0, 3.0], "expected 2 numbers"),
        ("pair", [1.0, "2"], "is '2'; expected"),
        ("pair", [1.0, None], "is None; expected"),
        ("pair", "1,2", "is '1,2'; expected"),
        ("counts", [1, 2.5], "is 2.5; expected a list of whole numbers"),
        pytest.param("counts", [10**5000], "is too large", id="5000 digits in a list"),
        ("names", ["a", 1], "is 1; expected a list of texts"),
        ("limit", 10, "is 10; expected a whole number from 1 to 9"),
        ("source", "no/such/file", "does not exist"),
        ("source", ".", "is a folder; expected a file"),
        ("source", "/dev/zero", "expected a file"),
        ("source", "x" * 5000, "File name too long"),
        ("sources", ["no/such/file"], "does not exist"),
    ],
)
def test_nothing_is_coerced(problems: Problems, param: str, given: Any, said: str) -> None:
    found = problems(graph(p=("t.params", {param: given})))
    assert list(found) == [f"p.{param}"]
    assert said in found[f"p.{param}"].message
    assert len(found[f"p.{param}"].message) < 5300


@pytest.mark.parametrize(
    ("param", "given", "held"),
    [
        ("real", 1, 1.0),
        ("maybe", None, None),
        ("limit", None, None),
        ("pair", [1, 2], (1.0, 2.0)),
        ("counts", [], ()),
        ("source", None, None),
        ("free", -1e308, -1e308),
    ],
)
def test_what_means_the_same_is_taken(planned: Planner, param: str, given: Any, held: Any) -> None:
    taken = planned(graph(p=("t.params", {param: given}))).nodes["p"].params[param]
    assert taken == held
    assert type(taken) is type(held)


def test_a_message_stays_short_however_long_the_value(problems: Problems) -> None:
    data = graph(p=("t.params", {"whole": "9" * 100_000, "counts": ["x"] * 100_000, "pick": "y" * 100_000}))
    assert max(len(problem.message) for problem in problems(data).values()) < 200
    assert len(problems(graph(p=("t" * 50_000,)))["p"].message) < 200


def test_a_cycle_is_told_with_its_path(problems: Problems) -> None:
    found = problems(
        graph(
            a=("t.add", {"plus": "x"}, {"a": "c", "b": "c"}),
            b=("t.parity", {}, {"a": "a"}),
            c=("t.parity", {}, {"a": "b"}),
            below=("t.parity", {}, {"a": "c"}),
        )
    )
    cycle = next(problem for problem in found.values() if "cycle" in problem.message)
    assert cycle.message.count("->") == 3
    assert found["a.plus"].message.startswith("is 'x'")


def test_a_long_cycle_is_told_in_short(problems: Problems) -> None:
    nodes = {
        f"n{i}": NodeData("t.parity", {}, {"a": Link(f"n{(i - 1) % 3000}", "value")}) for i in range(3000)
    }
    (problem,) = problems(GraphData(nodes)).values()
    assert len(problem.message) < 200


def test_broken_strays_leave_a_good_target_alone(planned: Planner) -> None:
    strays = {f"s{i}": NodeData("t.parity", {}, {"a": Link(f"s{i - 1}", "value")}) for i in range(1, 1500)}
    data = graph(n=("t.number",), good=("t.parity", {}, {"a": "n"}), odd=("t.numbr",), lone=("t.add",))
    made = planned(replace(data, nodes={**data.nodes, "s0": NodeData("t.parity"), **strays}))
    assert made.targets == ["good"]
    assert set(made.nodes) == {"n", "good"}
    places = {problem.where for problem in made.problems}
    assert places == {"odd", "lone.a", "lone.b", "s0.a"}


def test_thousands_of_unknown_nodes_are_told_quickly(problems: Problems) -> None:
    nodes = {f"n{i}": NodeData(f"t.unknown{i}", {"x": 1}, {"y": Link("z", "w")}) for i in range(3000)}
    begun = time.process_time()
    found = problems(GraphData(nodes))
    assert time.process_time() - begun < 6
    assert len(found) == 3000


@pytest.mark.parametrize(
    "data",
    [
        GraphData(),
        GraphData({"a": NodeData("t.number", mute=True)}),
        GraphData({"a": NodeData("t.parity", bypass=True)}),
    ],
)
def test_nothing_to_run_is_said(planned: Planner, data: GraphData) -> None:
    with pytest.raises(RequestError, match="nothing to run"):
        planned(data)


def test_an_unknown_target_is_told_with_what_was_meant(planned: Planner) -> None:
    with pytest.raises(RequestError, match="did you mean number"):
        planned(graph(number=("t.number",)), ["numbr"])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"mute": True}, "it is muted"),
        ({"bypass": True}, "it is bypassed"),
        ({"type": "t.gone"}, "no node is called"),
    ],
)
def test_a_target_that_cannot_run_says_why(planned: Planner, change: dict[str, Any], reason: str) -> None:
    data = graph(n=("t.number",), p=("t.parity", {}, {"a": "n"}))
    data = replace(data, nodes={**data.nodes, "p": replace(data.nodes["p"], **change)})
    with pytest.raises(RequestError, match=reason):
        planned(data, ["p"])
    assert planned(data).targets == ["n"]


def test_a_broken_input_is_named_where_it_is_asked_for(planned: Planner) -> None:
    data = graph(n=("t.number", {"value": "x"}), p=("t.parity", {}, {"a": "n"}))
    with pytest.raises(RequestError) as caught:
        planned(data, ["p"])
    assert {problem.where for problem in caught.value.problems} == {"n.value", "p"}


def test_what_a_muted_node_would_feed_falls_away_or_back(planned: Planner) -> None:
    data = graph(
        n=("t.number",),
        below=("t.parity", {}, {"a": "n"}),
        twice=("t.add", {}, {"a": "below", "b": "n"}),
        maybe=("t.maybe", {"otherwise": 5}, {"a": "below", "otherwise": "n"}),
        fed=("t.number", {"value": 4}, {"value": "below"}),
    )
    made = planned(replace(data, nodes={**data.nodes, "n": replace(data.nodes["n"], mute=True)}))
    assert set(made.muted) == {"n", "below", "twice"}
    assert made.targets == ["maybe", "fed"]
    assert made.nodes["maybe"].sources == {}
    assert made.nodes["maybe"].params == {"otherwise": 5}
    assert made.nodes["fed"].params == {"value": 4}
    assert made.problems == []


def test_bypassed_nodes_may_not_lead_in_a_circle(problems: Problems) -> None:
    loop = NodeData("t.parity", {}, {"a": Link("b", "value")}, bypass=True)
    data = graph(end=("t.parity", {}, {"a": "a"}))
    nodes = {**data.nodes, "a": loop, "b": replace(loop, links={"a": Link("a", "value")})}
    assert "leads back to itself" in problems(GraphData(nodes))["end.a"].message


def test_many_links_into_a_long_bypassed_chain_are_linear(planned: Planner) -> None:
    nodes = {"n": NodeData("t.number")}
    for index in range(4000):
        source = f"b{index - 1}" if index else "n"
        nodes[f"b{index}"] = NodeData("t.parity", {}, {"a": Link(source, "value")}, bypass=True)
        nodes[f"c{index}"] = NodeData("t.parity", {}, {"a": Link("b3999", "value")})
    begun = time.process_time()
    made = planned(GraphData(nodes))
    assert time.process_time() - begun < 2
    assert made.nodes["c7"].sources["a"].node == "n"


def test_lists_of_lists_are_refused(problems: Problems) -> None:
    found = problems(
        graph(
            many=("t.pictures",),
            more=("t.repeat", {}, {"image": "many.images"}),
            mean=("t.mean", {}, {"images": "more.images"}),
        )
    )
    assert "list of lists" in found["mean.images"].message


def test_a_parameter_takes_a_link_of_its_kind_only(problems: Problems) -> None:
    found = problems(
        graph(
            n=("t.number",),
            image=("t.picture",),
            ok=("t.params", {}, {"whole": "n", "free": "n"}),
            bad=("t.params", {}, {"whole": "image.image", "pair": "n", "words": "n"}),
        )
    )
    assert set(found) == {"bad.whole", "bad.pair", "bad.words"}
    assert "takes no link" in found["bad.pair"].message


@pytest.mark.parametrize("name", ["-1", "0", "__class__", "value.x", "", "0x1"])
def test_sockets_are_names_not_places(problems: Problems, name: str) -> None:
    data = GraphData({"n": NodeData("t.number"), "p": NodeData("t.parity", {}, {"a": Link("n", name)})})
    assert "does not exist" in problems(data)["p.a"].message
    data = GraphData({"n": NodeData("t.number"), "p": NodeData("t.number", {}, {name: Link("n", "value")})})
    assert "no such input" in problems(data)[f"p.{name}" if name else "p"].message


def _layered(count: int) -> dict[str, NodeData]:
    nodes = {"d0": NodeData("t.number")}
    for index in range(1, count):
        above = Link(f"d{index - 1}", "value")
        nodes[f"d{index}"] = NodeData("t.add", {}, {"a": above, "b": above})
    return nodes


@pytest.mark.parametrize("count", [31, 5000])
def test_diamonds_and_chains_are_linear(planned: Planner, count: int) -> None:
    planned(GraphData(_layered(3)))
    begun = time.process_time()
    assert len(planned(GraphData(_layered(count))).nodes) == count
    assert time.process_time() - begun < 0.1 + count * 0.0004
