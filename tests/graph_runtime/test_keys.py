"""Keys: equal for equal work, different for anything that could change a result; and why they differ."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.keys import Keys, expanded, inner_key, key, path_of, why
from meshloom.graph_runtime.params import check_param
from meshloom.graph_runtime.stamps import Stamps

KINDS = (
    ("whole", (0, 1, 10)),
    ("free", (0.0, -0.0, 1.0, 1e-300, 0.1 + 0.2, 0.3)),
    ("flag", (True, False)),
    ("words", ("", "a", "a ", "ä", "a\u0308", "1", "null", "None", "a\nb")),
    ("pair", ((0.0, 1.0), (1.0, 0.0), (0.0, 1.5))),
    ("counts", ((), (1,), (1, 2), (12,))),
    ("names", ((), ("",), ("a", "b"), ("a,b",), ('a", "b',))),
    ("maybe", (None, 0, 1)),
)


def digest(catalog: Catalog, node: str = "t.params", **params: Any) -> bytes:
    spec = catalog[node]
    held = {param.name: param.default for param in spec.params}
    for name, given in params.items():
        param = spec.param(name)
        assert param is not None
        held[name] = check_param(param, given)
    static, problems = Keys(Stamps()).static(spec, held)
    assert problems == []
    return static.digest


def test_every_value_of_every_parameter_has_a_key_of_its_own(catalog: Catalog) -> None:
    seen = {digest(catalog, **{name: value}) for name, values in KINDS for value in values}
    default_values = sum(1 for name, values in KINDS if catalog["t.params"].param(name).default in values)
    expected = sum(len(values) for _, values in KINDS) - default_values + 1
    # whole=1 is the default, as free=0.0, flag=False, words="", pair, counts, names and maybe are.
    assert len(seen) == expected


def test_what_means_the_same_has_the_same_key(catalog: Catalog) -> None:
    assert digest(catalog, free=1) == digest(catalog, free=1.0)
    assert digest(catalog, pair=[0, 1]) == digest(catalog)


def test_a_file_counts_by_name_and_content(catalog: Catalog, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x").write_text("one")
        (tmp_path / folder / "y").write_text("one")
    x, y = tmp_path / "a/x", tmp_path / "a/y"
    first = digest(catalog, source=x)
    assert digest(catalog, source=tmp_path / "b/x") == first
    assert digest(catalog, source=y) != first
    assert digest(catalog, sources=[x, y]) != digest(catalog, sources=[y, x]) != digest(catalog, sources=[x])
    x.write_text("two")
    assert digest(catalog, source=x) != first


def test_the_device_counts_for_nodes_that_use_it(catalog: Catalog) -> None:
    for node, same in (("t.number", True), ("t.gpu", False)):
        made = [Keys(Stamps(), device).static(catalog[node], {})[0].digest for device in ("cpu", "cuda")]
        assert (made[0] == made[1]) is same


def test_inputs_count_by_content_place_and_shape(catalog: Catalog) -> None:
    static, _ = Keys(Stamps()).static(catalog["t.add"], {"plus": 0})
    seen = [
        key(static, parts)
        for parts in (
            [],
            [("a", "11")],
            [("b", "11")],
            [("a", ("11",))],
            [("a", ("11", "22"))],
            [("a", ("1122",))],
            [("a", ())],
            [("a", "11"), ("b", "22")],
            [("a", "22"), ("b", "11")],
        )
    ]
    assert len(set(seen)) == len(seen)


def test_inner_work_counts_by_kind_code_and_parts(catalog: Catalog) -> None:
    add, _ = Keys(Stamps()).static(catalog["t.add"], {"plus": 0})
    other, _ = Keys(Stamps()).static(catalog["t.add"], {"plus": 1})
    parity, _ = Keys(Stamps()).static(catalog["t.parity"], {})
    assert inner_key(add, "k", ["a"]) == inner_key(other, "k", ["a"])
    seen = [
        inner_key(add, "k", ["a"]),
        inner_key(parity, "k", ["a"]),
        inner_key(add, "l", ["a"]),
        inner_key(add, "k", ["a", ""]),
        inner_key(add, "k", ["", "a"]),
        inner_key(add, "ka", []),
    ]
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (None, {}, "has not run in this workflow before"),
        ({}, {}, "its result was no longer in the cache"),
        ({"code": "a"}, {"code": "b"}, "its code or a library changed"),
        ({}, {"device": "cuda"}, "the device changed to cuda"),
        ({"params": {"x": "1"}}, {"params": {"x": "2"}}, "x 1 -> 2"),
        ({"params": {"x": "1"}}, {"params": {}}, "parameter x changed"),
        ({"params": {"x": "'a'"}}, {"params": {"x": repr("b" * 500)}}, "parameter x changed"),
        ({"inputs": {"i": "1"}}, {"inputs": {"i": "2"}}, "input i changed"),
        (
            {"code": "a", "inputs": {"i": "1"}},
            {"code": "b", "inputs": {"j": "1"}},
            "its code or a library changed; input i changed; input j changed",
        ),
    ],
)
def test_what_changed_is_said(before: Any, now: Any, said: str) -> None:
    assert why(before, now) == said


def test_paths_are_relative_to_the_workflow() -> None:
    folder = Path("/w")
    assert path_of(Path("x"), folder) == Path("/w/x")
    assert path_of((Path("/x"), Path("y")), folder) == (Path("/x"), Path("/w/y"))
    assert path_of(Path("~/x"), folder) == Path.home() / "x"
    assert expanded(Path("~no-such-user/x")) == Path("~no-such-user/x")
