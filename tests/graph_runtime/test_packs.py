"""Nodes from a distribution installed beside Meshloom, found by its entry point."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PYPROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "meshloom-double"
version = "1.0"
[project.entry-points."meshloom.nodes"]
double = "double_nodes"
broken = "double_nodes_that_are_not_there"
[tool.setuptools]
packages = ["double_nodes"]
"""
NODE = '''
from meshloom.graph_runtime.spec import node


@node("Twice", aliases=("times two",))
def twice(value: int = 2) -> int:
    """Twice a number."""
    return 2 * value
'''


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that pip has installed the pack into, as it would into site-packages."""
    folder = tmp_path_factory.mktemp("pack")
    source = folder / "source"
    (source / "double_nodes").mkdir(parents=True)
    (source / "pyproject.toml").write_text(PYPROJECT)
    (source / "double_nodes/__init__.py").write_text("")
    (source / "double_nodes/twice.py").write_text(NODE)
    (source / "double_nodes/faulty.py").write_text("import a_module_nobody_has\n")
    options = "--quiet --no-deps --no-index --no-build-isolation --disable-pip-version-check --target"
    command = [sys.executable, "-m", "pip", "install", *options.split(), str(folder / "site"), str(source)]
    subprocess.run(command, check=True)
    return folder / "site"


def meshloom(installed: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    places = {"CACHE": "cache", "NODES": "nodes"}
    environment = {
        **os.environ,
        "PYTHONPATH": str(installed),
        **{f"MESHLOOM_{name}": str(folder / place) for name, place in places.items()},
    }
    command = [sys.executable, "-m", "meshloom.app", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_a_pack_is_listed_and_run(installed: Path, tmp_path: Path) -> None:
    assert "Twice" in meshloom(installed, tmp_path, "nodes", "times two").stdout
    nodes = {"t": {"type": "double.twice", "with": {"value": 21}}}
    (tmp_path / "w.json").write_text(json.dumps({"meshloom": 1, "nodes": nodes}))
    said = meshloom(installed, tmp_path, "run", "w.json", "--no-report")
    assert said.returncode == 0, said.stderr
    assert "42" in (tmp_path / "output/w/t.json").read_text()


def test_what_is_broken_in_it_is_told_and_the_rest_works(installed: Path, tmp_path: Path) -> None:
    said = meshloom(installed, tmp_path, "doctor")
    told = said.stdout + said.stderr
    assert "pack broken" in told and "double_nodes_that_are_not_there" in told
    assert "double.faulty" in told or "faulty.py" in told
    assert "Traceback" not in told
    assert "image.resize" in meshloom(installed, tmp_path, "nodes").stdout


def test_without_the_pack_its_nodes_are_missed_by_name(tmp_path: Path) -> None:
    nodes = {"t": {"type": "double.twice"}}
    (tmp_path / "w.json").write_text(json.dumps({"meshloom": 1, "nodes": nodes}))
    said = meshloom(tmp_path / "nowhere", tmp_path, "check", "w.json")
    assert said.returncode == 2
    assert "no node is called 'double.twice'" in said.stderr
