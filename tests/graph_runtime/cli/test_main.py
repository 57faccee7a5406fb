"""Exit codes and words of the command line itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshloom.graph_runtime.cli.main import run


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 0, "Usage"),
        (["run"], 2, "Missing"),
        (["frob"], 2, "frob"),
        (["run", "--no-such"], 2, "no-such"),
        (["run", "no_such_preset"], 2, "neither a file nor a preset"),
        (["nodes", "image.resize"], 0, "image.resize"),
        (["check", "photos_to_model"], 0, "nothing wrong"),
        (["run", "sweep_demo", "--set", "nope.x=1"], 2, "no node of that name"),
    ],
)
def test_exit_code_and_message(
    words: list[str],
    code: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("MESHLOOM_CACHE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert run(words) == code
    shown = capsys.readouterr()
    assert said in shown.out + shown.err
    assert "Traceback" not in shown.err
    assert "internal error" not in shown.err
