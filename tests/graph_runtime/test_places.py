"""Parameters by their place: set from outside, as workflows, command lines and sweeps do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.errors import RequestError
from meshloom.graph_runtime.graph import GraphData, GroupData, Link, NodeData
from meshloom.graph_runtime.places import from_text, param_of, with_params


def test_settings_name_what_does_not_exist(catalog: Catalog) -> None:
    data = GraphData(
        {"number": NodeData("t.number"), "p": NodeData("t.parity", links={"a": Link("number", "value")})}
    )
    with pytest.raises(RequestError) as caught:
        with_params(data, catalog, {"numbr.value": 1, "number.valu": 1, "number": 1, "x.": 2})
    said = str(caught.value)
    assert "did you mean number" in said
    assert "t.number has no such parameter\n  did you mean value" in said
    assert "number: is no parameter; expected node.param" in said
    assert len(caught.value.problems) == 4


def test_a_setting_that_a_link_would_override_is_refused(catalog: Catalog) -> None:
    data = GraphData(
        {"n": NodeData("t.number"), "m": NodeData("t.number", links={"value": Link("n", "value")})}
    )
    with pytest.raises(RequestError, match="gets its value from n by a link"):
        with_params(data, catalog, {"m.value": 3})


@pytest.mark.parametrize(
    ("param", "text", "expected"),
    [
        ("whole", "12", 12),
        ("whole", "1.0", 1.0),
        ("whole", "ten", "ten"),
        ("whole", "[" * 100_000, "[" * 100_000),
        ("whole", "9" * 5000, "9" * 5000),
        ("real", "0.5", 0.5),
        ("flag", "true", True),
        ("words", "12", "12"),
        ("words", '"x"', '"x"'),
        ("pick", "green", "green"),
        ("pair", "1,2.5", [1.0, 2.5]),
        ("pair", "[1, 2]", [1, 2]),
        ("counts", "1,2", [1, 2]),
        ("counts", "1,x", "1,x"),
        ("names", "a,b", ["a", "b"]),
        ("maybe", "null", None),
    ],
)
def test_text_of_a_command_line(catalog: Catalog, param: str, text: str, expected: Any) -> None:
    data = GraphData({"p": NodeData("t.params")})
    held = from_text(param_of(data, catalog, f"p.{param}"), text)
    assert held == expected
    assert type(held) is type(expected)


def test_paths_of_a_command_line_are_relative_to_where_it_is_typed(catalog: Catalog, tmp_path: Path) -> None:
    data = GraphData({"p": NodeData("t.params")})
    place = param_of(data, catalog, "p.place")
    assert from_text(place, "x/../y.jpg", tmp_path) == str(tmp_path / "y.jpg")
    assert from_text(place, "~/y", tmp_path) == str(Path.home() / "y")
    assert from_text(place, "~no-such-user/y", tmp_path) == str(tmp_path / "~no-such-user/y")
    assert from_text(param_of(data, catalog, "p.sources"), "a,b", tmp_path) == [
        str(tmp_path / "a"),
        str(tmp_path / "b"),
    ]


def test_a_promoted_parameter_is_found_through_groups(catalog: Catalog) -> None:
    inner = GroupData({"n": NodeData("t.params")}, params={"deep": ("n", "pair")})
    outer = GroupData({"g": NodeData("group:inner")}, params={"top": ("g", "deep")})
    data = GraphData({"g": NodeData("group:outer")}, {"inner": inner, "outer": outer})
    param = param_of(data, catalog, "g.top")
    assert param is not None
    assert param.kind == "floats"
    assert with_params(data, catalog, {"g.top": [1, 2]}).nodes["g"].params == {"top": [1, 2]}
    with pytest.raises(RequestError, match="did you mean top"):
        with_params(data, catalog, {"g.topp": 1})
