"""The document: its rules, each with an error of its own, and what it keeps of a broken file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.document import DEFAULT, Document
from meshloom.graph_runtime.edits import (
    Add,
    Edit,
    Extra,
    Flag,
    Group,
    Move,
    NewLink,
    Remove,
    Rename,
    Set,
    Title,
    Unlink,
)
from meshloom.graph_runtime.engine import Engine
from meshloom.graph_runtime.errors import (
    BadValue,
    EditError,
    InputTaken,
    NameTaken,
    RequestError,
    UnknownNode,
    UnknownSocket,
    WouldCycle,
    WrongType,
)
from meshloom.graph_runtime.graph import GraphData, GroupData, Link, NodeData
from meshloom.graph_runtime.preset import dump, to_edits

from .conftest import Ran, graph

PLUS = GroupData(
    {"a": NodeData("t.add"), "p": NodeData("t.picture")},
    inputs={"in": (("a", "a"), ("a", "b"))},
    outputs={"out": ("a", "value"), "image": ("p", "image")},
    params={"plus": ("a", "plus"), "names": ("a", "names")},
)
DATA = GraphData(
    {
        "n": NodeData("t.number", {"value": 3}),
        "p": NodeData("t.parity", {}, {"a": Link("n", "value")}),
        "q": NodeData("t.parity", {}, {"a": Link("p", "value")}),
        "image": NodeData("t.picture"),
        "g": NodeData("group:plus", {}, {"in": Link("n", "value")}),
        "ghost": NodeData("pack.gone", {"x": [1, 2]}, {"in": Link("n", "value")}),
        "free": NodeData("t.add"),
    },
    {"plus": PLUS, "outer": GroupData({"g": NodeData("group:plus")})},
    {"n": (0.0, 1.5)},
    {"notes": ["hello"]},
)


@pytest.fixture
def open_(catalog: Catalog) -> Callable[[GraphData], Document]:
    def make(data: GraphData) -> Document:
        document = Document(catalog)
        to_edits(data).apply(document)
        return document

    return make


@pytest.fixture
def document(open_: Callable[[GraphData], Document]) -> Document:
    return open_(DATA)


RULES: list[tuple[Edit, type[EditError]]] = [
    (Add("n", NodeData("t.number")), NameTaken),
    (Add("", NodeData("t.number")), BadValue),
    (Add("a/b", NodeData("t.number")), BadValue),
    (Add("a.b", NodeData("t.number")), BadValue),
    (Add(" a", NodeData("t.number")), BadValue),
    (Add("a\x1b", NodeData("t.number")), BadValue),
    (Add("a" * 500, NodeData("t.number")), BadValue),
    (Add("x", NodeData("")), BadValue),
    (Add("x", NodeData("t.number", {"value": "1"})), BadValue),
    (Add("x", NodeData("t.number", {"valu": 1})), UnknownSocket),
    (Add("x", NodeData("t.parity", {}, {"a": Link("gone", "value")})), UnknownNode),
    (Add("x", NodeData("t.parity", {}, {"a": Link("image", "image")})), WrongType),
    (Add("x", NodeData("t.add", {}, {"a": Link("n", "value"), "b": Link("x", "value")})), WouldCycle),
    (Add("x", NodeData("t.number"), (float("nan"), 0.0)), BadValue),
    (Add("x", NodeData("t.number", title="\ud800")), BadValue),
    (Add("x", NodeData("pack.gone", {"x": float("inf")})), BadValue),
    (Add("x", NodeData("t.number"), scope="no group"), UnknownNode),
    (Add("x", NodeData("group:plus"), scope="plus"), WouldCycle),
    (Add("x", NodeData("group:outer"), scope="plus"), WouldCycle),
    (Remove("gone"), UnknownNode),
    (NewLink("n", "value", "gone", "a"), UnknownNode),
    (NewLink("gone", "value", "free", "a"), UnknownNode),
    (NewLink("n", "valu", "free", "a"), UnknownSocket),
    (NewLink("n", "value", "free", "c"), UnknownSocket),
    (NewLink("n", "value", "p", "a"), InputTaken),
    (NewLink("image", "image", "free", "a"), WrongType),
    (NewLink("g", "image", "free", "a"), WrongType),
    (NewLink("image", "image", "g", "plus"), WrongType),
    (NewLink("g", "gone", "free", "a"), UnknownSocket),
    (NewLink("n", "value", "g", "gone"), UnknownSocket),
    (NewLink("free", "value", "free", "a"), WouldCycle),
    (NewLink("q", "value", "n", "value"), WouldCycle),
    (Unlink("free", "a"), UnknownSocket),
    (Unlink("free", "gone"), UnknownSocket),
    (Unlink("gone", "a"), UnknownNode),
    (Set("n", "value", 1.5), BadValue),
    (Set("n", "value", None), BadValue),
    (Set("n", "value", True), BadValue),
    (Set("n", "value", 10**400), BadValue),
    (Set("n", "gone", 1), UnknownSocket),
    (Set("gone", "value", 1), UnknownNode),
    (Set("ghost", "x", float("nan")), BadValue),
    (Set("ghost", "x", object()), BadValue),
    (Flag("gone", mute=True), UnknownNode),
    (Title("gone", "t"), UnknownNode),
    (Title("n", "\udfff"), BadValue),
    (Rename("gone", "x"), UnknownNode),
    (Rename("n", "p"), NameTaken),
    (Rename("n", "a/b"), BadValue),
    (Rename("n", ""), BadValue),
    (Move("gone", (0.0, 0.0)), UnknownNode),
    (Move("n", (0.0, float("inf"))), BadValue),
    (Group("", PLUS), BadValue),
    (Group("", None), BadValue),
    (Group("a/b", PLUS), BadValue),
    (Group("gone", None), UnknownNode),
    (Group("plus", None), BadValue),
    (Group("outer", None), BadValue),
    (Extra("nodes", {}), NameTaken),
    (Extra("meshloom", 2), NameTaken),
    (Extra("note", float("nan")), BadValue),
    (Extra("note", object()), BadValue),
    (Extra("\ud800", 1), BadValue),
]


@pytest.mark.parametrize(
    ("edit", "error"), RULES, ids=lambda part: getattr(part, "label", "") or part.__name__
)
def test_a_rule_has_its_own_error_and_changes_nothing(
    document: Document, edit: Edit, error: type[EditError]
) -> None:
    before = dump(document.snapshot())
    with pytest.raises(EditError) as caught:
        edit.apply(document)
    assert caught.type is error
    assert caught.value.problems[0].where
    assert dump(document.snapshot()) == before


def test_what_is_opened_is_what_was_saved(document: Document) -> None:
    assert dump(document.snapshot()) == dump(DATA)


def test_suggestions_come_with_the_refusal(document: Document) -> None:
    for edit, meant in (
        (NewLink("n", "valu", "free", "a"), "value"),
        (Set("n", "valeu", 1), "value"),
        (Remove("ghots"), "ghost"),
        (NewLink("n", "value", "g", "pluss"), "plus"),
    ):
        with pytest.raises(EditError, match=f"did you mean {meant}"):
            edit.apply(document)


def test_a_ghost_keeps_all_it_has(document: Document, catalog: Catalog) -> None:
    NewLink("ghost", "anything", "free", "a").apply(document)
    NewLink("n", "value", "ghost", "another").apply(document)
    Set("ghost", "y", {"deep": [None]}).apply(document)
    again = Document(catalog)
    to_edits(document.snapshot()).apply(again)
    node = again.node("ghost")
    assert node.params == {"x": [1, 2], "y": {"deep": [None]}}
    assert node.links == {"in": Link("n", "value"), "another": Link("n", "value")}
    assert again.node("free").links == {"a": Link("ghost", "anything")}


def test_null_is_a_value_and_default_is_none(document: Document) -> None:
    Add("all", NodeData("t.params", {"limit": None})).apply(document)
    assert document.node("all").params == {"limit": None}
    undo = Set("all", "limit", DEFAULT).apply(document)
    assert document.node("all").params == {}
    undo.apply(document)
    assert document.node("all").params == {"limit": None}


def test_a_linked_parameter_of_a_group_is_an_input(document: Document, engine: Engine) -> None:
    NewLink("n", "value", "g", "plus").apply(document)
    assert Ran(engine, document.snapshot(), targets=["g"]).value("g/a") == 9


def test_listeners_hear_what_happened_and_only_that(document: Document) -> None:
    heard: list[tuple[str, str, str]] = []
    document.listen(lambda *what: heard.append(what))
    with pytest.raises(BadValue):
        Add("x", NodeData("t.number", {"value": "no"})).apply(document)
    assert heard == []
    Add("x", NodeData("t.parity", {}, {"a": Link("n", "value")})).apply(document)
    assert heard == [("added", "", "x"), ("linked", "", "x")]


#: Every kind of fault that a file can have beyond its form, and what must survive opening it.
BROKEN = GraphData(
    {
        "range": NodeData("t.params", {"whole": 99, "pick": "blue", "gone": 1, "flag": "yes"}),
        "socket": NodeData("t.parity", {}, {"a": Link("n", "value"), "b": Link("n", "gone")}),
        "type": NodeData("t.brighter", {}, {"image": Link("n", "value")}),
        "n": NodeData("t.number"),
        "c1": NodeData("t.parity", {}, {"a": Link("c2", "value")}),
        "c2": NodeData("t.parity", {}, {"a": Link("c1", "value")}),
        "unknown": NodeData("no.such", {"x": 1}, {"y": Link("n", "value")}, mute=True, version=9, title="T"),
        "instance": NodeData("group:gone", {"x": 1}, {"y": Link("n", "value")}),
        "wrong": NodeData("group:g", {"no": 1}, {"no": Link("n", "value"), "in": Link("n", "no")}),
        "end": NodeData("t.parity", {}, {"a": Link("wrong", "no")}),
    },
    {
        "g": GroupData(
            {"self": NodeData("group:g")},
            {"in": (("nowhere", "x"),), "none": ()},
            {"out": ("self", "gone")},
            {"p": ("nowhere", "y")},
            {"self": (1.0, 2.0)},
        )
    },
    {"n": (5.0, 6.0)},
    {"note": {"deep": [1, None]}},
)


def test_a_broken_file_opens_as_it_is(open_: Callable[[GraphData], Document]) -> None:
    document = open_(BROKEN)
    assert dump(document.snapshot()) == dump(BROKEN)
    assert set(document.find_cycle() or []) == {"c1", "c2"}


def test_every_node_of_a_broken_file_can_be_removed_and_come_back(
    open_: Callable[[GraphData], Document],
) -> None:
    document = open_(BROKEN)
    undo = [Remove(name).apply(document) for name in BROKEN.nodes]
    assert document.names() == ()
    redo = [edit.apply(document) for edit in reversed(undo)]
    assert dump(document.snapshot()) == dump(BROKEN)
    for edit in reversed(redo):
        edit.apply(document)
    assert document.names() == ()


def test_what_no_document_can_hold_is_left_out(
    open_: Callable[[GraphData], Document], engine: Engine
) -> None:
    data = graph(n=("t.number",), s=("t.parity", {}, {"a": "s"}), d=("t.parity", {}, {"a": "gone"}))
    document = open_(data)
    assert document.node("s").links == document.node("d").links == {}
    with pytest.raises(RequestError) as caught:
        engine.plan(data, ["s", "d"])
    assert {problem.where for problem in caught.value.problems} >= {"s", "d.a"}


def test_a_broken_file_can_be_mended(open_: Callable[[GraphData], Document], engine: Engine) -> None:
    document = open_(BROKEN)
    for edit in (
        Set("range", "whole", 9),
        Set("range", "pick", "red"),
        Set("range", "gone", DEFAULT),
        Set("range", "flag", True),
        Unlink("socket", "b"),
        Unlink("c1", "a"),
        NewLink("n", "value", "c1", "a"),
        *(Remove(name) for name in ("type", "unknown", "instance", "wrong", "end")),
    ):
        edit.apply(document)
    assert engine.plan(document.snapshot()).problems == []


def test_groups_named_like_the_document_itself(open_: Callable[[GraphData], Document]) -> None:
    data = GraphData({"a": NodeData("group:graph")}, {"graph": GroupData({"n": NodeData("t.number")})})
    document = open_(data)
    assert document.scopes == ("", "graph")
    assert dump(document.snapshot()) == dump(data)
    assert document.names("graph") == ("n",)


def test_reading_does_not_change(document: Document) -> None:
    snapshot: Any = document.snapshot()
    snapshot.nodes["n"].params["value"] = 99
    snapshot.groups["plus"].inputs.clear()
    assert dump(document.snapshot()) == dump(DATA)
