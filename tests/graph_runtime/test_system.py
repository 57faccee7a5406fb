"""The check for system libraries: it finds what is there, names what is not, and says what to type."""

from __future__ import annotations

import re
import sys

import pytest

from meshloom.graph_runtime import system
from meshloom.graph_runtime.system import LIBRARIES, MANAGERS, Library, install_command, missing_libraries

PACKAGES = {"apt-get": "libnowhere7", "dnf": "nowhere", "pacman": "nowhere"}
ABSENT = Library("libnowhere.so.7", "a test", PACKAGES)


@pytest.fixture
def with_absent(monkeypatch):
    monkeypatch.setattr(system, "LIBRARIES", {"": (ABSENT,), "app": (ABSENT,)})


@pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux loader")
def test_a_library_that_loads_is_not_missing(monkeypatch):
    libc = Library("libc.so.6", "everything", dict.fromkeys(MANAGERS, "libc6"))
    monkeypatch.setattr(system, "LIBRARIES", {"": (libc, ABSENT)})
    assert missing_libraries() == [ABSENT]


def test_an_extra_adds_its_own(with_absent):
    assert missing_libraries(["app"], platform="linux") == [ABSENT, ABSENT]
    assert missing_libraries(["dev"], platform="linux") == [ABSENT]


def test_other_systems_need_nothing(with_absent):
    assert missing_libraries(["app"], platform="darwin") == missing_libraries(platform="win32") == []


@pytest.mark.parametrize(
    ("manager", "command"),
    [
        ("apt-get", "apt-get install -y --no-install-recommends libnowhere7"),
        ("dnf", "dnf install -y nowhere"),
        ("pacman", "pacman -S --needed nowhere"),
    ],
)
def test_command_names_each_package_once(manager, command, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert install_command([ABSENT, ABSENT], manager) == command


def test_command_of_a_common_user_asks_for_root(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert install_command([ABSENT], "apt-get").startswith("sudo apt-get ")


def test_without_a_known_manager_it_names_the_libraries(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert "libnowhere.so.7" in install_command([ABSENT])


@pytest.mark.parametrize("library", [library for extra in LIBRARIES.values() for library in extra])
def test_tables_are_whole(library):
    assert re.fullmatch(r"lib[\w.+-]+\.so\.\d+", library.name)
    assert all(re.fullmatch(r"[A-Za-z0-9][\w.+-]+", library.packages[manager]) for manager in MANAGERS)
