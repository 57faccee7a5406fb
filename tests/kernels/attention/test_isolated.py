"""The gate in a process of its own, and the script that needs no installation."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from meshloom.kernels.attention import isolated, registry
from meshloom.kernels.attention.isolated import call_main, clear, verify_apart
from meshloom.kernels.attention.kernel import AttentionError

ROOT = Path(isolated.__file__).parents[2]


def test_a_report_comes_back_from_there():
    report = verify_apart(registry.get("sdpa.flash"), dtypes=["fp32"], dims=[64])
    assert report.passed and report.kernel == "sdpa.flash"


def test_a_death_is_told_with_its_signal(tmp_path, monkeypatch):
    crash = tmp_path / "crash.py"
    crash.write_text(
        "import os, signal\nprint('about to', flush=True)\nos.kill(os.getpid(), signal.SIGSEGV)\n"
    )
    monkeypatch.setattr(isolated, "MAIN", crash)
    with pytest.raises(AttentionError, match="SIGSEGV") as caught:
        call_main("verify", "own.triton")
    assert "about to" in caught.value.log


def test_one_that_never_ends_is_ended(tmp_path, monkeypatch):
    slow = tmp_path / "slow.py"
    slow.write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(isolated, "MAIN", slow)
    with pytest.raises(AttentionError, match="longer than 1 s"):
        call_main("verify", "own.triton", timeout=1)


def test_only_risky_kernels_are_sent_there():
    assert clear(registry.get("sdpa.flash"), "cpu") is None


@pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="triton is not installed")
def test_our_triton_kernel_passes_in_the_interpreter():
    report = verify_apart(
        registry.get("own.triton"), dtypes=["fp32", "fp16"], dims=[64], env={"TRITON_INTERPRET": "1"}
    )
    assert report.passed, str(report)
    assert sum(held.status == "pass" for held in report.results) >= 40


def test_the_script_runs_from_a_bare_copy(tmp_path):
    """Nothing installed but torch: no meshloom, no working directory to find it in."""
    shutil.copytree(ROOT / "kernels" / "attention", tmp_path / "any" / "kernels" / "attention")
    shutil.copy(ROOT / "__init__.py", tmp_path / "any")
    for name in ("__init__.py", "registry.py"):
        shutil.copy(ROOT / "kernels" / name, tmp_path / "any" / "kernels")
    out = tmp_path / "result.json"
    code = (
        "import sys, runpy, importlib.util as u; real = u.find_spec\n"
        "u.find_spec = lambda name, package=None: None if name == 'meshloom' else real(name, package)\n"
        "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    script = str(tmp_path / "any" / "kernels" / "attention" / "__main__.py")
    words = ["bench", "--spec", "h2 n64 d64 fp32", "--kernel", "sdpa.math", "--kernel", "sdpa.flash"]
    words += ["--device", "cpu", "--rounds", "6", "--no-gate", "--json", str(out)]
    ran = subprocess.run(
        [sys.executable, "-c", code, script, *words],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "A/A" in ran.stdout
    held = json.loads(out.read_text())
    assert [row["kernel"] for row in held["specs"][0]["rows"]] == ["sdpa.math", "sdpa.flash"]
