"""pyproject.toml, constraints.txt and THIRD_PARTY.md agree with each other and with what is installed."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
DIRECT = [
    Requirement(line)
    for line in [*PROJECT["dependencies"], *(one for extra in EXTRAS.values() for one in extra)]
]
PINS = {
    canonicalize_name(name): Version(version)
    for name, version in re.findall(
        r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE
    )
}
ROWS = {
    canonicalize_name(name): version
    for name, version in re.findall(
        r"^\| \[([\w.-]+)\]\(\S+\) \| (\S+) \|", (ROOT / "THIRD_PARTY.md").read_text(), re.M
    )
}


@pytest.mark.parametrize("need", DIRECT, ids=str)
def test_every_dependency_is_pinned_within_its_bounds(need):
    # A marker may keep a bound from other Pythons; the pin serves all.
    assert need.specifier.contains(PINS[canonicalize_name(need.name)])


def test_the_table_lists_every_dependency_in_its_pinned_version():
    direct = {canonicalize_name(need.name) for need in DIRECT}
    assert {name: str(PINS[name]) for name in direct} == ROWS


def test_everything_the_package_pulls_in_is_installed_as_pinned():
    seen: set[str] = set()
    waiting = [Requirement("meshloom")]
    while waiting:
        need = waiting.pop()
        name = canonicalize_name(need.name)
        if name in seen or (need.marker and not need.marker.evaluate({"extra": ""})):
            continue
        seen.add(name)
        found = importlib.metadata.distribution(name)
        if name != "meshloom":
            assert Version(Version(found.version).public) == PINS.get(name), f"{name} {found.version}"
        waiting += [Requirement(line) for line in found.requires or ()]
    assert {"numpy", "torch", "dash"} <= seen


def test_torch_is_exact_in_one_place():
    """Its build is chosen by installing this very pin first; a looser one would let pip choose again."""
    assert str(PINS["torch"]) == "2.13.0"
