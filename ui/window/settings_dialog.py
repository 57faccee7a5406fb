"""The settings: each said in words, each taken at once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import psutil
from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QDialog,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from meshloom.graph_runtime.engine import default_cache_folder
from meshloom.ui import theme as themes
from meshloom.ui.commands import KEYMAPS, Keymap
from meshloom.ui.settings import Choices, Settings
from meshloom.ui.theme import UNIT, current, theme
from meshloom.ui.window.cache_look import CacheLook, CacheState, cache_folder
from meshloom.ui.window.settings_page import SettingsPage
from meshloom.ui.words import LANGUAGES, _

#: The choices that are made here; the others are made where they are used.
NAMES = ("theme", "language", "keymap", "cache_folder", "cache_gb", "memory_gb", "workers", "device", "live")


class SettingsDialog(QDialog):
    """What the user can choose. There is nothing to confirm: a choice is kept when it is made."""

    #: The shortcut sheet is wanted.
    shortcuts_wanted = Signal()
    #: The results on disk were forgotten: nodes may stand otherwise now.
    cache_cleared = Signal()

    def __init__(
        self, settings: Settings, keymap: Keymap | None = None, parent: QWidget | None = None
    ) -> None:
        """``keymap``: the one in use, which changes with the choice."""
        super().__init__(parent)
        self._settings = settings
        self._keymap = keymap
        self._fault = ""
        self.setWindowTitle(_("Settings"))
        self.theme = _choices({"system": _("As the system"), "dark": _("Dark"), "light": _("Light")})
        self.language = _choices({"system": _("As the system"), **LANGUAGES})
        self.keymap = _choices(KEYMAPS)
        self.shortcuts = QPushButton(_("Shortcuts…"))
        self.folder = QLineEdit()
        self.browse = QPushButton(_("Choose…"))
        self.size = _number(QSpinBox(), 1, 100_000, _(" GB"))
        self.used = QLabel()
        self.clear = QPushButton(_("Clear…"))
        self.memory = _number(QDoubleSpinBox(), 0.25, max(1.0, psutil.virtual_memory().total / 2**30), _(" GB"))
        self.workers = _number(QSpinBox(), 0, max(64, os.cpu_count() or 1), "")
        self.device = _choices(
            {"auto": _("Automatic"), "cpu": _("Processor only"), "cuda": _("Graphics card (CUDA)")}
        )
        self.live = QCheckBox(_("Run again whenever something changes"))
        self.defaults = QPushButton(_("Restore defaults…"))
        self._page = SettingsPage()
        self._look = CacheLook(self)
        self._fill_page()
        self._lay_out()
        self._connect()
        self._show()
        self._dress()
        self._ask_size()

    # --------------------------------------------------------------------------------------------- laying out

    def _fill_page(self) -> None:
        page = self._page
        page.section(_("Appearance"))
        page.row(_("Theme"), self.theme, _("The colours of the window."))
        self._language_note = page.row(
            _("Language"), self.language, _("Takes effect when Meshloom is started again.")
        )
        page.section(_("Keys"))
        page.row(
            _("Keymap"),
            _beside(self.keymap, self.shortcuts),
            _("Keys as in a program that you know. Single keys are changed under Shortcuts."),
        )
        page.section(_("Results on disk"))
        self._folder_note = page.row(_("Folder"), _beside(self.folder, self.browse, wide=True), "-")
        page.row(
            _("At most"),
            self.size,
            _("When it is full, results that were not used for long and are quick to make again go first."),
        )
        page.row(_("Now"), _beside(self.used, self.clear, wide=True), "")
        page.section(_("Running"))
        page.row(
            _("Memory for results"),
            self.memory,
            _("Results are held ready up to this size; a node that works needs more while it does."),
        )
        self.workers.setSpecialValueText(_("Automatic"))
        page.row(
            _("Nodes at once"),
            self.workers,
            _("Nodes that do not need each other run side by side. Fewer take less memory."),
        )
        self._device_note = page.row(_("Compute on"), self.device, "-")
        page.row(
            _("Live mode"),
            self.live,
            _("For graphs that are opened from now on. Only what a change affects is computed."),
        )
        page.end()

    def _lay_out(self) -> None:
        self.resize(640, 680)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(self._page)
        close = QPushButton(_("Close"))
        close.clicked.connect(self.accept)
        end = QHBoxLayout()
        end.setContentsMargins(6 * UNIT, 3 * UNIT, 6 * UNIT, 4 * UNIT)
        end.addWidget(self.defaults)
        end.addStretch(1)
        end.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(scroll, 1)
        column.addLayout(end)
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)
        for name in ("theme", "language", "keymap", "size", "memory", "workers", "device"):
            widget = getattr(self, name)
            widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A wheel turns nothing that has not the focus: it scrolls the page."""
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)

    def _connect(self) -> None:
        self.theme.activated.connect(self._set_theme)
        self.language.activated.connect(self._set_language)
        self.keymap.activated.connect(self._set_keymap)
        self.shortcuts.clicked.connect(self.shortcuts_wanted)
        self.folder.editingFinished.connect(self._set_folder)
        self.browse.clicked.connect(self._browse)
        self.size.valueChanged.connect(self._set_size)
        self.clear.clicked.connect(self._ask_clear)
        self.memory.valueChanged.connect(self._set_memory)
        self.workers.valueChanged.connect(self._set_workers)
        self.device.activated.connect(self._set_device)
        self.live.toggled.connect(self._set_live)
        self.defaults.clicked.connect(self._ask_defaults)
        self._look.told.connect(self._tell_size)
        self._settings.changed.connect(self._show)
        current().changed.connect(self._dress)

    def _dress(self) -> None:
        self._page.dress()
        self._folder_note.setStyleSheet(f"color: {theme().bad if self._fault else theme().dim};")

    # ------------------------------------------------------------------------------------------------- showing

    def _show(self, _name: str = "") -> None:
        """Put the choices into the fields."""
        held = self._settings.choices
        for box, value in (
            (self.theme, held.theme),
            (self.language, held.language),
            (self.keymap, held.keymap),
            (self.device, os.environ.get("MESHLOOM_DEVICE", held.device)),
        ):
            box.setCurrentIndex(max(0, box.findData(value)))
        for field, number in ((self.size, round(held.cache_gb)), (self.workers, held.workers)):
            with QSignalBlocker(field):
                field.setValue(number)
        with QSignalBlocker(self.memory):
            self.memory.setValue(held.memory_gb)
        with QSignalBlocker(self.live):
            self.live.setChecked(held.live)
        told = os.environ.get("MESHLOOM_CACHE")
        self.folder.setText(told or held.cache_folder)
        self.folder.setPlaceholderText(str(default_cache_folder()))
        self.folder.setCursorPosition(0)
        for widget in (self.folder, self.browse):
            widget.setEnabled(not told)
        words = _("Results are kept here, so that nothing is computed twice. Empty for the usual place.")
        self._folder_note.setText(self._fault or (_by_environment("MESHLOOM_CACHE") if told else words))
        forced = "MESHLOOM_DEVICE" in os.environ
        self.device.setEnabled(not forced)
        words = _("The graphics card is used where there is one. From the next run on.")
        self._device_note.setText(_by_environment("MESHLOOM_DEVICE") if forced else words)

    def _ask_size(self) -> None:
        self.used.setText(_("Looking…"))
        self.clear.setEnabled(False)
        self._look.ask(cache_folder(self._settings.choices))

    def _tell_size(self, state: CacheState) -> None:
        if state.fault:
            words = state.fault
        elif not state.results and not state.bytes:
            words = _("Nothing is kept.")
        else:
            words = _("{size} in {count} results").format(size=_size(state.bytes), count=state.results)
        if state.freed:
            words = f"{words} {_('{size} freed.').format(size=_size(state.freed))}"
            self.cache_cleared.emit()
        self.used.setText(words)
        self.clear.setEnabled(state.writable and bool(state.results or state.bytes))

    # ------------------------------------------------------------------------------------------------ choosing

    def _set_theme(self, index: int) -> None:
        self._settings.set("theme", self.theme.itemData(index))
        self._put_theme_on()

    def _put_theme_on(self) -> None:
        application = QApplication.instance()
        if isinstance(application, QApplication):
            themes.use(self._settings.choices.theme, application)

    def _set_language(self, index: int) -> None:
        self._settings.set("language", self.language.itemData(index))
        self._page.stress(self._language_note)

    def _set_keymap(self, index: int) -> None:
        self._settings.set("keymap", self.keymap.itemData(index))
        if self._keymap is not None:
            self._keymap.use(self._settings.choices.keymap)

    def _browse(self) -> None:
        chooser = QFileDialog(self, _("Folder for results"), str(cache_folder(self._settings.choices)))
        chooser.setFileMode(QFileDialog.FileMode.Directory)
        chooser.setOption(QFileDialog.Option.ShowDirsOnly)
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chooser.fileSelected.connect(self._take_folder)
        chooser.open()

    def _set_folder(self) -> None:
        self._take_folder(self.folder.text())

    def _take_folder(self, text: str) -> None:
        """Keep results elsewhere from now on, if they can be."""
        text = text.strip()
        self._fault = _fault_of(Path(text).expanduser()) if text else ""
        kept = self._settings.choices.cache_folder
        if not self._fault and text != kept:
            self._settings.set("cache_folder", text)
            self._ask_size()
        self._show()
        if self._fault:
            self.folder.setText(text)
        self._dress()

    def _set_size(self, value: int) -> None:
        self._settings.set("cache_gb", float(value))

    def _set_memory(self, value: float) -> None:
        self._settings.set("memory_gb", value)

    def _set_workers(self, value: int) -> None:
        self._settings.set("workers", value)

    def _set_device(self, index: int) -> None:
        self._settings.set("device", self.device.itemData(index))

    def _set_live(self, on: bool) -> None:
        self._settings.set("live", on)

    # -------------------------------------------------------------------------------------------------- asking

    def _ask_clear(self) -> None:
        self._question(
            _("Forget every result kept on disk?"),
            _("Your graphs and files stay as they are. What was computed is computed again when it is needed."),
            _("Forget"),
        ).accepted.connect(self._clear)

    def _clear(self) -> None:
        self.used.setText(_("Clearing…"))
        self.clear.setEnabled(False)
        self._look.ask(cache_folder(self._settings.choices), clear=True)

    def _ask_defaults(self) -> None:
        self._question(
            _("Put all of these settings back?"),
            _("They become what they were when Meshloom was new. Keys that you changed yourself stay."),
            _("Restore"),
        ).accepted.connect(self._restore)

    def _restore(self) -> None:
        new = Choices()
        before: tuple[Any, ...] = (cache_folder(self._settings.choices), self._settings.choices.language)
        for name in NAMES:
            self._settings.set(name, getattr(new, name))
        self._fault = ""
        if self._keymap is not None:
            self._keymap.use(new.keymap)
        self._put_theme_on()
        self._show()
        if before[0] != cache_folder(self._settings.choices):
            self._ask_size()
        if before[1] != new.language:
            self._page.stress(self._language_note)

    def _question(self, text: str, more: str, verb: str) -> QMessageBox:
        box = QMessageBox(QMessageBox.Icon.Question, self.windowTitle(), text, parent=self)
        box.setInformativeText(more)
        go = box.addButton(verb, QMessageBox.ButtonRole.AcceptRole)
        leave = box.addButton(_("Cancel"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(leave)
        box.setEscapeButton(leave)
        go.setAutoDefault(False)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()
        return box
