"""Numbers: dragged, typed, stepped with keys and wheel; nothing else ever leaves the field."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLineEdit, QScrollArea, QToolButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.params import check_param
from meshloom.graph_runtime.spec import Param, Range, Seed, Slider
from meshloom.ui.fields.make import make_field
from meshloom.ui.fields.number import NumberField

from ..hand import click, drag, hold, press, release, wheel

SIZE = Param("size", "float", 1.0, Slider(0.0, 4.0, unit="m"))
COUNT = Param("count", "int", 3, Range(1, 10))
OPEN = Param("open", "float", 2.0)
SEED = Param("seed", "int", 0, Seed())


class Told:
    """What left a field."""

    def __init__(self, field: NumberField) -> None:
        self.changed: list[object] = []
        self.committed: list[object] = []
        field.changed.connect(self.changed.append)
        field.committed.connect(self.committed.append)


def make(qtbot: QtBot, param: Param) -> tuple[NumberField, Told]:
    field = make_field(param)
    assert isinstance(field, NumberField)
    qtbot.addWidget(field)
    field.resize(200, 30)
    field.show()
    qtbot.waitExposed(field)
    field.activateWindow()
    qtbot.waitUntil(field.isActiveWindow)
    return field, Told(field)


def write(qtbot: QtBot, field: NumberField, text: str, end: Qt.Key = Qt.Key.Key_Return) -> None:
    """Click the bar, type, and press a key."""
    click(field.bar, field.bar.rect().center())
    assert field.entry.isVisible()
    qtbot.keyClicks(field.entry, text)
    qtbot.keyClick(field.entry, end)


def test_a_number_is_typed_exactly(qtbot: QtBot) -> None:
    field, told = make(qtbot, SIZE)
    write(qtbot, field, "1.23456789")
    assert told.committed == [1.23456789] and field.value == 1.23456789
    assert field.bar.isVisible() and not field.entry.isVisible()
    click(field.bar, field.bar.rect().center())
    assert field.entry.text() == "1.23456789", "what is offered for typing is what is there"


def test_a_comma_is_a_point(qtbot: QtBot) -> None:
    field, told = make(qtbot, SIZE)
    write(qtbot, field, "2,5")
    assert told.committed == [2.5]


@pytest.mark.parametrize(
    ("param", "text", "word"),
    [
        (SIZE, "4.1", "0 to 4"),
        (SIZE, "-1", "0 to 4"),
        (SIZE, "big", "expected"),
        (SIZE, "nan", "expected"),
        (SIZE, "1e400", "expected"),
        (COUNT, "2.5", "expected"),
        (COUNT, "0", "1 to 10"),
    ],
)
def test_what_the_parameter_does_not_take_stays_in_the_entry_with_the_reason(
    qtbot: QtBot, param: Param, text: str, word: str
) -> None:
    field, told = make(qtbot, param)
    write(qtbot, field, text)
    assert told.committed == [] and told.changed == [] and field.value == param.default
    assert word in field.fault and field.entry.isVisible() and field.entry.text() == text
    field.entry.selectAll()
    qtbot.keyClicks(field.entry, "3")
    qtbot.keyClick(field.entry, Qt.Key.Key_Return)
    assert told.committed == [3] and field.fault == "" and field.bar.isVisible()


def test_escape_takes_back_what_is_typed(qtbot: QtBot) -> None:
    field, told = make(qtbot, SIZE)
    write(qtbot, field, "3", Qt.Key.Key_Escape)
    assert told.committed == [] and field.value == 1.0 and field.bar.isVisible() and field.fault == ""
    assert field.bar.hasFocus()


def test_a_drag_goes_from_end_to_end_and_is_committed_once(qtbot: QtBot) -> None:
    field, told = make(qtbot, SIZE)
    middle = field.bar.rect().center()
    drag(field.bar, middle, QPoint(field.bar.width() * 3, middle.y()))
    assert told.committed == [4.0] and told.changed[-1] == 4.0 and len(told.changed) >= 2
    drag(field.bar, middle, QPoint(-field.bar.width() * 3, middle.y()))
    assert told.committed == [4.0, 0.0] and field.value == 0.0


def test_the_value_follows_the_pointer_across_the_bar(qtbot: QtBot) -> None:
    field, told = make(qtbot, SIZE)
    quarter = field.bar.width() // 4
    drag(field.bar, QPoint(quarter, 10), QPoint(3 * quarter, 10))
    assert told.committed[-1] == pytest.approx(3.0, abs=0.05)
    told.committed.clear()
    field.set_value(1.0)
    drag(field.bar, QPoint(quarter, 10), QPoint(3 * quarter, 10), modifiers=Qt.KeyboardModifier.ShiftModifier)
    assert told.committed[-1] == pytest.approx(1.2, abs=0.01), "Shift is ten times finer"


def test_a_shaky_click_is_no_drag(qtbot: QtBot) -> None:
    field, told = make(qtbot, SIZE)
    press(field.bar, QPoint(50, 10))
    hold(field.bar, QPoint(52, 10))
    release(field.bar, QPoint(52, 10))
    assert told.changed == [] and field.entry.isVisible()


def test_steps_are_kept_to(qtbot: QtBot) -> None:
    field, told = make(qtbot, Param("snap", "float", 0.0, Range(0.0, 1.0, step=0.25)))
    drag(field.bar, QPoint(0, 10), QPoint(round(field.bar.width() * 0.6), 10))
    assert told.committed == [0.5]


def test_keys_step(qtbot: QtBot) -> None:
    field, told = make(qtbot, COUNT)
    field.bar.setFocus()
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Right, Qt.Key.Key_Down):
        qtbot.keyClick(field.bar, key)
    assert told.committed == [4, 5, 4] and all(type(each) is int for each in told.committed)
    qtbot.keyClick(field.bar, Qt.Key.Key_Return)
    assert field.entry.hasFocus()


def test_the_wheel_turns_only_what_has_the_focus(qtbot: QtBot) -> None:
    area, page = QScrollArea(), QWidget()
    column = QVBoxLayout(page)
    other, field = QLineEdit(page), make_field(COUNT, page)
    assert isinstance(field, NumberField)
    column.addWidget(other)
    column.addWidget(field)
    spacer = QWidget(page)
    spacer.setFixedHeight(900)
    column.addWidget(spacer)
    area.setWidget(page)
    area.setWidgetResizable(True)
    qtbot.addWidget(area)
    area.resize(300, 300)
    area.show()
    qtbot.waitExposed(area)
    area.activateWindow()
    qtbot.waitUntil(area.isActiveWindow)
    other.setFocus()
    told = Told(field)
    wheel(field.bar, field.bar.rect().center(), -1)
    assert told.committed == [] and field.value == 3 and field.bar.value == 3
    assert other.hasFocus(), "the wheel must not give the focus either"
    assert area.verticalScrollBar().value() > 0, "what is around scrolls instead"
    area.verticalScrollBar().setValue(0)
    field.bar.setFocus()
    wheel(field.bar, field.bar.rect().center(), 1)
    assert told.committed == [4] and area.verticalScrollBar().value() == 0
    for _ in range(9):
        wheel(field.bar, field.bar.rect().center(), 1)
    assert field.value == 10, "and no farther than the limit"


def test_a_seed_is_thrown_anew_and_typed_to_keep_it(qtbot: QtBot) -> None:
    field, told = make(qtbot, SEED)
    die = field.findChild(QToolButton)
    assert die is not None and die.toolTip()
    for _ in range(4):
        qtbot.mouseClick(die, Qt.MouseButton.LeftButton)
    assert len(set(told.committed)) > 1, "four throws in two thousand million are not all equal"
    assert all(check_param(SEED, each) == each for each in told.committed)
    assert field.bar.value == field.value == told.committed[-1]
    largest = 2**63 - 1
    write(qtbot, field, str(largest))
    assert field.value == largest
    field.bar.setFocus()
    qtbot.keyClick(field.bar, Qt.Key.Key_Down)
    assert field.value == largest - 1, "large seeds are stepped exactly"


def test_a_number_without_limits_is_dragged_in_its_own_size(qtbot: QtBot) -> None:
    field, told = make(qtbot, OPEN)
    drag(field.bar, QPoint(50, 10), QPoint(100, 10))
    assert told.committed == [pytest.approx(3.0)]
    write(qtbot, field, "123456.789")
    assert field.value == 123456.789


def test_set_from_outside_tells_nothing(qtbot: QtBot) -> None:
    field, told = make(qtbot, SIZE)
    field.set_value(2.5)
    assert field.bar.value == 2.5 and told.changed == told.committed == []


def test_every_number_of_every_node_reaches_both_its_ends(qtbot: QtBot, catalog: Catalog) -> None:
    """Whatever its limits are, a drag never leaves them and never ends in a fault."""
    params = {
        (param.kind, param.hint.low, param.hint.high, param.hint.step): (spec_id, param)
        for spec_id in catalog
        for param in catalog[spec_id].params
        if param.kind in ("int", "float")
        and isinstance(param.hint, Range)
        and not isinstance(param.hint, Seed)
        if param.default is not None and param.hint.low is not None and param.hint.high is not None
    }
    assert len(params) > 30
    for spec_id, param in params.values():
        field, _told = make(qtbot, param)
        far = 20_000 if field.bar.bounded else 100_000_000
        for way, limit in ((far, param.hint.high), (-far, param.hint.low)):
            drag(field.bar, QPoint(100, 10), QPoint(100 + way, 10), steps=2)
            assert field.fault == "", f"{spec_id}.{param.name}: {field.fault}"
            assert check_param(param, field.value) == field.value
            if field.bar.bounded:
                reach = param.hint.step or 0
                assert abs(field.value - limit) <= reach, f"{spec_id}.{param.name} stops at {field.value}"
        field.close()


def test_an_odd_limit_is_reached_and_not_passed(qtbot: QtBot) -> None:
    field, _told = make(qtbot, Param("turn", "float", 0.0, Slider(-3.14159265, 3.14159265)))
    drag(field.bar, QPoint(100, 10), QPoint(900, 10))
    assert field.fault == "" and field.value == 3.14159265
