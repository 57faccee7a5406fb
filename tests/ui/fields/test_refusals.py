"""A choice greys what this machine cannot use, with the reason; a process of its own says what that is."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.spec import Choice, Param
from meshloom.kernels.splatting.catalogue import KERNELS
from meshloom.ui.fields.others import ChoiceField
from meshloom.ui.fields.refusals import Refusals, refusals
from meshloom.ui.theme import theme

SPLATTING = "meshloom.kernels.splatting.refusals"


@pytest.fixture
def field(qtbot: QtBot) -> ChoiceField:
    options = (*KERNELS, "own.cpu.again")
    made = ChoiceField(Param("kernel", "choice", "own.cpu", Choice(options, SPLATTING), options))
    qtbot.addWidget(made)
    made.set_value("own.cpu")
    made.show()
    return made


def test_what_cannot_be_used_is_greyed_once_the_list_is_open(qtbot: QtBot, field: ChoiceField) -> None:
    box = field.box
    row = box.findData("gsplat")
    before = box.itemText(row)
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_F4)
    asked = refusals(SPLATTING)
    qtbot.waitUntil(lambda: asked.reasons is not None, timeout=60_000)
    reasons = asked.reasons or {}
    for each in range(box.count()):
        reason = reasons.get(box.itemData(each), "")
        assert (reason in box.itemText(each)) and (
            box.itemData(each, Qt.ItemDataRole.ToolTipRole) or ""
        ) == reason
        colour = box.itemData(each, Qt.ItemDataRole.ForegroundRole)
        assert (colour == QColor(theme().dim)) == bool(reason)
    assert (box.itemText(row) != before) == ("gsplat" in reasons)
    box.hidePopup()
    QApplication.processEvents()
    assert field.value == "own.cpu" and "own.cpu" not in reasons


def test_where_nobody_can_say_nothing_is_greyed(qtbot: QtBot) -> None:
    asked = Refusals("meshloom.no_such_module")
    qtbot.waitUntil(lambda: asked.reasons is not None, timeout=60_000)
    assert asked.reasons == {}
