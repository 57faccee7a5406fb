"""The bundle: its starter always, the folder itself where `make bundle` has made it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STARTER = [sys.executable, str(ROOT / "packaging" / "bundle_main.py")]
PROGRAM = ROOT / "dist" / "meshloom" / "meshloom"

made = pytest.mark.skipif(not PROGRAM.is_file(), reason="`make bundle` has not made dist/meshloom")


def said(
    command: list[str], tmp_path: Path, send: str = "", **changed: str
) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "MESHLOOM_CACHE": str(tmp_path / "cache"),
        "MESHLOOM_DATA": str(tmp_path / "data"),
        "MESHLOOM_CONFIG": str(tmp_path / "config"),
        "MESHLOOM_NODES": str(tmp_path / "nodes"),
        "QT_QPA_PLATFORM": "offscreen",
        **changed,
    }
    return subprocess.run(
        command, env=environment, cwd=tmp_path, input=send, capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize(
    "program", [STARTER, pytest.param([str(PROGRAM)], marks=made)], ids=["starter", "made"]
)
class TestProgram:
    def test_is_the_command(self, program: list[str], tmp_path: Path) -> None:
        assert said([*program, "--version"], tmp_path).stdout.startswith("meshloom ")
        lost = said([*program, "open", "-P", "nothing"], tmp_path)
        assert lost.returncode == 2 and "-P" in lost.stderr

    def test_is_the_engine_process_when_started_like_python(self, program: list[str], tmp_path: Path) -> None:
        engine = said([*program, "-P", "-m", "meshloom.graph_runtime.remote"], tmp_path, '{"do": "quit"}\n')
        assert engine.returncode == 0, engine.stderr
        assert json.loads(engine.stdout.splitlines()[0])["events"][0]["event"] == "Ready"

    def test_is_no_python_for_others(self, program: list[str], tmp_path: Path) -> None:
        other = said([*program, "-P", "-m", "this"], tmp_path)
        assert other.returncode == 2 and "Zen" not in other.stdout


@made
class TestFolder:
    def test_holds_every_node_and_preset(self, tmp_path: Path) -> None:
        sources = [file for top in ("nodes", "presets") for file in (ROOT / top).rglob("*.[pj][sy]*")]
        if max(file.stat().st_mtime for file in sources) > PROGRAM.stat().st_mtime:
            pytest.skip("the bundle is older than the sources")
        here = [sys.executable, "-m", "meshloom.app"]
        for words in (["nodes"], ["presets"]):
            told, expected = (said([*program, *words], tmp_path).stdout for program in ([str(PROGRAM)], here))
            assert told == expected and told

    def test_its_window_starts(self, tmp_path: Path) -> None:
        started = said([str(PROGRAM)], tmp_path, MESHLOOM_STARTED="1")
        assert (started.returncode, started.stdout) == (0, "started\n"), started.stderr

    def test_a_node_of_the_user_runs_in_it(self, tmp_path: Path) -> None:
        node = tmp_path / "nodes" / "own" / "middle.py"
        node.parent.mkdir(parents=True)
        node.write_text(
            "import os\nimport statistics\n"
            "from meshloom.graph_runtime.spec import node\n\n"
            '@node("Middle")\n'
            "def middle(a: float = 3.0) -> float:\n"
            '    """The median of some numbers."""\n'
            '    assert "_internal" not in os.environ.get("LD_LIBRARY_PATH", "")\n'
            "    return statistics.median([a, 1.0, 9.0])\n"
        )
        workflow = tmp_path / "w.json"
        workflow.write_text('{"meshloom": 1, "nodes": {"m": {"type": "own.middle"}}}')
        run = said([str(PROGRAM), "run", str(workflow), "-o", str(tmp_path / "out")], tmp_path)
        assert run.returncode == 0, run.stderr

    def test_compiled_loops_are_kept_outside_of_it(self, tmp_path: Path) -> None:
        before = {file for file in PROGRAM.parent.rglob("*") if file.suffix in (".nbi", ".nbc")}
        assert before == set()
        assert (PROGRAM.parent / "LICENSE").is_file()
