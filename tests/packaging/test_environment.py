"""The set-up of ``.venv``: does nothing twice, mends what was interrupted, says what it lacks.

A real environment and real pip, on a toy project whose packages are a few bytes each.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import importlib.util
import shutil
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]

# The smallest build backend: an editable wheel is a .pth file.
BACKEND = """
import zipfile

METADATA = '''\\
Metadata-Version: 2.1
Name: toy
Version: 1.0
Provides-Extra: app
Requires-Dist: window ; extra == "app"
'''

def get_requires_for_build_editable(config_settings=None):
    return []

def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "toy-1.0-py3-none-any.whl"
    info = "toy-1.0.dist-info/"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        wheel.writestr("toy.pth", ".")
        wheel.writestr(info + "METADATA", METADATA)
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", f"toy.pth,,\\n{info}METADATA,,\\n{info}WHEEL,,\\n{info}RECORD,,\\n")
    return name
"""

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


@pytest.fixture(scope="module")
def steps() -> ModuleType:
    """packaging/environment.py; its folder is no package, so it is loaded by path."""
    sys.path.insert(0, str(ROOT / "packaging"))
    try:
        spec = importlib.util.spec_from_file_location("environment", ROOT / "packaging" / "environment.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules["environment"] = module
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(ROOT / "packaging"))
    module.IMPORTS = {"": "import torch", "app": "import window"}
    return module


def make_wheel(folder: Path, name: str, version: str) -> None:
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"version = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    digests = {
        path: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        for path, text in files.items()
    }
    record = "".join(f"{path},sha256={digests[path]},{len(text)}\n" for path, text in files.items())
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            wheel.writestr(path, text)


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("a clone")
    (root / "backend.py").write_text(BACKEND)
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "constraints.txt").write_text("torch==2.13.0\nwindow==1.0\n")
    (root / "setup.py").write_text("")
    (root / "wheels").mkdir()
    for name, version in (("torch", "2.13.0+cpu"), ("torch", "2.14.0"), ("window", "1.0"), ("window", "2.0")):
        make_wheel(root / "wheels", name, version)
    return root


@pytest.fixture(autouse=True)
def offline(project, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", (project / "wheels").as_uri())
    monkeypatch.setenv("PIP_USER", "1")  # A setting people have; it must not send packages elsewhere.
    monkeypatch.setenv("MESHLOOM_SKIP_SYSTEM_CHECK", "1")
    monkeypatch.delenv("MESHLOOM_TORCH_INDEX", raising=False)


@pytest.fixture(scope="module")
def made(steps, project):
    """The environment after a first set-up."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", (project / "wheels").as_uri())
        patch.setenv("PIP_USER", "1")
        patch.setenv("MESHLOOM_SKIP_SYSTEM_CHECK", "1")
        environment = steps.Environment(project / ".venv")
        steps.set_up(project, environment, [])
    return environment


def installed(environment, name: str) -> str:
    return environment.ask(f"import {name}; print({name}.version)").strip()


def test_installs_the_pinned_torch_whatever_its_build(made):
    assert installed(made, "torch") == "2.13.0+cpu"


def test_second_time_runs_no_pip(steps, project, made, monkeypatch):
    monkeypatch.setattr(made, "pip", lambda *words: pytest.fail(f"pip {words}"))
    steps.set_up(project, made, [])


def test_extra_is_added_and_stays(steps, project, made):
    assert not steps.is_ready(project, made, ["app"])
    steps.set_up(project, made, ["app"])
    assert installed(made, "window") == "1.0"
    assert steps.is_ready(project, made, [])


def test_package_removed_by_hand_comes_back(steps, project, made):
    shutil.rmtree(made.site() / "torch-2.13.0+cpu.dist-info")
    (made.site() / "torch.py").unlink()
    steps.set_up(project, made, [])
    assert installed(made, "torch") == "2.13.0+cpu"


def test_half_installed_package_is_installed_again(steps, project, made):
    made.write_note({"extras": ["app"]})  # As left by a set-up killed before its end,
    (made.site() / "torch.py").write_text("vers")  # here while pip was writing this file.
    (made.site() / "~orch").mkdir()
    steps.set_up(project, made, [])
    assert installed(made, "torch") == "2.13.0+cpu"
    assert not (made.site() / "~orch").exists()
    assert steps.is_ready(project, made, ["app"])


def test_moved_environment_is_made_anew(steps, project, made):
    moved = project / "elsewhere"
    made.path.rename(moved)
    there = steps.Environment(moved)
    assert there.version() is None
    moved.rename(made.path)
    assert made.version() == sys.version_info[:2]


def test_failing_pip_is_told_and_does_not_count(steps, project, made):
    constraints = project / "constraints.txt"
    constraints.write_text("torch==9.9\n")
    with pytest.raises(steps.Stop, match=r"pip install torch==9\.9"):
        steps.set_up(project, made, [])
    assert not steps.is_ready(project, made, [])
    constraints.write_text("torch==2.13.0\nwindow==2.0\n")
    steps.set_up(project, made, [])
    assert installed(made, "window") == "2.0"
    assert steps.is_ready(project, made, [])


def test_missing_system_library_is_named_with_the_command(steps, project, made, monkeypatch):
    library = steps.SYSTEM["Library"]("libnowhere.so.7", "a test", {"apt-get": "libnowhere7"})
    monkeypatch.delenv("MESHLOOM_SKIP_SYSTEM_CHECK")
    monkeypatch.setitem(steps.SYSTEM, "missing_libraries", lambda extras: [library])
    monkeypatch.setitem(steps.SYSTEM, "package_manager", lambda: "apt-get")
    monkeypatch.setitem(steps.SYSTEM, "install_command", lambda missing: "sudo apt-get install libnowhere7")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(steps.Stop, match=r"libnowhere\.so\.7 \(a test\)\n  sudo apt-get install libnowhere7"):
        steps.set_up(project, made, [])


def test_the_first_script_is_readable_by_an_old_python():
    ast.parse((ROOT / "packaging" / "bootstrap.py").read_text(), feature_version=(3, 7))
