"""The entry of the applications menu: what packaging/install_desktop.sh writes and takes away."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import xml.etree.ElementTree
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "packaging" / "install_desktop.sh"

pytestmark = pytest.mark.skipif(
    os.name == "nt" or shutil.which("bash") is None, reason="menus of freedesktop.org only"
)


def install(data: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "XDG_DATA_HOME": str(data)}
    return subprocess.run([SCRIPT, *words], env=environment, capture_output=True, text=True)


def entry(data: Path) -> dict[str, str]:
    read = configparser.RawConfigParser(strict=True)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read(data / "applications" / "meshloom.desktop", encoding="utf-8")
    return dict(read["Desktop Entry"])


@pytest.fixture
def program(tmp_path: Path) -> Path:
    file = tmp_path / "a folder" / "meshloom"
    file.parent.mkdir()
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    return file


def test_starts_the_program_it_was_given_with_the_files_that_are_opened(
    tmp_path: Path, program: Path
) -> None:
    done = install(tmp_path / "data", program)
    assert done.returncode == 0, done.stderr
    held = entry(tmp_path / "data")
    assert held["Exec"] == f'"{program}" open %F'
    assert (held["Type"], held["Name"], held["Terminal"]) == ("Application", "Meshloom", "false")
    assert "application/json" in held["MimeType"].split(";")
    icon = tmp_path / "data" / "icons" / "hicolor" / "scalable" / "apps" / f"{held['Icon']}.svg"
    assert xml.etree.ElementTree.parse(icon).getroot().tag.endswith("svg")


def test_can_be_taken_away_again(tmp_path: Path, program: Path) -> None:
    install(tmp_path / "data", program)
    assert install(tmp_path / "data", "--remove").returncode == 0
    assert [file for file in (tmp_path / "data").rglob("*") if file.suffix in (".desktop", ".svg")] == []


def test_a_program_that_is_not_there_is_refused(tmp_path: Path) -> None:
    done = install(tmp_path / "data", tmp_path / "nothing")
    assert done.returncode == 2
    assert "is not a program" in done.stderr
    assert not (tmp_path / "data").exists()


def test_signs_that_mean_something_in_an_entry_are_escaped(tmp_path: Path, program: Path) -> None:
    odd = program.rename(program.with_name("100% $mesh"))
    install(tmp_path / "data", odd)
    assert entry(tmp_path / "data")["Exec"].endswith('/100%% \\\\$mesh" open %F')
