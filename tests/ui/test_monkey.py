"""A short session of random actions; the long ones are in ``tests/benchmarks/bench_monkey.py``."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from . import monkey


def test_random_actions_break_nothing(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESHLOOM_NODES", str(monkey.SAMPLES))
    monkeypatch.setenv("MESHLOOM_DEVICE", "cpu")
    monkeypatch.setenv("HOME", str(tmp_path))
    report = monkey.play(seed=20, actions=300, folder=tmp_path / "files", warm=300)
    assert report["faults"] == [], report
    assert report["actions"] == 300
    assert min(report["checked"][what] for what in ("loadable", "history", "view")) > 0
