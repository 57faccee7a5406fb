"""Results into a folder: under safe names that do not collide, whole, with the workflow that made them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from meshloom.graph_runtime.cache import Missing
from meshloom.graph_runtime.deliver import deliver, write_file
from meshloom.graph_runtime.engine import Engine
from meshloom.graph_runtime.errors import MeshloomError, Problem
from meshloom.graph_runtime.formats.provenance import extract
from meshloom.graph_runtime.graph import GraphData
from meshloom.graph_runtime.preset import dump, parse

from .conftest import Ran, graph


class Written:
    """The files that a graph leaves in a folder."""

    def __init__(self, engine: Engine, folder: Path, data: GraphData) -> None:
        self.folder = folder
        ran = Ran(engine, data)
        ports = [
            (
                name,
                [(port.name, ref) for port, ref in zip(ran.plan.nodes[name].spec.outputs, refs, strict=True)],
            )
            for name, refs in ((name, ran.outcome.outputs[name]) for name in ran.plan.targets)
        ]
        self.problems: list[Problem] = []
        self.files = deliver(engine.cache, folder, ports, dump(data), self.problems)

    @property
    def names(self) -> list[str]:
        """Of results, relative to the folder, without the workflows beside them."""
        return sorted(file.path.relative_to(self.folder).as_posix() for file in self.files)


@pytest.fixture
def written(engine: Engine, tmp_path: Path) -> Callable[..., Written]:
    return lambda data: Written(engine, tmp_path / "out", data)


def test_names_follow_nodes_and_outputs(written: Callable[..., Written]) -> None:
    made = written(
        graph(
            n=("t.number", {"value": 3}),
            p=("t.picture",),
            many=("t.pictures", {"count": 2}),
            i=("t.index", {}, {"images": "many.images"}),
        )
    )
    assert made.names == ["i-best.png", "i-level.json", "i-others-000.png", "n.json", "p.png"]
    assert json.loads((made.folder / "n.json").read_text()) == 3


HOSTILE = [
    "../../escape",
    "..",
    "/etc/passwd",
    "/tmp/x",
    "C:\\Windows\\x.txt",
    "\\\\server\\share",
    "a/b/c.txt",
    "nul\0byte",
    "CON",
    "x" * 5000 + ".txt",
    "",
    ".",
    " ",
    ".hidden",
    "new\nline",
    "\x1b[2J",
    "\u202egnp.exe",
    "~",
    "a:b|c?d*e",
]


def test_no_name_leads_out_of_the_folder(written: Callable[..., Written], tmp_path: Path) -> None:
    made = written(graph(f=("t.files", {"names": [name.replace("\udcff", "") for name in HOSTILE]})))
    assert len(made.files) == len(HOSTILE)
    assert {path.name for path in tmp_path.iterdir()} <= {"out", "cache"}
    for file in made.files:
        assert file.path.parent == made.folder / "f"
        assert file.path.name.isprintable()
        assert len(file.path.name.encode()) <= 255
        assert file.path.read_bytes() == b"x"


def test_results_never_take_each_others_names(written: Callable[..., Written]) -> None:
    names = ["a.txt", "A.TXT", "a.txt", "a-2.txt", "b", "B", "Straße", "STRASSE"]
    made = written(
        graph(
            one=("t.files", {"names": names}),
            two=("t.files", {"names": ["a.txt"]}),
            three=("t.files", {"names": ["one"]}),
            four=("t.files", {"names": ["report.html"]}),
            five=("t.files", {"names": ["a.txt.meshloom.json"]}),
            six=("t.files", {"names": ["sweep.csv"]}),
        )
    )
    said = [name.casefold() for name in made.names]
    assert len(said) == len(set(said)) == 13
    assert (made.folder / "one").is_dir()
    everything = [path for path in made.folder.rglob("*") if path.is_file()]
    assert len(everything) == 26  # each with its workflow beside it
    assert not {"report.html", "sweep.csv"} & {path.name for path in everything}
    assert all(extract(file.path) is not None for file in made.files)


def test_many_files_of_one_name_are_numbered(written: Callable[..., Written]) -> None:
    made = written(graph(f=("t.files", {"names": ["a.bin"] * 60})))
    assert {path.name for path in (made.folder / "f").glob("*.bin")} == {
        "a.bin",
        *(f"a-{number}.bin" for number in range(2, 61)),
    }


def test_files_of_no_bytes_are_written(written: Callable[..., Written]) -> None:
    made = written(graph(f=("t.files", {"content": ""}), empty=("t.files", {"names": []})))
    assert made.names == ["a.bin"]
    assert (made.folder / "a.bin").read_bytes() == b""


def test_the_workflow_comes_back_from_every_result(written: Callable[..., Written]) -> None:
    data = graph(p=("t.picture",), t=("t.odd_table",), n=("t.number",), f=("t.files",))
    for file in written(data).files:
        text = extract(file.path)
        assert text is not None
        assert parse(text.encode()) == data


def test_a_result_no_format_takes_costs_only_itself(written: Callable[..., Written]) -> None:
    made = written(graph(bad=("t.surrogate",), good=("t.number", {"value": 1})))
    assert "good.json" in made.names
    if made.problems:  # a format may come to take it
        assert made.problems[0].where == "bad"
        assert "cannot be written as a file" in made.problems[0].message


def test_what_did_not_change_is_not_written_again(engine: Engine, tmp_path: Path) -> None:
    data = graph(p=("t.picture",), n=("t.number",))
    first = Written(engine, tmp_path / "out", data)
    times = {file.path: file.path.stat().st_mtime_ns for file in first.files}
    before = engine.cache.memory_bytes
    again = Written(engine, tmp_path / "out", data)
    assert {file.path: file.path.stat().st_mtime_ns for file in again.files} == times
    assert engine.cache.memory_bytes == before


def test_a_folder_that_cannot_be_written_is_said(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(MeshloomError, match=r"n\.json cannot be written: .*\n.*nothing computed is lost"):
        Written(engine, tmp_path / "out", graph(n=("t.number",)))
    (tmp_path / "taken" / "n.json").mkdir(parents=True)
    with pytest.raises(MeshloomError, match="cannot be written"):
        Written(engine, tmp_path / "taken", graph(n=("t.number",)))
    assert not list(tmp_path.rglob("*.part"))


def test_writing_leaves_the_old_or_the_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "deep" / "x"
    write_file(file, b"old")

    def stop(self: Path, target: Path) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        write_file(file, b"new")
    assert [path.name for path in file.parent.iterdir()] == ["x"]
    assert file.read_bytes() == b"old"


def test_a_file_lost_from_the_cache_is_made_again(make_engine: Callable[..., Engine], tmp_path: Path) -> None:
    data = graph(p=("t.picture", {"side": 64}))
    engine = make_engine(memory=0)
    Written(engine, tmp_path / "out", data)
    engine.cache.flush()
    for path in (tmp_path / "cache/v1/blobs").rglob("*"):
        if path.is_file():
            path.write_bytes(b"damaged")
    with sqlite3.connect(tmp_path / "cache/v1/index.sqlite") as db:
        db.execute("UPDATE blobs SET inline=x'00' WHERE inline IS NOT NULL")
    db.close()
    for _ in ("the file", "the picture it is made of"):
        with pytest.raises(Missing):
            Written(engine, tmp_path / "out", data)
    assert Written(engine, tmp_path / "out", data).names == ["p.png"]
