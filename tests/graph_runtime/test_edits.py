"""Undo and redo: whatever is done to whatever document can be undone exactly, and done again."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.document import DEFAULT, Document
from meshloom.graph_runtime.edits import (
    Add,
    Batch,
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
    in_turn,
)
from meshloom.graph_runtime.errors import EditError, NameTaken
from meshloom.graph_runtime.graph import GraphData, GroupData, Link, NodeData
from meshloom.graph_runtime.preset import dump, parse, to_edits

from .test_document import BROKEN, DATA

_names = st.sampled_from(["a", "b", "c", "n", "p", "g", "ghost", "wrong", "range", "c1", "x"])
_scopes = st.sampled_from(["", "", "", "plus", "outer", "g", "h"])
_types = st.sampled_from(
    [
        "t.number",
        "t.add",
        "t.parity",
        "t.picture",
        "t.params",
        "group:plus",
        "group:outer",
        "group:g",
        "no.such",
    ]
)
_sockets = st.sampled_from(["a", "b", "in", "value", "plus", "image", "whole", "gone"])
_outputs = st.sampled_from(["value", "image", "out", "gone"])
_params = st.sampled_from(["value", "plus", "whole", "limit", "words", "gone"])
_given = st.sampled_from([0, 3, 99, 2.5, True, None, "text", [1, 2], DEFAULT])
_places = st.none() | st.tuples(st.integers(-50, 50).map(float), st.just(0.5))
_datas = st.builds(
    NodeData,
    _types,
    st.dictionaries(_params, _given.filter(lambda given: given is not DEFAULT), max_size=2),
    st.dictionaries(_sockets, st.builds(Link, _names, _outputs), max_size=2),
    st.booleans(),
    st.booleans(),
    st.integers(1, 2),
    st.sampled_from(["", "Title"]),
)
_ends = st.tuples(_names, _sockets)
_interfaces = st.none() | st.builds(
    GroupData,
    inputs=st.dictionaries(_sockets, st.lists(_ends, max_size=2).map(tuple), max_size=2),
    outputs=st.dictionaries(_outputs, _ends, max_size=2),
    params=st.dictionaries(_params, _ends, max_size=2),
)
_single = st.one_of(
    st.builds(Add, _names, _datas, _places, _scopes),
    st.builds(Remove, _names, _scopes),
    st.builds(NewLink, _names, _outputs, _names, _sockets, _scopes),
    st.builds(Unlink, _names, _sockets, _scopes),
    st.builds(Set, _names, _params, _given, _scopes),
    st.builds(Flag, _names, st.booleans(), st.booleans(), _scopes),
    st.builds(Title, _names, st.sampled_from(["", "One", "Two"]), _scopes),
    st.builds(Rename, _names, _names, _scopes),
    st.builds(Move, _names, _places, _scopes),
    st.builds(Group, st.sampled_from(["plus", "outer", "g", "h"]), _interfaces),
    st.builds(
        Extra, st.sampled_from(["note", "frames", "nodes"]), st.none() | st.lists(st.integers(), max_size=2)
    ),
)
_edits = st.lists(_single | st.builds(Batch, st.lists(_single, max_size=4).map(tuple)), max_size=40)


@given(st.sampled_from([GraphData(), DATA, BROKEN]), _edits)
@settings(max_examples=int(os.environ.get("MESHLOOM_TEST_EDITS", "120")), deadline=None, derandomize=True)
def test_every_edit_can_be_undone_and_redone_exactly(
    catalog: Catalog, start: GraphData, edits: list[Edit]
) -> None:
    document = Document(catalog)
    to_edits(start).apply(document)
    texts = [dump(document.snapshot())]
    undo: list[Edit] = []
    for edit in edits:
        try:
            undo.append(edit.apply(document))
        except EditError:
            assert dump(document.snapshot()) == texts[-1]
        else:
            texts.append(dump(document.snapshot()))
    for _ in range(2):
        redo: list[Edit] = []
        for text in reversed(texts[:-1]):
            redo.append(undo.pop().apply(document))
            assert dump(document.snapshot()) == text
        for text in texts[1:]:
            undo.append(redo.pop().apply(document))
            assert dump(document.snapshot()) == text
    again = Document(catalog)
    to_edits(parse(texts[-1].encode())).apply(again)
    assert dump(again.snapshot()) == texts[-1]


def test_removing_takes_links_along_and_undo_brings_them_back(catalog: Catalog) -> None:
    document = Document(catalog)
    to_edits(DATA).apply(document)
    undo = Remove("n").apply(document)
    assert document.node("p").links == {}
    assert document.node("g").links == {}
    undo.apply(document)
    assert dump(document.snapshot()) == dump(DATA)


def test_renaming_takes_links_and_the_interface_along(catalog: Catalog) -> None:
    document = Document(catalog)
    to_edits(DATA).apply(document)
    undo = Batch((Rename("n", "number"), Rename("a", "sum", "plus"))).apply(document)
    assert document.node("p").links == {"a": Link("number", "value")}
    assert document.group("plus").outputs["out"] == ("sum", "value")
    undo.apply(document)
    assert dump(document.snapshot()) == dump(DATA)


def test_a_batch_is_all_or_nothing(catalog: Catalog) -> None:
    document = Document(catalog)
    to_edits(DATA).apply(document)
    heard: list[str] = []
    document.listen(lambda what, scope, name: heard.append(what))
    with pytest.raises(NameTaken):
        Batch((Add("x", NodeData("t.number")), Batch((Remove("n"),)), Add("x", NodeData("t.number")))).apply(
            document
        )
    assert dump(document.snapshot()) == dump(DATA)
    assert heard.count("added") == heard.count("removed")


def test_labels_say_what_was_done() -> None:
    assert [
        edit.label for edit in (Add("x", NodeData("t")), Flag("x", mute=True), Flag("x"), Batch((), "Paste"))
    ] == [
        "Add x",
        "Mute x",
        "Enable x",
        "Paste",
    ]


def test_a_drag_holds_one_edit_of_each_thing_however_long_it_is() -> None:
    step: Edit = Batch(())
    for count in range(50):
        place = Move("a", (float(count), 0.0))
        step = in_turn(step, Batch((Set("a", "x", count), place, Extra("dots", count))), "Drag")
    assert isinstance(step, Batch)
    assert step.edits == (Set("a", "x", 49), Move("a", (49.0, 0.0)), Extra("dots", 49))


def test_edits_whose_order_matters_stay_in_it() -> None:
    step = in_turn(in_turn(Rename("a", "b"), Set("b", "x", 1), "Both"), Set("b", "x", 2), "Both")
    assert step.edits == (Rename("a", "b"), Set("b", "x", 1), Set("b", "x", 2))
