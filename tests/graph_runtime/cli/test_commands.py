"""The commands that look and change nothing, and those that look after the cache."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from meshloom.graph_runtime.cli.open import PRESETS

from .conftest import Said

Meshloom = Callable[..., Said]
Workflow = Callable[..., Path]

NUMBER = {"type": "t.number", "with": {"value": 3}}
PARITY = {"type": "t.parity", "from": {"a": "n"}}


def test_help_and_version_say_so(meshloom: Meshloom) -> None:
    for words in ([], ["--help"], ["-h"], ["run", "--help"], ["cache", "--help"]):
        assert "Usage: meshloom" in meshloom(*words).out
    assert "Usage: meshloom cache" in meshloom("cache", code=2).err
    assert meshloom("--version").out.startswith("meshloom 0.")


def test_check_tells_every_problem_and_runs_nothing(
    meshloom: Meshloom, workflow: Workflow, home: Path
) -> None:
    workflow(n=NUMBER, p=PARITY, c={"type": "t.fail", "from": {"a": "n"}})
    assert meshloom("check", "w.json").out == "w.json: 3 nodes, nothing wrong\n"
    workflow(
        n={"type": "t.number", "with": {"value": "3"}}, typo={"type": "t.numbr"}, lone={"type": "t.parity"}
    )
    said = meshloom("check", "w.json", code=2)
    for line in ("n.value: is '3'", "typo: no node is called 't.numbr'", "lone.a: is not connected"):
        assert line in said.err
    assert meshloom("check", "w.json", "--set", "n.value=1", code=2).err.count("is '3'") == 0
    assert sorted(path.name for path in home.iterdir()) == ["w.json"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no workflow and carries none"),
        ("[]", "is no workflow and carries none"),
        ('{"meshloom": 2}', "made by a newer Meshloom"),
        ('{"meshloom": 1}', "nothing to run"),
        ('{"meshloom": 1, "nodes": {"a": {"type": "t.number", "with": {"value": NaN}}}}', "NaN is no number"),
        ('{"1": {"class_type": "KSampler"}}', "ComfyUI"),
        ('{"meshloom": 1, "nodes": {"\\u001b[2J": {"type": "t"}}}', "cannot be printed"),
    ],
)
def test_check_of_what_is_no_workflow(meshloom: Meshloom, home: Path, text: str, said: str) -> None:
    (home / "w.json").write_text(text)
    answer = meshloom("check", "w.json", code=2)
    assert said in answer.err
    assert "\x1b" not in answer.err


def test_a_loop_of_links_is_told(meshloom: Meshloom, home: Path) -> None:
    (home / "a.json").symlink_to("b.json")
    (home / "b.json").symlink_to("a.json")
    for command in ("check", "run", "why", "show"):
        more = ["n"] if command == "why" else []
        assert "internal" not in meshloom(command, "a.json", *more, code=2).err


def test_every_preset_is_right(meshloom: Meshloom) -> None:
    names = [path.stem for path in PRESETS.glob("*.json")]
    assert names
    for name in names:
        assert "nothing wrong" in meshloom("check", name).out


def test_why_follows_what_happened(meshloom: Meshloom, workflow: Workflow, home: Path) -> None:
    workflow(n=NUMBER, p=PARITY)
    assert "n  will run: has not run in this workflow before" in meshloom("why", "w.json").out
    meshloom("run", "w.json")
    assert meshloom("why", "w.json").out.count("is reused: made 20") == 2
    said = json.loads(meshloom("why", "w.json", "--set", "n.value=4", "--json").out)
    assert said["n"]["reason"] == "value 3 -> 4"
    assert said["p"]["verdict"] == "depends"
    assert list(json.loads(meshloom("why", "w.json", "p", "--json").out)) == ["p"]
    assert "did you mean p" in meshloom("why", "w.json", "pp", code=2).err


def test_show_gives_back_what_there_is(meshloom: Meshloom, workflow: Workflow, home: Path) -> None:
    workflow(n=NUMBER, p={"type": "t.picture"})
    meshloom("run", "w.json")
    for name in ("p.png", "n.json"):
        assert json.loads(meshloom("show", f"output/w/{name}").out)["nodes"]["n"] == NUMBER
    assert "carries no workflow" in meshloom("show", "w.json", code=2).err
    for name in ("gone", ".", "x" * 300):
        assert "is not there" in meshloom("show", name, code=2).err


def test_nodes_are_listed_found_and_described(meshloom: Meshloom) -> None:
    assert "t.brighter" in meshloom("nodes").out
    assert "Add to every pixel." in meshloom("nodes", "t.brighter").out
    assert "image: Image" in meshloom("nodes", "t.brighter").out
    assert "t.brighter" in meshloom("nodes", "every pixel").out
    assert "did you mean" in meshloom("nodes", "t.brihgter", code=2).err
    found = json.loads(meshloom("nodes", "t.params", "--json").out)
    assert [node["id"] for node in found] == ["t.params"]
    assert {param["name"]: param["default"] for param in found[0]["params"]}["pair"] == [0.0, 1.0]
    some = json.loads(meshloom("nodes", "every pixel", "--json").out)
    assert "t.brighter" in [node["id"] for node in some]
    assert "t.number" not in [node["id"] for node in some]
    every = json.loads(meshloom("nodes", "--json").out, parse_constant=pytest.fail)
    assert len(every) > 100


def test_a_broken_node_of_the_user_is_told_and_skipped(
    meshloom: Meshloom, home: Path, monkeypatch: pytest.MonkeyPatch, workflow: Workflow
) -> None:
    (home / "mine/u").mkdir(parents=True)
    (home / "mine/u/bad.py").write_text("1 / 0")
    monkeypatch.setenv("MESHLOOM_NODES", str(home / "mine"))
    said = meshloom("nodes")
    assert "bad.py: could not be loaded: ZeroDivisionError" in said.err
    assert "image.resize" in said.out
    assert "bad.py" in meshloom("doctor", code=1).err
    workflow(b={"type": "u.bad"})
    said = meshloom("check", "w.json", code=2)
    assert "b: " in said.err and "bad.py could not be loaded: ZeroDivisionError" in said.err


def test_presets_are_listed_and_copied_to_work_where_they_lie(meshloom: Meshloom, home: Path) -> None:
    assert "photos_to_model" in meshloom("presets").out
    meshloom("presets", "--copy", "photos_to_model", "--to", "mine.json")
    assert "nothing wrong" in meshloom("check", "mine.json").out
    assert (
        "exists already" in meshloom("presets", "--copy", "photos_to_model", "--to", "mine.json", code=2).err
    )
    assert "did you mean photos_to_model" in meshloom("presets", "--copy", "photos_to_mesh", code=2).err
    for name in ("../presets/photos_to_model", "/etc/passwd", ""):
        assert "no preset is called so" in meshloom("presets", "--copy", name, code=2).err


def test_doctor_looks_at_everything(meshloom: Meshloom) -> None:
    said = meshloom("doctor", code=None)
    assert said.code in (0, 1)
    for word in ("python", "cache", "own nodes", "numba", "nodes "):
        assert word in said.out


def test_the_cache_is_told_verified_pruned_and_cleared(
    meshloom: Meshloom, workflow: Workflow, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow(**{f"p{index}": {"type": "t.picture", "with": {"side": 100 + index}} for index in range(5)})
    meshloom("run", "w.json", "--no-report")
    monkeypatch.setenv("MESHLOOM_DISK_GB", "3")
    said = json.loads(meshloom("cache", "info", "--json").out)
    assert said["budget"] == 3 << 30
    assert said["bytes"] > 5 * 120_000
    assert "of 3.2 GB" in meshloom("cache", "info").out
    for path in (home.parent / "cache/v1/blobs").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-1])
    assert meshloom("cache", "verify").out.startswith("5 damaged values dropped")
    assert meshloom("cache", "verify").out.startswith("0 damaged values dropped")
    meshloom("run", "w.json", "--no-report")
    assert "kB freed" in meshloom("cache", "prune", "--to", "0.0003").out
    assert json.loads(meshloom("cache", "info", "--json").out)["bytes"] <= 300_000
    with Path(os.devnull).open() as nobody:  # there to say yes
        monkeypatch.setattr("sys.stdin", nobody)
        meshloom("cache", "clear", code=130)
    meshloom("cache", "clear", "--yes")
    assert json.loads(meshloom("cache", "info", "--json").out)["values"] == 0


def test_a_start_is_quick_and_loads_nothing_heavy(start: Callable[..., subprocess.Popen[str]]) -> None:
    code = (
        "import sys; from meshloom.graph_runtime.cli.main import run; run(['--help']);"
        "print([n for n in ('torch', 'cv2', 'scipy', 'numba', 'networkx', 'open3d', 'PySide6') if n in sys.modules])"
    )
    import sys

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[-1] == "[]"
