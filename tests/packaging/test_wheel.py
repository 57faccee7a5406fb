"""The wheel holds the whole package, and works away from the clone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOUSE = ("graph_runtime", "kernels", "nodes", "presets", "ui")
CACHES = shutil.ignore_patterns("__pycache__", "*.pyc", "*.nbi", "*.nbc")


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """A copy of what a wheel is built from: building in place would leave, and reuse, a ``build`` folder."""
    copy = tmp_path_factory.mktemp("source")
    for name in HOUSE:
        shutil.copytree(ROOT / name, copy / name, ignore=CACHES)
    for file in (*ROOT.glob("*.py"), *(ROOT / name for name in ("pyproject.toml", "README.md", "LICENSE"))):
        shutil.copy(file, copy)
    (copy / "nodes" / "__pycache__").mkdir()
    (copy / "nodes" / "__pycache__" / "stale.cpython-311.pyc").write_bytes(b"")
    return copy


@pytest.fixture(scope="module")
def wheel(source, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "-qq", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", folder, source], check=True)
    (wheel,) = folder.glob("meshloom-*.whl")
    return wheel


def test_holds_every_file_of_the_package_and_no_other(source, wheel):
    """All but caches, and the scripts that made the presets' sample data."""
    files = [
        file.relative_to(source) for top in HOUSE for file in (source / top).rglob("*") if file.is_file()
    ]
    expected = {str(file) for file in files if "__pycache__" not in file.parts}
    expected -= {str(file) for file in files if file.parts[0] == "presets" and file.suffix == ".py"}
    expected |= {name for name in ("__init__.py", "app.py") if (source / name).exists()}
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == {f"meshloom/{name}" for name in expected}


def test_brings_its_licence_and_its_command(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    entry = next(name for name in names if name.endswith("entry_points.txt"))
    assert "meshloom = meshloom.app:main" in zipfile.ZipFile(wheel).read(entry).decode()


def test_runs_where_there_is_no_clone(wheel, tmp_path):
    installed = tmp_path / "installed"
    pip = [sys.executable, "-m", "pip", "install", "-qq", "--no-deps", "--target", installed]
    subprocess.run([*pip, wheel], check=True)
    environment = {**os.environ, "PYTHONPATH": str(installed), "XDG_DATA_HOME": str(tmp_path)}

    def said(*words: str | Path) -> str:
        command = [sys.executable, *words]
        return subprocess.run(
            command, env=environment, cwd=tmp_path, check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    assert said("-c", "import meshloom; print(meshloom.__file__)").startswith(str(installed))
    assert "image.resize" in said(installed / "bin" / "meshloom", "nodes")
