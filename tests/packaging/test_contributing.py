"""The walk-through of CONTRIBUTING.md works as printed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import PIL.Image
import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text()
FILES = dict(re.findall(r"^```python\n# (\S+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> Path:
    """A copy of the package with the example's files added."""
    copy = tmp_path_factory.mktemp("path") / "meshloom"
    for name in ("graph_runtime", "kernels", "nodes"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ROOT.glob("*.py"):
        shutil.copy(file, copy)
    for name, code in FILES.items():
        assert not (ROOT / name).exists(), f"{name} is real now; show another example"
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text(code)
    return copy


def python(house: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(house.parent),
        "MESHLOOM_NODES": str(folder / "none"),
        "XDG_CACHE_HOME": str(folder / "cache"),
    }
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True
    )


def meshloom(house: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return python(house, folder, "-c", "from meshloom.app import main; main()", *words)


def test_its_test_passes(house):
    said = python(house, house, "-m", "pytest", "--import-mode=importlib", "-q", "-p", "no:dash", "tests")
    assert "2 passed" in said.stdout, said.stdout + said.stderr


def test_the_example_is_in_the_house_style(house):
    ruff = Path(sys.executable).with_name("ruff")
    for words in (["check"], ["format", "--check"]):
        subprocess.run(
            [ruff, *words, "--config", ROOT / "pyproject.toml", *(house / name for name in FILES)], check=True
        )


def test_its_workflow_runs(house, tmp_path):
    (workflow,) = re.findall(r"^```json\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    (tmp_path / "solarised.json").write_text(workflow)
    PIL.Image.new("RGB", (8, 6), (200, 100, 0)).save(tmp_path / "cat.jpg")
    said = meshloom(house, tmp_path, "run", "solarised.json", "-o", "out")
    assert said.returncode == 0, said.stdout + said.stderr
    assert [file for file in (tmp_path / "out").rglob("*") if file.suffix in (".png", ".jpg")]


def test_it_is_listed_with_its_docs(house, tmp_path):
    said = meshloom(house, tmp_path, "nodes", "image.solarise")
    assert "Turn every colour brighter than a threshold" in said.stdout, said.stdout + said.stderr
    assert "threshold" in said.stdout
