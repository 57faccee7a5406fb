"""The field for a model's name: what it offers, what it takes, where its button leads."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.catalog import Catalog
from meshloom.ui.fields.make import make_field
from meshloom.ui.fields.model import ModelField
from meshloom.ui.models.asking import asking


def made(catalog: Catalog, qtbot: QtBot) -> ModelField:
    spec = catalog.get("models.load")
    assert spec is not None
    field = make_field(spec.param_named["source"])
    assert isinstance(field, ModelField)
    qtbot.addWidget(field)
    field.show()
    return field


def test_models_on_this_machine_are_offered_and_taken(own: Path, catalog: Catalog, qtbot: QtBot) -> None:
    field = made(catalog, qtbot)
    told: list[str] = []
    field.committed.connect(told.append)
    qtbot.waitUntil(
        lambda: field.offered() == ["noise"], timeout=5_000
    )  # what is incomplete cannot be loaded
    assert field.box.currentText() == "Qwen/Qwen-Image-Edit-2511", "what was chosen stays"
    field.box.setFocus()
    qtbot.keyClick(field.box, Qt.Key.Key_Down)
    assert told == ["noise"] and field.value == "noise"


def test_any_name_can_be_typed(own: Path, catalog: Catalog, qtbot: QtBot) -> None:
    field = made(catalog, qtbot)
    told: list[str] = []
    field.committed.connect(told.append)
    line = field.box.lineEdit()
    line.selectAll()
    qtbot.keyClicks(line, "owner/other")
    qtbot.waitUntil(lambda: field.offered() == ["noise"], timeout=5_000)
    assert line.text() == "owner/other", "the list that comes does not disturb"
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert told[-1] == "owner/other"
    field.set_value("again")
    assert field.box.currentText() == "again" and told[-1] == "owner/other"


def test_its_button_asks_for_the_window_of_models(own: Path, catalog: Catalog, qtbot: QtBot) -> None:
    field = made(catalog, qtbot)
    with qtbot.waitSignal(asking().wanted) as asked:
        qtbot.mouseClick(field.more, Qt.MouseButton.LeftButton)
    assert asked.args == ["Qwen/Qwen-Image-Edit-2511"]
