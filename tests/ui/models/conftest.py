"""The window of models over folders of its own and a Hub on this machine."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from meshloom.ui.models.desk import Desk
from meshloom.ui.models.models_window import ModelsWindow

from ...graph_runtime.models.conftest import Hub, home, hub, tiny_original  # noqa: F401


@pytest.fixture
def own(home: Path, tiny_original: Path) -> Path:  # noqa: F811
    """A model of the user's own called "noise", and one called "broken" that lacks a part."""
    folder = home / "own"
    for name in ("noise", "broken"):
        shutil.copytree(tiny_original, folder / name)
    shutil.rmtree(folder / "broken" / "vae")
    return folder


Open = Callable[[], ModelsWindow]


@pytest.fixture
def opened(qtbot: QtBot, home: Path) -> Iterator[Open]:  # noqa: F811
    """Opens the window and waits until it knows what is here."""
    made: list[ModelsWindow] = []

    def open_one() -> ModelsWindow:
        window = ModelsWindow(Desk())
        qtbot.addWidget(window)
        made.append(window)
        with qtbot.waitSignal(window.desk.shelf.told):
            window.show()
        return window

    yield open_one
    for window in made:
        window.desk.close()
        window.close()
