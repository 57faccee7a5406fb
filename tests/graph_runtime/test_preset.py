"""Workflow files: what is read, what is refused and how that is said, what is written."""

from __future__ import annotations

import json
import struct
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.errors import WorkflowError
from meshloom.graph_runtime.graph import GraphData, GroupData, Link, NodeData
from meshloom.graph_runtime.preset import dump, parse, read_workflow, resolve, save_workflow


def workflow(**top: Any) -> bytes:
    return json.dumps({"meshloom": 1, **top}).encode()


def refusal(data: bytes) -> str:
    with pytest.raises(WorkflowError) as caught:
        parse(data, "w.json")
    return str(caught.value)


# --------------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not valid JSON"),
        (b"[]", "no Meshloom workflow"),
        (b"null", "no Meshloom workflow"),
        (b'"text"', "no Meshloom workflow"),
        (b"12", "no Meshloom workflow"),
        (b"{}", "no Meshloom workflow"),
        (b'{"meshloom": 1, "nodes": {', "line 1, column 27"),
        (b'{"meshloom": 1, "nodes": {}}}', "Extra data at line 1"),
        (b"\xff\xfe{\x00}\x00", "not UTF-8"),
        (b'{"meshloom": "1"}', "has format '1'"),
        (b'{"meshloom": true}', "has format True"),
        (b'{"meshloom": 0}', "has format 0"),
        (b'{"meshloom": 2}', "made by a newer Meshloom"),
        (b'{"meshloom": 1, "meshloom": 1}', "stands twice"),
        (b'{"meshloom": 1, "nodes": {"a": {"type": "t", "type": "u"}}}', "'type' stands twice"),
        (b'{"meshloom": 1, "nodes": {"a": {"type": "t", "with": {"x": NaN}}}}', "NaN is no number"),
        (b'{"meshloom": 1, "nodes": {"a": {"type": "t", "with": {"x": -Infinity}}}}', "is no number"),
        (b'{"meshloom": 1, "nodes": {"a": {"type": "t", "with": {"x": 1e999}}}}', "too large"),
        (b'{"meshloom": 1, "note": 1e999}', "too large"),
        (b'{"meshloom": 1, "nodes": {"a": {"type": "t", "with": {"x": %s}}}}' % (b"9" * 5000), "5000 digits"),
        (b'{"meshloom": 1, "nodes": {"a": {"type": "t", "with": {"x": "\\ud800"}}}}', "broken Unicode"),
        (b'{"meshloom": 1, "nodes": {"\\udfff": {"type": "t"}}}', "broken Unicode"),
        (b'{"3": {"class_type": "KSampler", "inputs": {}}}', "ComfyUI"),
        (b'{"last_node_id": 3, "nodes": [], "links": []}', "ComfyUI"),
    ],
)
def test_what_is_no_workflow_is_refused(data: bytes, said: str) -> None:
    assert said in refusal(data)


@pytest.mark.parametrize(
    ("top", "said"),
    [
        ({"nodes": []}, "nodes: is a list; expected an object"),
        ({"nodes": None}, "nodes: is missing; expected an object"),
        ({"nodes": "x"}, "nodes: is 'x'; expected an object"),
        ({"nodes": {"a": "x"}}, "a: is 'x'; expected an object with a type"),
        ({"nodes": {"a": None}}, "a: is missing"),
        ({"nodes": {"a": []}}, "a: is a list"),
        ({"nodes": {"a": {}}}, "a: its type is missing"),
        ({"nodes": {"a": {"type": 3}}}, "a: its type is 3"),
        ({"nodes": {"a": {"type": "t", "withs": {}}}}, "did you mean with"),
        ({"nodes": {"a": {"type": "t", "with": []}}}, "a.with: is a list"),
        ({"nodes": {"a": {"type": "t", "from": {"x": 3}}}}, "a.x: is linked to 3"),
        ({"nodes": {"a": {"type": "t", "from": {"x": ["b", 0]}}}}, "a.x: is linked to a list"),
        ({"nodes": {"a": {"type": "t", "from": {"x": None}}}}, "a.x: is linked to missing"),
        ({"nodes": {"a": {"type": "t", "mute": 1}}}, "mute is 1; expected true or false"),
        ({"nodes": {"a": {"type": "t", "version": "2"}}}, "version is '2'"),
        ({"nodes": {"a": {"type": "t", "title": 4}}}, "title is 4"),
        ({"nodes": {"a/b": {"type": "t"}}}, "'a/b' is empty or holds"),
        ({"nodes": {"a.b": {"type": "t"}}}, "'a.b' is empty or holds"),
        ({"nodes": {"": {"type": "t"}}}, "'' is empty"),
        ({"nodes": {" a": {"type": "t"}}}, "outer spaces"),
        ({"nodes": {"a\x1b[2J": {"type": "t"}}}, "cannot be printed"),
        ({"nodes": {"a" * 500: {"type": "t"}}}, "longer than"),
        ({"nodes": {"a": {"type": "\x1b]0;title\x07"}}}, "cannot be printed"),
        ({"nodes": {"a": {"type": "t", "with": {"x\n": 1}}}}, "cannot be printed"),
        ({"nodes": {"a": {"type": "t", "from": {"x": "b\r.y"}}}}, "cannot be printed"),
        ({"groups": []}, "groups: is a list"),
        ({"groups": {"g": []}}, "groups.g: is a list"),
        ({"groups": {"g/h": {}}}, "'g/h' is empty or holds"),
        ({"groups": {"g": {"extra": 1}}}, "unknown field 'extra'"),
        ({"groups": {"g": {"inputs": {"x": 3}}}}, "groups.g.inputs.x: is 3"),
        ({"groups": {"g": {"outputs": {"x": "no dot"}}}}, 'expected "node.socket"'),
        ({"groups": {"g": {"params": {"x": ["a.b"]}}}}, 'expected "node.socket"'),
        ({"view": {"a": [1]}}, "view.a: is no position"),
        ({"view": {"a": [1, "2"]}}, "view.a: is no position"),
        ({"view": {"a": [1e12, 2]}}, "view.a: is no position"),
        ({"groups": {"g": {"view": {"a": {}}}}}, "groups.g.view.a: is no position"),
    ],
)
def test_a_fault_is_told_with_its_place(top: dict[str, Any], said: str) -> None:
    assert said in refusal(workflow(**top))


def test_all_faults_are_told_at_once() -> None:
    said = refusal(workflow(nodes={"a": 1, "b": {"type": 2}, "c/d": {"type": "t"}}, view={"x": 1}))
    assert all(part in said for part in ("a: is 1", "b: its type", "'c/d'", "view.x"))


@pytest.mark.parametrize("brackets", [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize("depth", [100, 900, 100_000])
def test_deep_nesting_is_refused_quickly(brackets: tuple[str, str], depth: int) -> None:
    inner = brackets[0] * depth + "1" + brackets[1] * depth
    assert "deep" in refusal(b'{"meshloom": 1, "note": %s}' % inner.encode())


def test_a_byte_order_mark_and_crlf_are_no_fault() -> None:
    data = b"\xef\xbb\xbf" + workflow(nodes={"a": {"type": "t"}}).replace(b", ", b",\r\n")
    assert parse(data).nodes["a"].type == "t"


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "huge.json"
    with file.open("wb") as held:
        held.write(b'{"meshloom": 1, "nodes": {')
        held.truncate(70 << 20)  # sparse
    begun = time.process_time()
    with pytest.raises(WorkflowError, match="70 MB; a workflow has at most 64 MB"):
        read_workflow(file)
    assert time.process_time() - begun < 0.2


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "photo.json").write_bytes(b"{}")
    for name, content, said in (
        ("a.bin", b"\x00\x01", "carries none"),
        ("b.png", b"\x89PNG\r\n\x1a\n" + struct.pack(">I4s", 4_000_000_000, b"iTXt"), "carries none"),
        ("empty.json", b"", "carries none"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(WorkflowError, match=said):
            read_workflow(tmp_path / name)
    with pytest.raises(WorkflowError, match="is a folder"):
        read_workflow(tmp_path)
    with pytest.raises(WorkflowError, match=r"does not exist\n  did you mean photo.json"):
        read_workflow(tmp_path / "photos.json")


def test_a_result_in_json_gives_the_workflow_beside_it(tmp_path: Path) -> None:
    (tmp_path / "cameras.json").write_text('{"frames": []}')
    (tmp_path / "cameras.json.meshloom.json").write_bytes(workflow(nodes={"a": {"type": "t"}}))
    assert read_workflow(tmp_path / "cameras.json").nodes["a"].type == "t"


# ------------------------------------------------------------------------------------------ round trip

_names = st.text(
    st.characters(exclude_characters="/.", exclude_categories=("C", "Z")), min_size=1, max_size=8
)
_words = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=8)
_plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_words, inner, max_size=3),
    max_leaves=6,
)
_links = st.builds(Link, _names, _words | st.just(""))
_nodes = st.dictionaries(
    _names,
    st.builds(
        NodeData,
        type=_words,
        params=st.dictionaries(_words, _plain, max_size=3),
        links=st.dictionaries(_words, _links, max_size=3),
        mute=st.booleans(),
        bypass=st.booleans(),
        version=st.integers(1, 9),
        title=st.text(max_size=6),
    ),
    max_size=4,
)
_ends = st.tuples(_names, _words)
_place = st.integers(-10_000, 10_000).map(lambda number: number / 10)
_view = st.dictionaries(_names, st.tuples(_place, _place), max_size=3)
_groups = st.builds(
    GroupData,
    nodes=_nodes,
    inputs=st.dictionaries(_words, st.lists(_ends, max_size=2).map(tuple), max_size=2),
    outputs=st.dictionaries(_words, _ends, max_size=2),
    params=st.dictionaries(_words, _ends, max_size=2),
    view=_view,
)
_extras = st.dictionaries(
    _words.filter(lambda name: name not in ("meshloom", "nodes", "groups", "view")), _plain, max_size=2
)
graphs = st.builds(
    GraphData, nodes=_nodes, groups=st.dictionaries(_names, _groups, max_size=2), view=_view, extras=_extras
)


@given(graphs)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_what_is_written_is_read_back(data: GraphData) -> None:
    text = dump(data)
    again = parse(text.encode())
    assert again == data
    assert dump(again) == text


def test_the_text_does_not_depend_on_the_order_of_edits() -> None:
    a, b = NodeData("t", {"x": 1, "y": 2}), NodeData("u", links={"p": Link("a", "o"), "q": Link("a", "o")})
    first = GraphData({"a": a, "b": b}, view={"a": (1.0, 2.0), "b": (3.0, 4.0)})
    b = NodeData("u", links={"q": Link("a", "o"), "p": Link("a", "o")})
    other = GraphData({"b": b, "a": NodeData("t", {"y": 2, "x": 1})}, view={"b": (3.0, 4.0), "a": (1.0, 2.0)})
    assert dump(first) == dump(other)


def test_an_edit_changes_one_line() -> None:
    nodes = {f"n{i}": NodeData("t.number", {"value": i}) for i in range(5)}
    before = dump(GraphData(nodes)).splitlines()
    after = dump(GraphData({**nodes, "n3": NodeData("t.number", {"value": 33})})).splitlines()
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 1


def test_saving_never_leaves_half_a_file(tmp_path: Path) -> None:
    file = tmp_path / "w.json"
    save_workflow(GraphData({"a": NodeData("t")}), file)
    with pytest.raises(ValueError, match="JSON"):
        save_workflow(GraphData({"a": NodeData("t", {"x": float("nan")})}), file)
    assert read_workflow(file).nodes["a"].params == {}
    assert [found.name for found in tmp_path.iterdir()] == ["w.json"]


def test_a_path_that_is_not_utf8_can_be_written() -> None:
    text = dump(GraphData({"a": NodeData("t", {"file": "/x/\udcfc.jpg"})}))
    assert json.loads(text.encode())["nodes"]["a"]["with"]["file"] == "/x/\udcfc.jpg"


# ------------------------------------------------------------------------------------------- migrating


def opened(catalog: Catalog, **nodes: dict[str, Any]) -> GraphData:
    return resolve(parse(workflow(nodes=nodes)), catalog)


def test_renamed_nodes_and_old_parameters_are_brought_up_to_date(catalog: Catalog) -> None:
    data = opened(
        catalog,
        plus={"type": "t.plus", "with": {"plus": 3}},
        old={"type": "t.versioned", "with": {"percent": 25}},
        mid={"type": "t.versioned", "version": 2, "with": {"part": 0.75}},
        new={"type": "t.versioned", "version": 3, "with": {"share": 1.0}},
    )
    assert data.nodes["plus"] == NodeData("t.add", {"plus": 3})
    for name, share in (("old", 0.25), ("mid", 0.75), ("new", 1.0)):
        assert data.nodes[name] == NodeData("t.versioned", {"share": share}, version=3)
    assert resolve(parse(dump(data).encode()), catalog) == data


def test_a_node_newer_than_installed_is_refused(catalog: Catalog) -> None:
    with pytest.raises(WorkflowError, match=r"version 4 of t\.versioned; installed is 3"):
        opened(catalog, a={"type": "t.versioned", "version": 4})


def test_parameters_that_cannot_be_migrated_are_a_fault_of_the_file(catalog: Catalog) -> None:
    with pytest.raises(WorkflowError, match="version 1 cannot be migrated"):
        opened(catalog, a={"type": "t.versioned", "with": {"percent": "half"}})


def test_a_link_needs_no_output_name_where_there_is_one_output(catalog: Catalog) -> None:
    data = opened(
        catalog, a={"type": "t.number"}, b={"type": "t.parity", "from": {"a": "a"}}, c={"type": "no.such"}
    )
    assert data.nodes["b"].links == {"a": Link("a", "value")}
    assert data.nodes["c"].type == "no.such"
