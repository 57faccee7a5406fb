"""The settings: taken at once, kept, told of faults, put back; results on disk counted and forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.codecs import digest, encode
from meshloom.graph_runtime.disk import DiskStore, Record
from meshloom.graph_runtime.types import Image
from meshloom.ui import theme
from meshloom.ui.commands import Keymap
from meshloom.ui.settings import Choices, Settings
from meshloom.ui.window.settings_dialog import NAMES, SettingsDialog

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def dialog(qtbot: QtBot, qapp: QApplication) -> Iterator[SettingsDialog]:
    made = SettingsDialog(Settings(), Keymap())
    qtbot.addWidget(made)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    yield made
    theme.use("dark", qapp)


def waited(qtbot: QtBot, dialog: SettingsDialog) -> str:
    """What is told of the cache once it is known."""
    qtbot.waitUntil(lambda: not dialog.cache.used.text().endswith("…"), timeout=20_000)
    return dialog.cache.used.text()


def choose(qtbot: QtBot, box: QComboBox, data: str) -> None:
    """With the keyboard, as one does."""
    box.setFocus()
    while box.currentData() != data:
        down = box.findData(data) > box.currentIndex()
        qtbot.keyClick(box, Qt.Key.Key_Down if down else Qt.Key.Key_Up)


def enter(qtbot: QtBot, field: QWidget, text: str) -> None:
    line = field if isinstance(field, QLineEdit) else field.findChild(QLineEdit)
    assert isinstance(line, QLineEdit)
    line.setFocus()
    line.selectAll()
    if text:
        qtbot.keyClicks(line, text)
    else:
        qtbot.keyClick(line, Qt.Key.Key_Delete)
    qtbot.keyClick(line, Qt.Key.Key_Return)


def answer(qtbot: QtBot, dialog: SettingsDialog, button: str) -> None:
    box = dialog.findChild(QMessageBox)
    assert box is not None and box.isVisible()
    (found,) = [each for each in box.buttons() if each.text() == button]
    qtbot.mouseClick(found, LEFT)
    qtbot.waitUntil(lambda: dialog.findChild(QMessageBox) is None)


def kept(dialog: SettingsDialog) -> Choices:
    return Settings(dialog._settings.file).choices


def fill(folder: Path) -> int:
    store = DiskStore(folder)
    parts = encode(Image(np.random.default_rng(1).random((300, 300, 3), dtype=np.float32)))
    name = digest(parts)
    store.put("key", Record((name,), 1.0, 100), {name: parts}, lambda: None)
    store.flush()
    total = int(store.info()["bytes"])
    store.close()
    return total


def test_the_theme_is_put_on_at_once_and_kept(dialog: SettingsDialog, qtbot: QtBot) -> None:
    choose(qtbot, dialog.theme, "light")
    assert theme.theme() is theme.LIGHT and kept(dialog).theme == "light"
    choose(qtbot, dialog.theme, "dark")
    assert theme.theme() is theme.DARK


def test_every_choice_is_kept_and_taken_up_again(dialog: SettingsDialog, qtbot: QtBot) -> None:
    choose(qtbot, dialog.language, "pt_BR")
    choose(qtbot, dialog.device, "cpu")
    enter(qtbot, dialog.cache.size, "37")
    enter(qtbot, dialog.memory, "1.5")
    enter(qtbot, dialog.workers, "3")
    qtbot.mouseClick(dialog.live, LEFT, pos=QPoint(8, dialog.live.height() // 2))
    held = kept(dialog)
    assert (held.language, held.device, held.cache_gb) == ("pt_BR", "cpu", 37.0)
    assert (held.memory_gb, held.workers, held.live) == (1.5, 3, True)
    again = SettingsDialog(Settings(dialog._settings.file))
    qtbot.addWidget(again)
    assert again.language.currentText() == "Português (Brasil)" and again.device.currentData() == "cpu"
    assert (again.cache.size.value(), again.memory.value(), again.workers.value()) == (37, 1.5, 3)
    assert again.live.isChecked()
    waited(qtbot, again)


def test_a_number_half_typed_is_not_taken(dialog: SettingsDialog, qtbot: QtBot) -> None:
    line = dialog.cache.size.findChild(QLineEdit)
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, "3")
    assert kept(dialog).cache_gb == 20.0
    qtbot.keyClicks(line, "5")
    qtbot.keyClick(line, Qt.Key.Key_Tab)
    assert kept(dialog).cache_gb == 35.0


def test_the_keymap_in_use_changes_too(dialog: SettingsDialog, qtbot: QtBot) -> None:
    choose(qtbot, dialog.keymap, "nuke")
    assert dialog._keymap.name == "nuke" and kept(dialog).keymap == "nuke"
    with qtbot.waitSignal(dialog.shortcuts_wanted):
        qtbot.mouseClick(dialog.shortcuts, LEFT)


def test_a_wheel_over_a_field_scrolls_and_changes_nothing(dialog: SettingsDialog, qtbot: QtBot) -> None:
    dialog.theme.setFocus()
    for field in (dialog.device, dialog.workers, dialog.memory):
        at = QPointF(20, 10)
        event = QWheelEvent(
            at, QPointF(field.mapToGlobal(at.toPoint())), QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(field, event)
    assert (dialog.device.currentData(), dialog.workers.value(), dialog.memory.value()) == ("auto", 0, 2.0)
    assert kept(dialog) == Choices()


def test_another_folder(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MESHLOOM_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    fill(tmp_path / "full")
    dialog = SettingsDialog(Settings())
    qtbot.addWidget(dialog)
    dialog.show()
    assert waited(qtbot, dialog) == "Nothing is kept." and not (tmp_path / "home").exists()
    assert dialog.cache.folder.placeholderText().startswith(str(tmp_path / "home"))
    enter(qtbot, dialog.cache.folder, "results")
    assert "whole path" in dialog.cache._note.text() and theme.theme().bad in dialog.cache._note.styleSheet()
    file = tmp_path / "file"
    file.touch()
    enter(qtbot, dialog.cache.folder, str(file))
    assert "is not a folder" in dialog.cache._note.text() and dialog.cache.folder.text() == str(file)
    assert kept(dialog).cache_folder == ""
    enter(qtbot, dialog.cache.folder, str(tmp_path / "full"))
    assert kept(dialog).cache_folder == str(tmp_path / "full")
    assert waited(qtbot, dialog) == "1.0 MB in 1 results" and "computed twice" in dialog.cache._note.text()
    enter(qtbot, dialog.cache.folder, "")
    assert kept(dialog).cache_folder == "" and waited(qtbot, dialog) == "Nothing is kept."
    dialog.close()


def test_the_environment_goes_before_the_choice(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESHLOOM_DEVICE", "cpu")
    fill(tmp_path / "cache")
    settings = Settings()
    settings.set("cache_folder", str(tmp_path / "other"))
    dialog = SettingsDialog(settings)
    qtbot.addWidget(dialog)
    assert dialog.cache.folder.text() == str(tmp_path / "cache") and not dialog.cache.folder.isEnabled()
    assert "MESHLOOM_CACHE" in dialog.cache._note.text() and "MESHLOOM_DEVICE" in dialog._device_note.text()
    assert dialog.device.currentData() == "cpu" and not dialog.device.isEnabled()
    assert "1 results" in waited(qtbot, dialog)


def test_clearing_asks_and_then_forgets(qtbot: QtBot, tmp_path: Path) -> None:
    fill(tmp_path / "cache")
    dialog = SettingsDialog(Settings())
    qtbot.addWidget(dialog)
    dialog.show()
    waited(qtbot, dialog)
    qtbot.mouseClick(dialog.cache.clear, LEFT)
    answer(qtbot, dialog, "Cancel")
    assert dialog.cache.used.text() == "1.0 MB in 1 results"
    qtbot.mouseClick(dialog.cache.clear, LEFT)
    with qtbot.waitSignal(dialog.cache_cleared, timeout=20_000):
        answer(qtbot, dialog, "Forget")
        assert not dialog.cache.clear.isEnabled()
    assert dialog.cache.used.text() == "Nothing is kept. 1.0 MB freed."
    store = DiskStore(tmp_path / "cache")
    assert store.info()["records"] == 0
    store.close()
    dialog.close()


def test_opened_again_it_counts_anew(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = SettingsDialog(Settings())
    qtbot.addWidget(dialog)
    dialog.show()
    assert waited(qtbot, dialog) == "Nothing is kept."
    dialog.close()
    fill(tmp_path / "cache")
    dialog.show()
    assert waited(qtbot, dialog) == "1.0 MB in 1 results"


def test_closing_while_it_looks_leaves_nothing(qtbot: QtBot, tmp_path: Path) -> None:
    fill(tmp_path / "cache")
    dialog = SettingsDialog(Settings())
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.show()
    with qtbot.waitSignal(dialog.destroyed):
        dialog.close()


def test_defaults_come_back_after_a_question(dialog: SettingsDialog, qtbot: QtBot) -> None:
    choose(qtbot, dialog.theme, "light")
    choose(qtbot, dialog.keymap, "blender")
    enter(qtbot, dialog.workers, "2")
    dialog._settings.set("own_keys", {"canvas.add": ["P"]})
    dialog._settings.set("recent", ["/x.json"])
    qtbot.mouseClick(dialog.defaults, LEFT)
    answer(qtbot, dialog, "Cancel")
    assert kept(dialog).workers == 2
    qtbot.mouseClick(dialog.defaults, LEFT)
    answer(qtbot, dialog, "Restore")
    held = kept(dialog)
    assert all(getattr(held, name) == getattr(Choices(), name) for name in NAMES)
    assert held.own_keys == {"canvas.add": ["P"]} and held.recent == ["/x.json"]
    assert dialog.workers.value() == 0 and dialog._keymap.name == "meshloom"
    assert dialog.theme.currentData() == "system"


def test_a_choice_made_elsewhere_is_shown(dialog: SettingsDialog) -> None:
    dialog._settings.set("live", True)
    dialog._settings.set("keymap", "comfyui")
    assert dialog.live.isChecked() and dialog.keymap.currentText() == "ComfyUI"
