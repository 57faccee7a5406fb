"""Switches, choices, texts, lists, files and colours, by mouse and keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QApplication,
    QColorDialog,
    QFileDialog,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.spec import Colour, Multiline, OpenFile, OpenFolder, Param
from meshloom.ui.fields import others
from meshloom.ui.fields.field import Field
from meshloom.ui.fields.make import OptionalField, make_field
from meshloom.ui.fields.number import NumberField

from ..hand import click, drop, wheel

TAB = Qt.Key.Key_Tab


class Told:
    """A field in a window, with what left it."""

    def __init__(self, qtbot: QtBot, param: Param) -> None:
        self.window = QWidget()
        column = QVBoxLayout(self.window)
        self.field: Field = make_field(param, self.window)
        self.next = QLineEdit(self.window)
        column.addWidget(self.field)
        column.addWidget(self.next)
        qtbot.addWidget(self.window)
        self.window.resize(320, 240)
        self.window.show()
        qtbot.waitExposed(self.window)
        self.window.activateWindow()
        qtbot.waitUntil(self.window.isActiveWindow)
        self.field.setFocus()
        self.changed: list[Any] = []
        self.committed: list[Any] = []
        self.field.changed.connect(self.changed.append)
        self.field.committed.connect(self.committed.append)


def test_a_switch(qtbot: QtBot) -> None:
    told = Told(qtbot, Param("on", "bool", False))
    assert isinstance(told.field, others.SwitchField)
    qtbot.keyClick(told.field.box, Qt.Key.Key_Space)
    click(told.field.box, QPoint(8, told.field.box.height() // 2))
    assert told.committed == [True, False] and all(type(each) is bool for each in told.committed)
    told.field.set_value(True)
    assert told.field.box.isChecked() and len(told.committed) == 2


def test_a_choice_is_made_with_keys_and_not_with_a_passing_wheel(qtbot: QtBot) -> None:
    told = Told(qtbot, Param("how", "choice", "near", options=("near", "linear", "cubic_spline")))
    assert isinstance(told.field, others.ChoiceField)
    box = told.field.box
    assert [box.itemText(row) for row in range(3)] == ["near", "linear", "cubic spline"]
    told.next.setFocus()
    wheel(box, box.rect().center(), -1)
    assert told.committed == [] and box.currentIndex() == 0 and told.next.hasFocus()
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Down)
    qtbot.keyClick(box, Qt.Key.Key_Down)
    assert told.committed == ["linear", "cubic_spline"]
    wheel(box, box.rect().center(), 1)
    assert told.committed[-1] == "linear"
    told.field.set_value("near")
    assert box.currentIndex() == 0 and told.committed[-1] == "linear"


def test_a_choice_of_numbers_keeps_their_kind(qtbot: QtBot) -> None:
    told = Told(qtbot, Param("bits", "choice", 8, options=(8, 16)))
    assert isinstance(told.field, others.ChoiceField)
    qtbot.keyClick(told.field.box, Qt.Key.Key_Down)
    assert told.committed == [16] and type(told.committed[0]) is int


def test_a_line_of_text(qtbot: QtBot) -> None:
    told = Told(qtbot, Param("name", "str", "photo"))
    assert isinstance(told.field, others.LineField)
    told.field.line.selectAll()
    qtbot.keyClicks(told.field.line, "a b")
    assert told.changed == ["a", "a ", "a b"] and told.committed == []
    qtbot.keyClick(told.field.line, TAB)
    assert told.committed == ["a b"] and told.next.hasFocus()
    told.field.setFocus()
    qtbot.keyClick(told.field.line, TAB)
    assert told.committed == ["a b"], "to pass through changes nothing"


@pytest.mark.parametrize(
    ("kind", "text", "value", "shown"),
    [
        ("floats", "1, 2.5,-3", [1.0, 2.5, -3.0], "1, 2.5, -3"),
        ("ints", "4,5", [4, 5], "4, 5"),
        ("strs", "left, right eye", ["left", "right eye"], "left, right eye"),
        ("floats", "", [], ""),
    ],
)
def test_a_list_is_typed_with_commas(
    qtbot: QtBot, kind: str, text: str, value: list[Any], shown: str
) -> None:
    told = Told(qtbot, Param("many", kind, (7,) if kind != "strs" else ("x",)))
    assert isinstance(told.field, others.LineField)
    told.field.line.selectAll()
    qtbot.keyClick(told.field.line, Qt.Key.Key_Delete)
    qtbot.keyClicks(told.field.line, text)
    qtbot.keyClick(told.field.line, Qt.Key.Key_Return)
    assert told.committed == [value] and [type(a) for a in told.committed[0]] == [type(b) for b in value]
    told.field.set_value([])
    told.field.set_value(value)
    assert told.field.line.text() == shown


def test_a_list_of_the_wrong_things_says_so_and_does_not_leave(qtbot: QtBot) -> None:
    told = Told(qtbot, Param("point", "floats", (0.0, 0.0, 1.0), length=3))
    assert isinstance(told.field, others.LineField)
    told.field.line.selectAll()
    qtbot.keyClicks(told.field.line, "1, 2")
    qtbot.keyClick(told.field.line, Qt.Key.Key_Return)
    assert told.committed == [] and "3 numbers" in told.field.fault
    qtbot.keyClicks(told.field.line, ", x")
    assert "expected" in told.field.fault and told.field.value == (0.0, 0.0, 1.0)
    told.field.set_value((1.0, 2.0, 3.0))
    assert told.field.fault == "" and told.field.line.text() == "1, 2, 3"


def test_many_digits_of_a_list_are_kept(qtbot: QtBot) -> None:
    """Typing one number of a list must not round the others."""
    told = Told(qtbot, Param("point", "floats", (0.123456789, 1.0)))
    assert isinstance(told.field, others.LineField)
    qtbot.keyClick(told.field.line, Qt.Key.Key_End)
    qtbot.keyClicks(told.field.line, ".5")
    qtbot.keyClick(told.field.line, Qt.Key.Key_Return)
    assert told.committed == [[0.123456789, 1.5]]


def test_several_lines_of_text(qtbot: QtBot) -> None:
    told = Told(qtbot, Param("prompt", "str", "", Multiline()))
    assert isinstance(told.field, others.TextField)
    qtbot.keyClicks(told.field.page, "a")
    qtbot.keyClick(told.field.page, Qt.Key.Key_Return)
    qtbot.keyClicks(told.field.page, "b")
    assert told.changed == ["a", "a\n", "a\nb"] and told.committed == []
    qtbot.keyClick(told.field.page, TAB)
    assert told.next.hasFocus(), "Tab leaves, as everywhere"
    assert told.committed == ["a\nb"] and told.field.value == "a\nb"
    told.field.set_value("other")
    assert told.field.page.toPlainText() == "other" and told.committed == ["a\nb"]


def test_a_file_is_typed_dropped_and_picked(qtbot: QtBot, tmp_path: Path) -> None:
    told = Told(qtbot, Param("file", "path", Path(), OpenFile(("*.png", "*.jpg"))))
    field = told.field
    assert isinstance(field, others.PathField)
    assert field.line.text() == "" and "file" in field.line.placeholderText(), "none is chosen yet"
    qtbot.keyClicks(field.line, "photos/a.jpg")
    assert told.committed == []
    qtbot.keyClick(field.line, Qt.Key.Key_Return)
    assert told.committed == ["photos/a.jpg"]
    dropped, picked = tmp_path / "dropped.png", tmp_path / "picked.png"
    dropped.touch()
    picked.touch()
    assert drop(field, [dropped])
    assert told.committed[-1] == str(dropped) and field.line.text() == str(dropped)
    field.pick()
    dialog = field.findChild(QFileDialog)
    assert any("*.png *.jpg" in each for each in dialog.nameFilters())
    assert Path(dialog.directory().path()) == tmp_path, "it opens where the file is"
    dialog.fileSelected.emit(str(picked))
    dialog.close()
    assert told.committed[-1] == str(picked) and field.value == str(picked)


def test_an_emptied_file_line_is_no_file_again(qtbot: QtBot) -> None:
    told = Told(qtbot, Param("file", "path", Path(), OpenFile()))
    field = told.field
    assert isinstance(field, others.PathField)
    field.set_value("a.jpg")
    field.line.selectAll()
    qtbot.keyClick(field.line, Qt.Key.Key_Delete)
    qtbot.keyClick(field.line, Qt.Key.Key_Return)
    assert Path(told.committed[-1]) == Path()
    field.set_value(told.committed[-1])
    assert field.line.text() == ""


def test_a_file_dropped_where_a_folder_is_wanted_gives_its_folder(qtbot: QtBot, tmp_path: Path) -> None:
    told = Told(qtbot, Param("folder", "path", Path(), OpenFolder()))
    field = told.field
    photo = tmp_path / "a.jpg"
    photo.touch()
    assert drop(field, [photo]) and drop(field, [tmp_path])
    assert told.committed == [str(tmp_path), str(tmp_path)]


def test_nothing_but_files_is_taken(qtbot: QtBot) -> None:
    told = Told(qtbot, Param("file", "path", Path(), OpenFile()))
    assert not drop(told.field, []) and told.committed == []


def test_a_list_of_files_grows_by_drops_each_once_and_is_thinned(qtbot: QtBot, tmp_path: Path) -> None:
    told = Told(qtbot, Param("photos", "paths", (), OpenFile()))
    field = told.field
    assert isinstance(field, others.PathsField)
    one, two, three = (tmp_path / f"{name}.jpg" for name in "abc")
    assert drop(field, [one, two]) and drop(field, [two, three])
    assert told.committed[-1] == [str(one), str(two), str(three)] and field.list.count() == 3
    field.list.setFocus()
    click(field.list.viewport(), field.list.visualItemRect(field.list.item(1)).center())
    remove = next(each for each in field.findChildren(QPushButton) if each.text() == "Remove")
    click(remove, remove.rect().center())
    assert told.committed[-1] == [str(one), str(three)] and field.list.count() == 2
    field.pick()
    field.findChild(QFileDialog).filesSelected.emit([str(two)])
    field.findChild(QFileDialog).close()
    assert told.committed[-1] == [str(one), str(three), str(two)]


def test_a_colour_is_tried_on_taken_or_left(qtbot: QtBot) -> None:
    told = Told(qtbot, Param("tint", "floats", (1.0, 0.0, 0.0), Colour(), length=3))
    field = told.field
    assert isinstance(field, others.ColourField)
    assert field.button.text() == "#ff0000"

    def asked() -> QColorDialog:
        click(field.button, field.button.rect().center())
        found = [each for each in field.findChildren(QColorDialog) if each.isVisible()]
        assert len(found) == 1
        return found[0]

    dialog = asked()
    assert dialog.currentColor() == QColor("#ff0000")
    dialog.setCurrentColor(QColor("#3366cc"))
    assert told.changed[-1] == [0.2, 0.4, 0.8] and field.button.text() == "#3366cc"
    dialog.accept()
    assert told.committed == [[0.2, 0.4, 0.8]]
    dialog = asked()
    dialog.setCurrentColor(QColor("#000000"))
    dialog.reject()
    assert field.value == [0.2, 0.4, 0.8] and told.committed[-1] == [0.2, 0.4, 0.8]
    assert field.button.text() == "#3366cc", "cancelled: as it was"
    QApplication.processEvents()


def test_a_value_or_none(qtbot: QtBot) -> None:
    told = Told(qtbot, Param("limit", "int", None, optional=True))
    field = told.field
    assert isinstance(field, OptionalField)
    assert field.automatic.isChecked() and not field.inner.isVisible()
    click(field.automatic, QPoint(8, field.automatic.height() // 2))
    assert told.committed == [0] and field.inner.isVisible()
    assert isinstance(field.inner, NumberField)
    field.inner.type()
    qtbot.keyClicks(field.inner.entry, "7")
    qtbot.keyClick(field.inner.entry, Qt.Key.Key_Return)
    assert told.committed[-1] == 7
    click(field.automatic, QPoint(8, field.automatic.height() // 2))
    assert told.committed[-1] is None and not field.inner.isVisible()
    click(field.automatic, QPoint(8, field.automatic.height() // 2))
    assert told.committed[-1] == 7, "the number that was there comes back"


@pytest.mark.parametrize(
    "param",
    [
        Param("text", "str", "", Multiline()),
        Param("photos", "paths", tuple(f"{n}.jpg" for n in range(40)), OpenFile()),
    ],
)
def test_the_wheel_over_what_has_not_the_focus_scrolls_the_page(qtbot: QtBot, param: Param) -> None:
    area, page = QScrollArea(), QWidget()
    column = QVBoxLayout(page)
    other, field = QLineEdit(page), make_field(param, page)
    if param.kind == "str":
        field.set_value("line\n" * 60)
    spacer = QWidget(page)
    spacer.setFixedHeight(900)
    for each in (other, field, spacer):
        column.addWidget(each)
    area.setWidget(page)
    area.setWidgetResizable(True)
    qtbot.addWidget(area)
    area.resize(300, 300)
    area.show()
    qtbot.waitExposed(area)
    area.activateWindow()
    qtbot.waitUntil(area.isActiveWindow)
    other.setFocus()
    inner: Any = field.focusProxy()
    wheel(inner.viewport(), QPoint(20, 20), -1)
    assert inner.verticalScrollBar().value() == 0 and area.verticalScrollBar().value() > 0
    inner.setFocus()
    area.verticalScrollBar().setValue(0)
    wheel(inner.viewport(), QPoint(20, 20), -1)
    assert inner.verticalScrollBar().value() > 0 and area.verticalScrollBar().value() == 0
