"""`meshloom run`: results, exit codes, what is said and to whom."""

from __future__ import annotations

import csv
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from meshloom.graph_runtime.formats.provenance import extract

from .conftest import Said

Meshloom = Callable[..., Said]
Workflow = Callable[..., Path]
Start = Callable[..., "subprocess.Popen[str]"]

NUMBER = {"type": "t.number", "with": {"value": 3}}
PARITY = {"type": "t.parity", "from": {"a": "n"}}
FAIL = {"type": "t.fail", "from": {"a": "n"}}


def computed(said: Said) -> set[str]:
    return {event["node"] for event in said.events if event["event"] == "NodeDone" and event["computed"]}


# ------------------------------------------------------------------------------------ what is asked for


def test_results_and_a_report_are_written(meshloom: Meshloom, workflow: Workflow, home: Path) -> None:
    workflow(n=NUMBER, p={"type": "t.picture"}, q=PARITY)
    said = meshloom("run", "w.json")
    assert {path.name for path in (home / "output/w").iterdir()} >= {
        "p.png",
        "q.json",
        "report.html",
        "report.json",
    }
    assert "n: done in" in said.out
    assert "result   output/w/p.png" in said.out
    assert "done: 3 nodes computed, 0 reused, 0 failed" in said.out
    again = meshloom("run", "w.json")
    assert "q: reused" in again.out
    assert "0 nodes computed, 3 reused" in again.out


def test_settings_change_the_run_and_nothing_else(meshloom: Meshloom, workflow: Workflow, home: Path) -> None:
    file = workflow(n=NUMBER, a={"type": "t.params"})
    before = file.read_bytes()
    meshloom("run", "w.json", "--set", "n.value=-7", "--set", "a.words=a=b", "-o", "deep/er")
    assert json.loads((home / "deep/er/n.json").read_text()) == -7
    assert "|a=b|" in (home / "deep/er/a.txt").read_text()
    assert file.read_bytes() == before


def test_only_force_no_cache_and_workers(meshloom: Meshloom, workflow: Workflow, home: Path) -> None:
    workflow(n=NUMBER, p=PARITY, other={"type": "t.number"})
    assert computed(meshloom("run", "w.json", "--only", "p", "--json")) == {"n", "p"}
    assert not (home / "output/w/other.json").exists()
    assert computed(meshloom("run", "w.json", "--json", "--workers", "1")) == {"other"}
    assert computed(meshloom("run", "w.json", "--json", "--force", "n")) == {"n"}
    assert computed(meshloom("run", "w.json", "--json", "--no-cache")) == {"n", "p", "other"}
    assert computed(meshloom("run", "w.json", "--json", "--no-report")) == set()


def test_a_group_can_be_forced_and_asked_for(meshloom: Meshloom, workflow: Workflow) -> None:
    group = {"nodes": {"n": NUMBER, "p": PARITY}, "outputs": {"out": "p.value"}, "params": {"v": "n.value"}}
    workflow(groups={"g": group}, g={"type": "group:g"}, o={"type": "t.number", "with": {"value": 9}})
    assert computed(meshloom("run", "w.json", "--only", "g", "--set", "g.v=4", "--json")) == {"g/n", "g/p"}
    assert computed(meshloom("run", "w.json", "--only", "g", "--set", "g.v=4", "--force", "g", "--json")) == {
        "g/n",
        "g/p",
    }


def test_json_lines_are_json_whatever_is_in_them(meshloom: Meshloom, workflow: Workflow) -> None:
    workflow(
        t={"type": "t.odd_table"}, x={"type": "t.nonsense_progress"}, f={"type": "t.files"}, n=NUMBER, b=FAIL
    )
    events = meshloom("run", "w.json", "--json", code=1).events
    kinds = [event["event"] for event in events]
    assert kinds[0] == "RunStarted"
    assert kinds.index("RunEnded") < kinds.index("Written")
    assert {"NodeStarted", "NodeDone", "NodeFailed", "Warned"} <= set(kinds)
    failed = next(event for event in events if event["event"] == "NodeFailed")
    assert (failed["message"], failed["hint"]) == ("the number is cursed", "use another number")
    assert all(Path(event["path"]).is_file() for event in events if event["event"] == "Written")


def test_a_result_runs_as_its_workflow_does(meshloom: Meshloom, workflow: Workflow, home: Path) -> None:
    (home / "words.txt").write_text("hello")
    workflow(
        p={"type": "t.picture"},
        c={"type": "t.brighter", "from": {"image": "p.image"}, "with": {"by": 0.25}},
        r={"type": "t.reader", "with": {"file": "words.txt"}},
        n=NUMBER,
    )
    meshloom("run", "w.json", "-o", "first", "--set", "c.by=0.5")
    os.chdir(home.parent)  # the workflow carried is self-contained
    for name in ("c.png", "n.json", "r.txt"):
        said = meshloom("run", home / "first" / name, "-o", home / "second", "--json")
        assert computed(said) == set(), name
    assert np.array_equal(Pillow.open(home / "second/c.png"), Pillow.open(home / "first/c.png"))
    shown = meshloom("show", home / "first/c.png").out
    assert json.loads(shown)["nodes"]["c"]["with"] == {"by": 0.5}


def test_no_file_name_leads_out_of_the_folder(meshloom: Meshloom, workflow: Workflow, home: Path) -> None:
    names = ["../../escape", "/etc/escape", "..\\..\\escape", "C:\\escape", "a/../../escape", "\0"]
    workflow(f={"type": "t.files", "with": {"names": names}}, n=NUMBER)
    meshloom("run", "w.json", "-o", "out")
    assert sorted(path.name for path in home.iterdir()) == ["out", "w.json"]
    assert not list(home.parent.glob("escape*"))


# ---------------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run"], "Missing argument"),
        (["run", "gone.json"], "does not exist"),
        (["run", "wj"], "is neither a file nor a preset"),
        (["run", "photos_to_mode"], "did you mean photos_to_model"),
        (["run", "w.jsno"], "did you mean w.json"),
        (["run", "."], "is a folder"),
        (["run", "x" * 300], "File name too long"),
        (["run", "x" * 300 + ".json"], "File name too long"),
        (["run", "w.json", "--set", "n.value"], "expected node.param=value"),
        (["run", "w.json", "--set", "n.valu=1"], "did you mean value"),
        (["run", "w.json", "--set", "m.value=1"], "no node of that name"),
        (["run", "w.json", "--set", "n.value=1.5"], "is 1.5; expected a whole number"),
        (["run", "w.json", "--set", "n.value=" + "9" * 5000], "expected a whole number"),
        (["run", "w.json", "--set", "n.value=" + "[" * 50_000], "expected a whole number"),
        (["run", "w.json", "--set", "r.source=~no-such-user/x", "--only", "r"], "does not exist"),
        (["run", "w.json", "--set", "p.a=1"], "t.parity has no such parameter"),
        (["run", "w.json", "--only", "nn"], "did you mean n"),
        (["run", "w.json", "--only", ""], "no node of that name"),
        (["run", "w.json", "--force", "nn"], "did you mean n"),
        (["run", "w.json", "--sweep", "n.value"], "expected node.param=a,b,c"),
        (["run", "w.json", "--sweep", "n.value=1,x"], "is 'x'; expected a whole number"),
        (["run", "w.json", "--sweep", "n.valu=1"], "did you mean value"),
        (["run", "w.json", "--sweep", "n.value=1", "--sweep", "n.value=2"], "swept twice"),
        (["run", "w.json", "--workers", "0"], "'--workers'"),
        (["run", "w.json", "--wrokers", "1"], "No such option"),
        (["run", "w.json", "extra"], "unexpected extra argument"),
        (["rnu", "w.json"], "No such command"),
        (["run", "w.json", "-o", "w.json"], "cannot be written"),
        (["run", "w.json", "-o", "/proc/none"], "cannot be written"),
    ],
    ids=lambda part: " ".join(part)[:50] if isinstance(part, list) else "",
)
def test_a_wrong_request_is_told_with_what_was_meant(
    meshloom: Meshloom, workflow: Workflow, words: list[str], said: str
) -> None:
    workflow(n=NUMBER, p=PARITY, r={"type": "t.params"})
    answer = meshloom(*words, code=2)
    assert said in answer.err
    assert len(answer.err) < 1200


@pytest.mark.parametrize("variable", ["MESHLOOM_MEMORY_MB", "MESHLOOM_DISK_GB"])
@pytest.mark.parametrize("value", ["many", "-1", "1.5", "²"])
def test_odd_settings_of_the_environment_are_told(
    meshloom: Meshloom, workflow: Workflow, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    workflow(n=NUMBER)
    monkeypatch.setenv(variable, value)
    assert f"{variable}: is {value!r}; expected a whole number" in meshloom("run", "w.json", code=2).err


def test_a_failed_node_is_exit_code_one_and_good_results_are_written(
    meshloom: Meshloom, workflow: Workflow, home: Path
) -> None:
    workflow(n=NUMBER, b=FAIL, below={"type": "t.parity", "from": {"a": "b"}}, good=PARITY)
    said = meshloom("run", "w.json", code=1)
    assert "b: failed: the number is cursed\n  use another number" in said.out
    assert "below: skipped, it needs b, which has no result" in said.out
    assert (home / "output/w/good.json").exists()


def test_strays_are_told_and_the_good_target_runs(meshloom: Meshloom, workflow: Workflow, home: Path) -> None:
    workflow(n=NUMBER, good=PARITY, typo={"type": "t.numbr"}, lone={"type": "t.parity"})
    said = meshloom("run", "w.json", code=2)
    assert "typo: warning: no node is called 't.numbr'; did you mean t.number" in said.out
    assert "lone.a: warning: is not connected" in said.out
    assert (home / "output/w/good.json").exists()


def test_a_bug_in_a_node_is_told_without_a_traceback(meshloom: Meshloom, workflow: Workflow) -> None:
    workflow(n=NUMBER, b={**FAIL, "with": {"how": "bug"}})
    said = meshloom("run", "w.json", code=1)
    assert "b: failed: ZeroDivisionError" in said.out
    assert "this is a fault in t.fail; run with --traceback to see where" in said.out


def test_the_traceback_is_there_for_those_who_ask(start: Start, workflow: Workflow) -> None:
    workflow(n=NUMBER, b={**FAIL, "with": {"how": "bug"}})
    out, _ = start("run", "w.json", "--traceback").communicate(timeout=60)
    assert "Traceback (most recent call last)" in out
    assert "fail.py" in out


def test_a_result_that_no_format_takes_is_a_warning_and_exit_code_one(
    meshloom: Meshloom, workflow: Workflow, home: Path
) -> None:
    workflow(u={"type": "t.surrogate"}, n=NUMBER)
    said = meshloom("run", "w.json", code=None)
    assert (home / "output/w/n.json").exists()
    if said.code:  # a format may come to take it
        assert said.code == 1
        assert "u: warning: its result text cannot be written as a file" in said.out


@pytest.mark.parametrize("spoil", ["file", "folder instead of index"])
def test_an_unusable_cache_is_a_warning(
    meshloom: Meshloom, workflow: Workflow, home: Path, spoil: str
) -> None:
    cache = home.parent / "cache"
    if spoil == "file":
        cache.write_text("")
    else:
        (cache / "v1/index.sqlite").mkdir(parents=True)
    workflow(n=NUMBER)
    said = meshloom("run", "w.json")
    assert "working without it" in said.out
    assert (home / "output/w/n.json").exists()
    for command in (["nodes"], ["cache", "info"], ["cache", "verify"], ["cache", "prune"], ["why", "w.json"]):
        meshloom(*command)


# ----------------------------------------------------------------------------------------------- sweeps


def test_a_sweep_gives_a_folder_a_cell_a_table_and_a_sheet(
    meshloom: Meshloom, workflow: Workflow, home: Path
) -> None:
    workflow(
        p={"type": "t.picture"},
        b={"type": "t.brighter", "from": {"image": "p.image"}},
        n=NUMBER,
        q=PARITY,
    )
    said = meshloom("run", "w.json", "--sweep", "b.by=0.1,0.3", "--sweep", "n.value=1,2,3", "-o", "out")
    folders = sorted(path.name for path in (home / "out").iterdir() if path.is_dir())
    assert folders[0] == "000_by=0.1_value=1"
    assert len(folders) == 6
    assert (home / "out" / folders[5] / "b.png").exists()
    assert "sweep    out/sheet-b.png" in said.out
    rows = list(csv.DictReader((home / "out/sweep.csv").open()))
    assert [row["q"] for row in rows] == ["1", "0", "1"] * 2
    assert {row["status"] for row in rows} == {"done"}
    text = extract(home / "out" / folders[4] / "b.png")
    assert text is not None
    assert json.loads(text)["nodes"]["n"]["with"] == {"value": 2}


def test_a_sweep_in_json_with_force_and_without_reports(
    meshloom: Meshloom, workflow: Workflow, home: Path
) -> None:
    workflow(n=NUMBER, q=PARITY)
    sweep = ["run", "w.json", "--sweep", "n.value=1,2", "-o", "out", "--json", "--no-report"]
    assert len([e for e in meshloom(*sweep).events if e["event"] == "NodeDone" and e["computed"]]) == 4
    said = meshloom(*sweep, "--force", "q")
    done = [event for event in said.events if event["event"] == "NodeDone" and event["computed"]]
    assert [event["node"] for event in done] == ["q", "q"]
    written = {Path(event["path"]).name for event in said.events if event["event"] == "Written"}
    assert written == {"q.json", "sweep.csv"}
    assert "did you mean q" in meshloom(*sweep, "--force", "qq", code=2).err


def test_a_cell_that_fails_leaves_the_others(meshloom: Meshloom, workflow: Workflow, home: Path) -> None:
    workflow(n=NUMBER, b={**FAIL, "with": {"at": 2}})
    meshloom("run", "w.json", "--sweep", "n.value=1,2,3", "-o", "out", code=1)
    rows = list(csv.DictReader((home / "out/sweep.csv").open()))
    assert [row["status"] for row in rows] == ["done", "failed", "done"]
    assert rows[1]["message"] == "b: the number is cursed"


# --------------------------------------------------------------------------------- terminals and pipes

MARKUP = {"type": "t.params", "with": {"words": "[/] [red] [/b]"}}


def in_terminal(home: Path, *words: str) -> tuple[int, str]:
    """A command line in a terminal of its own: its exit code, and all it shows."""
    parent, child = pty.openpty()
    command = [sys.executable, "-m", "meshloom.app", *words]
    process = subprocess.Popen(command, stdin=child, stdout=child, stderr=child, cwd=home, close_fds=True)
    os.close(child)
    shown = b""
    while True:
        try:
            part = os.read(parent, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(parent)
    return process.wait(60), shown.decode(errors="replace")


def test_a_terminal_shows_words_as_they_are(meshloom: Meshloom, workflow: Workflow, home: Path) -> None:
    nodes: dict[str, Any] = {
        "[red]a[b]": MARKUP,
        "x": {"type": "t.nonsense_progress"},
        "n": NUMBER,
        "[b": FAIL,
    }
    workflow(groups={"g": {"nodes": {"b]": NUMBER}}}, **nodes, **{"[": {"type": "group:g"}})
    meshloom("run", "w.json", "--set", "[red]a[b].words=before", code=1)
    code, shown = in_terminal(home, "run", "w.json", "--force", "x")
    assert code == 1
    assert "Traceback" not in shown
    assert "[red]a[b]" in shown
    assert "'before' -> '[/] [red] [/b]'" in shown
    assert "a [/b] warning" in shown


@pytest.mark.parametrize("command", [["nodes"], ["run", "w.json", "--json", "--force", "n"]])
def test_a_reader_that_stops_reading_is_no_fault(
    start: Start, workflow: Workflow, command: list[str]
) -> None:
    workflow(n=NUMBER, **{f"s{index}": {"type": "t.slow", "with": {"seconds": 0.05}} for index in range(20)})
    process = start(*command)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) in (0, 1)
    assert "Traceback" not in err
    assert "internal error" not in err
    assert "Exception ignored" not in err


def test_a_terminal_that_speaks_ascii_gets_all_there_is(start: Start, workflow: Workflow) -> None:
    workflow(größe=NUMBER, 日本={**FAIL, "from": {"a": "größe"}})
    out, err = start("run", "w.json", env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}).communicate(
        timeout=60
    )
    assert "gr\\xf6\\xdfe: done" in out
    assert "Traceback" not in err


@pytest.mark.skipif(sys.platform != "linux", reason="file names are Unicode there")
def test_a_folder_whose_name_is_not_unicode_is_as_good_as_any(
    start: Start, workflow: Workflow, home: Path
) -> None:
    folder = os.fsdecode(os.fsencode(home) + b"/Stra\xdfe")
    os.mkdir(folder)  # noqa: PTH102
    workflow(n=NUMBER, p={"type": "t.picture"}).rename(Path(folder) / "w.json")
    for computed_now in (2, 0):
        process = start("run", Path(folder) / "w.json", "-o", Path(folder) / "out")
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, out + err
        assert f"done: {computed_now} nodes computed" in out
        assert "warning" not in out
    assert (Path(folder) / "out/p.png").exists()
    assert extract(Path(folder) / "out/p.png") is not None
