"""The keymaps that come along: they name what there is, and no key does two things."""

from __future__ import annotations

import json

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence

from meshloom.ui.canvas.commands import COMMANDS, handlers
from meshloom.ui.canvas.view import CanvasView
from meshloom.ui.commands import FOLDER, KEYMAPS, Keymap
from meshloom.ui.window.window_commands import COMMANDS as WINDOW

EVERY = (*COMMANDS, *WINDOW)
FILES = [name for name in KEYMAPS if name != "meshloom"]
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


@pytest.mark.parametrize("name", FILES)
def test_every_id_is_a_command_and_every_key_a_key(name: str) -> None:
    held = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert set(held) <= {command.id for command in EVERY}
    for command, keys in held.items():
        for key in keys:
            read = QKeySequence(key)
            assert read.count() == 1 and read[0].key() not in (0, Qt.Key.Key_unknown), f"{command}: {key}"
            assert read.toString(QKeySequence.SequenceFormat.PortableText) == key, f"{command}: {key}"


@pytest.mark.parametrize("name", KEYMAPS)
def test_no_key_does_two_things(name: str) -> None:
    keymap = Keymap(name)
    taken: dict[str, str] = {}
    for command in EVERY:
        for key in keymap.keys(command):
            written = QKeySequence(key).toString()
            assert written not in taken, f"{written}: {command.id} and {taken[written]}"
            taken[written] = command.id
    for command in ("canvas.add", "canvas.delete", "canvas.bypass", "canvas.fit", "run.all", "window.undo"):
        assert command in taken.values()


@pytest.mark.parametrize(
    ("name", "key", "modifiers", "done"),
    [
        ("blender", Qt.Key.Key_X, None, "canvas.delete"),
        ("blender", Qt.Key.Key_A, SHIFT, "canvas.add"),
        ("blender", Qt.Key.Key_M, None, "canvas.bypass"),
        ("comfyui", Qt.Key.Key_B, CTRL, "canvas.bypass"),
        ("comfyui", Qt.Key.Key_Period, None, "canvas.fit"),
        ("nuke", Qt.Key.Key_D, None, "canvas.bypass"),
        ("nuke", Qt.Key.Key_Tab, None, "canvas.add"),
        ("nuke", Qt.Key.Key_L, None, "canvas.layout"),
    ],
)
def test_the_keys_of_other_programs_do_it_here(
    view: CanvasView, qtbot, name: str, key: Qt.Key, modifiers: Qt.KeyboardModifier | None, done: str
) -> None:
    for action in view.actions():
        view.removeAction(action)
    told: list[str] = []
    keymap = Keymap(name)
    keymap.bind(view, COMMANDS, {each: (lambda each=each: told.append(each)) for each in handlers(view)})
    qtbot.keyClick(view, key, modifiers or Qt.KeyboardModifier.NoModifier)
    assert told == [done]
