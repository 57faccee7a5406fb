"""The command line over the sample nodes, in this process or in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from meshloom.graph_runtime.cli.main import run as run_main

SAMPLE_NODES = Path(__file__).parent.parent / "sample_nodes"


class Said:
    """What a command answered."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err
        assert "Traceback" not in out + err, out + err

    @property
    def events(self) -> list[dict[str, Any]]:
        """The JSON lines, each strictly JSON."""
        return [json.loads(line, parse_constant=pytest.fail) for line in self.out.splitlines()]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder commands are typed in, with a cache of its own."""
    monkeypatch.setenv("MESHLOOM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MESHLOOM_NODES", str(SAMPLE_NODES))
    monkeypatch.setenv("MESHLOOM_DEVICE", "cpu")
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def meshloom(home: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """A command line in this process."""

    def say(*words: str, code: int | None = 0) -> Said:
        capfd.readouterr()
        got = run_main([str(word) for word in words])
        said = Said(got, *capfd.readouterr())
        assert code is None or got == code, f"exit code {got}\n{said.out}\n{said.err}"
        return said

    return say


@pytest.fixture
def start(home: Path) -> Callable[..., subprocess.Popen[str]]:
    """A command line in a process of its own."""

    def make(*words: str, **options: Any) -> subprocess.Popen[str]:
        environment = {**os.environ, **options.pop("env", {})}
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
        command = [sys.executable, "-m", "meshloom.app", *map(str, words)]
        return subprocess.Popen(command, env=environment, **options)

    return make


@pytest.fixture
def workflow(home: Path) -> Callable[..., Path]:
    """``workflow(a={"type": "t.number"})`` writes ``w.json``."""

    def write(name: str = "w.json", groups: dict[str, Any] | None = None, **nodes: Any) -> Path:
        tree = {"meshloom": 1, "nodes": nodes, **({"groups": groups} if groups else {})}
        (home / name).write_text(json.dumps(tree))
        return home / name

    return write
