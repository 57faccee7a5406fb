"""Pins as flags of `meshloom run`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from meshloom.graph_runtime.cli.pins import help_lines, pins_of, read_flags
from meshloom.graph_runtime.preset import parse

from .conftest import Said

Meshloom = Callable[..., Said]

NODES = {
    "n": {"type": "t.number", "with": {"value": 3}},
    "m": {"type": "t.number", "with": {"value": 4}},
    "a": {"type": "t.params"},
    "p": {"type": "t.picture", "with": {"side": 20}},
    "k": {"type": "t.number"},
    "linked": {"type": "t.params", "from": {"whole": "k"}},
}


@pytest.fixture
def pinned(home: Path) -> Callable[..., Path]:
    """``pinned("n.value", ...)`` writes ``w.json`` with these pins."""

    def write(*pins: str) -> Path:
        file = home / "w.json"
        file.write_text(json.dumps({"meshloom": 1, "pins": pins, "nodes": NODES}))
        return file

    return write


def told(home: Path, name: str) -> str:
    (file,) = (file for suffix in ("json", "txt") for file in (home / "output/w").glob(f"{name}.{suffix}"))
    return file.read_text()


# ------------------------------------------------------------------------------------- from end to end


def test_a_pin_is_a_flag(meshloom: Meshloom, pinned: Callable[..., Path], home: Path) -> None:
    file = pinned("p.side", "n.value", "a.maybe")
    before = file.read_bytes()
    meshloom("run", "w.json", "--side", "12", "--value=-7", "--no-report", "--maybe", "2")
    assert json.loads(told(home, "n")) == -7
    assert told(home, "a").split("|")[10] == "2"
    assert file.read_bytes() == before
    from PIL import Image as Pillow

    assert Pillow.open(home / "output/w/p.png").size == (12, 12)


def test_pins_that_share_a_name_are_told_apart(
    meshloom: Meshloom, pinned: Callable[..., Path], home: Path
) -> None:
    pinned("n.value", "m.value")
    meshloom("run", "w.json", "--n-value", "10", "--m-value", "-3", "--no-report")
    assert [json.loads(told(home, name)) for name in ("n", "m")] == [10, -3]
    said = meshloom("run", "w.json", "--value", "1", code=2)
    assert "No such option: --value" in said.err and "--n-value" in said.err


def test_every_kind_of_value(meshloom: Meshloom, pinned: Callable[..., Path], home: Path) -> None:
    pinned(*(f"a.{name}" for name in ("whole", "real", "flag", "words", "pick", "place", "pair", "counts")))
    words = [
        "--whole",
        "7",
        "--real",
        "-0.25",
        "--flag",
        "--words",
        "two words",
        "--pick",
        "green",
        "--pair",
        "2,3",
    ]
    meshloom("run", "w.json", *words, "--place", "here", "--counts", "[4,5]", "--no-report")
    held = told(home, "a").split("|")
    assert held[:2] == ["7", "-0.25"]
    assert held[3:6] == ["True", "two words", "green"]
    assert held[6] == str(home / "here")
    assert [part.replace(" ", "") for part in held[7:9]] == ["(2.0,3.0)", "(4,5)"]


@pytest.mark.parametrize(
    ("words", "flag"),
    [(["--flag"], "True"), (["--no-flag"], "False"), (["--flag=off"], "False"), (["--flag", "true"], "True"),
     (["--no-flag", "--flag"], "True")],
)  # fmt: skip
def test_a_switch(
    meshloom: Meshloom, pinned: Callable[..., Path], home: Path, words: list[str], flag: str
) -> None:
    pinned("a.flag")
    meshloom("run", "w.json", *words, "--no-report")
    assert told(home, "a").split("|")[3] == flag


def test_flags_and_settings_and_sweeps_go_together(
    meshloom: Meshloom, pinned: Callable[..., Path], home: Path
) -> None:
    pinned("n.value")
    meshloom("run", "w.json", "--set", "m.value=8", "--value", "5", "--set", "n.value=6", "--no-report")
    assert [json.loads(told(home, name)) for name in ("n", "m")] == [5, 8]
    meshloom("run", "w.json", "--value", "9", "--sweep", "m.value=1,2", "-o", "out", "--no-report")
    folders = [path for path in (home / "out").iterdir() if path.is_dir()]
    assert [json.loads((folder / "n.json").read_text()) for folder in folders] == [9, 9]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--vallue", "1"], "No such option: --vallue; did you mean --value"),
        (["--sett", "n.value=1"], "did you mean --set"),
        (["--nothing-like-it"], "--help-pins lists the flags"),
        (["--value"], "Option --value requires an argument: a whole number"),
        (["--value", "--side", "3"], "requires an argument"),
        (["--value", "x"], "n.value: is 'x'; expected a whole number"),
        (["--whole", "99"], "expected a whole number from 0 to 10"),
        (["--value", "1", "stray"], "unexpected extra argument ('stray')"),
        (["-q"], "No such option: -q"),
        (["--linked-whole", "2"], "gets its value from k by a link"),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, list) else "",
)
def test_what_cannot_be_is_told(
    meshloom: Meshloom, pinned: Callable[..., Path], words: list[str], said: str, home: Path
) -> None:
    pinned("n.value", "p.side", "a.whole", "linked.whole")
    words = [word.replace("--whole", "--a-whole") for word in words]
    assert said in meshloom("run", "w.json", *words, code=2).err
    assert not (home / "output").exists()


def test_a_workflow_without_pins_says_what_there_is(meshloom: Meshloom, pinned: Callable[..., Path]) -> None:
    pinned()
    assert "--set node.param=value" in meshloom("run", "w.json", "--value", "1", code=2).err
    assert "has no pins" in meshloom("run", "w.json", "--help-pins").out


def test_a_flag_before_the_workflow_is_told(meshloom: Meshloom, pinned: Callable[..., Path]) -> None:
    pinned("n.value")
    assert "come after the workflow" in meshloom("run", "--value", "1", "w.json", code=2).err


def test_help_lists_the_flags_and_runs_nothing(
    meshloom: Meshloom, pinned: Callable[..., Path], home: Path
) -> None:
    pinned("n.value", "a.pick", "a.flag", "p.side", "p.gone", "linked.whole")
    said = meshloom("run", "w.json", "--help-pins", "--set", "p.side=33").out
    for line in (
        "--value N",
        "n.value: a whole number; now 3",
        "--pick WORD",
        "a.pick: one of red, green; now 'red'",
        "--flag / --no-flag",
        "p.side: a whole number; now 33",
        "p.gone is pinned, but is no parameter of this workflow",
        "given by k, so it cannot be set",
    ):
        assert line in said
    assert not (home / "output").exists()
    assert max(map(len, said.splitlines())) < 110
    assert "--help-pins" in meshloom("run", "--help").out


def test_a_promoted_parameter_of_a_group(meshloom: Meshloom, home: Path) -> None:
    group = {"nodes": {"n": NODES["n"]}, "outputs": {"out": "n.value"}, "params": {"level": "n.value"}}
    tree = {"meshloom": 1, "pins": ["g.level"], "nodes": {"g": {"type": "group:g"}}, "groups": {"g": group}}
    (home / "w.json").write_text(json.dumps(tree))
    assert "a whole number" in meshloom("run", "w.json", "--help-pins").out
    meshloom("run", "w.json", "--level", "21", "--no-report")
    held = [json.loads(path.read_text()) for path in (home / "output/w").rglob("*.json")]
    assert [each for each in held if isinstance(each, int)] == [21]


def test_a_result_brings_its_flags_along(meshloom: Meshloom, pinned: Callable[..., Path], home: Path) -> None:
    pinned("p.side")
    meshloom("run", "w.json", "--no-report")
    meshloom("run", "output/w/p.png", "--side", "6", "-o", "again", "--no-report")
    from PIL import Image as Pillow

    assert Pillow.open(home / "again/p.png").size == (6, 6)


# ------------------------------------------------------------------------------------------ which flags


def flags_of(
    pins: object, options: list[str], nodes: dict[str, object] | None = None
) -> list[tuple[str, ...]]:
    from meshloom.graph_runtime.catalog import find_nodes

    from .conftest import SAMPLE_NODES

    graph = parse(json.dumps({"meshloom": 1, "pins": pins, "nodes": nodes or NODES}).encode())
    catalog = find_nodes(user_folder=SAMPLE_NODES, packs=False)
    found = pins_of(graph, catalog, options)
    list(help_lines("w", graph, catalog, found))
    return [pin.flags for pin in found]


def test_a_name_that_an_option_has_gets_the_long_flag() -> None:
    assert flags_of(["p.side"], []) == [("--side", "--p-side")]
    assert flags_of(["p.side"], ["--side"]) == [("--p-side",)]
    assert flags_of(["a.flag"], ["--no-flag"]) == [("--a-flag",)], "its --no- form is taken"
    assert flags_of(["p.side"], ["--side", "--p-side"]) == [()]
    assert flags_of(["n.value", "n.value"], []) == [("--value", "--n-value")]


@pytest.mark.parametrize(
    "pins", [None, 3, "n.value", {"n.value": 1}, [1, None, ["n.value"]], ["n", "", ".", "x.y"]]
)
def test_pins_that_are_none_are_no_flags(pins: object) -> None:
    assert flags_of(pins, []) == []


def test_names_of_any_letters_become_flags() -> None:
    nodes = {"größe 2": NODES["n"], "a_b": NODES["n"], "a-b": NODES["n"]}
    assert flags_of(["größe 2.value"], [], nodes) == [("--value", "--größe-2-value")]
    assert flags_of(["a_b.value", "a-b.value"], [], nodes) == [(), ()], "neither could be told from the other"


def test_underscores_do_as_well() -> None:
    from meshloom.graph_runtime.cli.pins import Pin

    assert read_flags(["--max_size", "3"], [Pin("a.max_size", None, ("--max-size",))], []) == {
        "a.max_size": "3"
    }
