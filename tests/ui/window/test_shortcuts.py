"""The shortcut sheet: found, pressed, refused when taken, put back, kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from meshloom.ui.commands import Command, Keymap
from meshloom.ui.settings import Settings
from meshloom.ui.window.key_catcher import caps
from meshloom.ui.window.shortcuts import ShortcutSheet

KEY, CTRL, SHIFT = Qt.Key, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LEFT = Qt.MouseButton.LeftButton
CANVAS = (
    Command("canvas.copy", "Copy", ("Ctrl+C",)),
    Command("canvas.mute", "Mute", ("M",)),
    Command("canvas.add", "Add a node…", ("Tab",)),
)
MORE = (Command("run.all", "Run all", ("F5",)), Command("image.copy", "Copy the picture", ("Ctrl+P",)))


class Bench:
    """A widget with three commands, and the sheet over it."""

    def __init__(self, qtbot: QtBot) -> None:
        self.qtbot = qtbot
        self.done: list[str] = []
        self.settings = Settings()
        self.keymap = Keymap()
        self.canvas = QWidget()
        self.canvas.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        qtbot.addWidget(self.canvas)
        calls = {each.id: (lambda each=each: self.done.append(each.id)) for each in CANVAS}
        self.actions = self.keymap.bind(self.canvas, CANVAS, calls)
        self.sheet = ShortcutSheet(self.keymap, self.settings, MORE)
        qtbot.addWidget(self.sheet)
        with qtbot.waitActive(self.sheet):
            self.sheet.show()
            self.sheet.activateWindow()

    def click(self, command: str) -> None:
        table = self.sheet.table
        at = table.visualItemRect(table.rows[command]).center()
        self.qtbot.mouseClick(table.viewport(), LEFT, pos=QPoint(40, at.y()))

    def press(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        widget = self.sheet.focusWidget()
        assert widget is not None
        self.qtbot.keyClick(widget, key, modifiers)

    def keys(self, command: str) -> str:
        return self.sheet.table.rows[command].text(1)

    def seen(self) -> set[str]:
        return {name for name, row in self.sheet.table.rows.items() if not row.isHidden()}


@pytest.fixture
def bench(qtbot: QtBot) -> Iterator[Bench]:
    made = Bench(qtbot)
    yield made
    made.sheet.close()
    made.canvas.close()


def test_every_command_is_there_below_its_place(bench: Bench) -> None:
    table = bench.sheet.table
    heads = [table.topLevelItem(index) for index in range(table.topLevelItemCount())]
    assert [head.text(0) for head in heads] == ["Canvas", "Running", "Image"]
    assert [heads[0].child(row).text(0) for row in range(3)] == ["Copy", "Mute", "Add a node"]
    assert bench.keys("canvas.copy") == "Ctrl+C" and bench.keys("run.all") == "F5"


def test_search_by_name_and_by_key(bench: Bench) -> None:
    bench.qtbot.keyClicks(bench.sheet.search, "copy")
    assert bench.seen() == {"canvas.copy", "image.copy"}
    assert bench.sheet.table.topLevelItem(1).isHidden()
    bench.sheet.search.clear()
    bench.qtbot.keyClicks(bench.sheet.search, "f5")
    assert bench.seen() == {"run.all"}
    bench.press(KEY.Key_Down)
    assert bench.sheet.table.hasFocus() and bench.sheet.table.chosen().id == "run.all"


def test_click_and_press_gives_the_key_and_keeps_it(bench: Bench) -> None:
    bench.click("canvas.mute")
    assert "Mute" in bench.sheet.catcher.text() and bench.sheet.catcher.hasFocus()
    bench.press(KEY.Key_Shift, SHIFT)
    assert bench.keys("canvas.mute") == "M", "a modifier alone is no key"
    bench.press(KEY.Key_K, CTRL | SHIFT)
    assert bench.keys("canvas.mute") == "Ctrl+Shift+K"
    assert Settings(bench.settings.file).choices.own_keys == {"canvas.mute": ["Ctrl+Shift+K"]}
    bench.sheet.close()
    with bench.qtbot.waitActive(bench.canvas):
        bench.canvas.show()
        bench.canvas.activateWindow()
    bench.canvas.setFocus()
    bench.qtbot.keyClick(bench.canvas, KEY.Key_M)
    assert bench.done == []
    bench.qtbot.keyClick(bench.canvas, KEY.Key_K, CTRL | SHIFT)
    assert bench.done == ["canvas.mute"]


def test_tab_and_shift_tab_can_be_keys(bench: Bench) -> None:
    bench.click("canvas.mute")
    bench.press(KEY.Key_Backtab, SHIFT)
    assert bench.keymap.own == {"canvas.mute": ["Shift+Tab"]}
    bench.click("canvas.copy")
    bench.press(KEY.Key_Tab)
    assert "Add a node" in bench.sheet.catcher.text() and bench.sheet.offer.isVisible()


def test_escape_leaves_the_keys_and_then_the_sheet(bench: Bench) -> None:
    bench.sheet.table.setFocus()
    bench.press(KEY.Key_Return)
    assert bench.sheet.catcher.hasFocus()
    bench.press(KEY.Key_Escape)
    assert bench.sheet.isVisible() and bench.keymap.own == {} and bench.sheet.table.hasFocus()
    bench.press(KEY.Key_Escape)
    assert not bench.sheet.isVisible()


def test_a_taken_key_is_told_and_taken_over_only_when_told(bench: Bench) -> None:
    bench.click("canvas.mute")
    bench.press(KEY.Key_C, CTRL)
    assert "Ctrl+C" in bench.sheet.catcher.text() and "Copy" in bench.sheet.catcher.text()
    assert bench.keymap.own == {}
    bench.press(KEY.Key_Escape)
    assert bench.sheet.isVisible() and not bench.sheet.offer.isVisible() and bench.keymap.own == {}
    bench.click("canvas.mute")
    bench.press(KEY.Key_C, CTRL)
    assert bench.sheet.offer.hasFocus()
    bench.press(KEY.Key_Space)
    assert bench.keymap.own == {"canvas.mute": ["Ctrl+C"], "canvas.copy": []}
    assert bench.settings.choices.own_keys == bench.keymap.own


def test_only_places_that_hear_each_other_clash(bench: Bench) -> None:
    bench.click("canvas.mute")
    bench.press(KEY.Key_P, CTRL)
    assert bench.keys("canvas.mute") == "Ctrl+P", "the image view's keys are not heard on the canvas"
    bench.click("canvas.copy")
    bench.press(KEY.Key_F5)
    assert bench.sheet.offer.isVisible(), "the window's keys are heard everywhere"


def test_keys_beside_and_none_and_back(bench: Bench) -> None:
    sheet = bench.sheet
    bench.click("canvas.mute")
    bench.press(KEY.Key_Escape)
    bench.qtbot.mouseClick(sheet.add, LEFT)
    bench.press(KEY.Key_K)
    assert bench.keys("canvas.mute") == "M / K"
    bench.qtbot.mouseClick(sheet.remove, LEFT)
    assert bench.keys("canvas.mute") == "–" and not sheet.remove.isEnabled()
    bench.qtbot.mouseClick(sheet.reset, LEFT)
    assert bench.keys("canvas.mute") == "M" and bench.settings.choices.own_keys == {}
    assert not sheet.reset.isEnabled()


def test_pressing_the_keymaps_own_keys_is_no_choice(bench: Bench) -> None:
    bench.click("canvas.mute")
    bench.press(KEY.Key_K)
    bench.click("canvas.mute")
    bench.press(KEY.Key_M)
    assert bench.keymap.own == {} and bench.settings.choices.own_keys == {}


def test_reset_all_can_be_undone(bench: Bench) -> None:
    bench.click("canvas.mute")
    bench.press(KEY.Key_K)
    bench.qtbot.mouseClick(bench.sheet.reset_all, LEFT)
    assert bench.keys("canvas.mute") == "M" and bench.settings.choices.own_keys == {}
    bench.qtbot.mouseClick(bench.sheet.offer, LEFT)
    assert bench.keys("canvas.mute") == "K" and bench.settings.choices.own_keys == {"canvas.mute": ["K"]}


def test_another_keymap_is_used_and_kept(bench: Bench) -> None:
    box = bench.sheet.keymaps
    box.setFocus()
    bench.qtbot.keyClick(box, KEY.Key_B)
    bench.qtbot.keyClick(box, KEY.Key_Return)
    assert box.currentText() == "Blender"
    bench.qtbot.waitUntil(lambda: bench.keymap.name == "blender")
    assert bench.settings.choices.keymap == "blender"
    assert bench.keys("canvas.add") == "Shift+A" and bench.keys("run.all") == "F12 / F5"
    assert bench.actions["canvas.add"].shortcut().toString() == "Shift+A"


def test_a_clash_that_is_there_already_is_shown(bench: Bench) -> None:
    bench.keymap.remap("canvas.mute", ["Ctrl+C"])
    bench.click("canvas.copy")
    bench.press(KEY.Key_Escape)
    assert "Mute" in bench.sheet.catcher.text()


def test_caps() -> None:
    assert caps("Ctrl+Shift++") == ["Ctrl", "Shift", "+"]
    assert caps("F5") == ["F5"] and caps("") == []
    assert caps("Num+.") == ["Num", "."]
