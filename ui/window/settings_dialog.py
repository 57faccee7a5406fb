"""The settings: each said in words, each taken at once."""

from __future__ import annotations

import os

import psutil
from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QDialog,
    QDoubleSpinBox,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from meshloom.ui import theme as themes
from meshloom.ui.commands import KEYMAPS, Keymap
from meshloom.ui.settings import Choices, Settings
from meshloom.ui.theme import UNIT, current
from meshloom.ui.window.cache_rows import CacheRows
from meshloom.ui.window.settings_page import SettingsPage, beside, by_environment, choices, number, question
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
        self.setWindowTitle(_("Settings"))
        self.theme = choices({"system": _("As the system"), "dark": _("Dark"), "light": _("Light")})
        self.language = choices({"system": _("As the system"), **LANGUAGES})
        self.keymap = choices(KEYMAPS)
        self.shortcuts = QPushButton(_("Shortcuts…"))
        memory = max(1.0, psutil.virtual_memory().total / 2**30)
        self.memory = number(QDoubleSpinBox(), 0.5, memory, _(" GB"))
        self.workers = number(QSpinBox(), 0, max(64, os.cpu_count() or 1), "")
        self.device = choices(
            {"auto": _("Automatic"), "cpu": _("Processor only"), "cuda": _("Graphics card (CUDA)")}
        )
        self.live = QCheckBox(_("Run again whenever something changes"))
        self.defaults = QPushButton(_("Restore defaults…"))
        self._page = SettingsPage()
        self._fill_page()
        self._lay_out()
        self._connect()
        self._show()
        self._page.dress()

    def _fill_page(self) -> None:
        page = self._page
        page.section(_("Appearance"))
        page.row(_("Theme"), self.theme, _("The colours of the window."))
        restart = _("Takes effect when Meshloom is started again.")
        self._language_note = page.row(_("Language"), self.language, restart)
        page.section(_("Keys"))
        page.row(
            _("Keymap"),
            beside(self.keymap, self.shortcuts),
            _("Keys as in a program that you know. Single keys are changed under Shortcuts."),
        )
        self.cache = CacheRows(self._settings, page, self)
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
        self.resize(720, 780)
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
        for widget in (self.theme, self.language, self.keymap, self.cache.size, self.memory, self.workers):
            self._let_scroll(widget)
        self._let_scroll(self.device)

    def _let_scroll(self, widget: QWidget) -> None:
        widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A wheel turns nothing that has not the focus: it scrolls the page."""
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.cache.show()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.cache.rest()

    def _connect(self) -> None:
        self.theme.activated.connect(self._set_theme)
        self.language.activated.connect(self._set_language)
        self.keymap.activated.connect(self._set_keymap)
        self.shortcuts.clicked.connect(self.shortcuts_wanted)
        self.memory.valueChanged.connect(self._set_memory)
        self.workers.valueChanged.connect(self._set_workers)
        self.device.activated.connect(self._set_device)
        self.live.toggled.connect(self._set_live)
        self.defaults.clicked.connect(self._ask_defaults)
        self.cache.cleared.connect(self.cache_cleared)
        self._settings.changed.connect(self._show)
        current().changed.connect(self._page.dress)

    def _show(self, _name: str = "") -> None:
        """Put the choices into the fields."""
        held = self._settings.choices
        device = os.environ.get("MESHLOOM_DEVICE")
        for box, value in (
            (self.theme, held.theme),
            (self.language, held.language),
            (self.keymap, held.keymap),
            (self.device, device or held.device),
        ):
            box.setCurrentIndex(max(0, box.findData(value)))
        with QSignalBlocker(self.memory), QSignalBlocker(self.workers), QSignalBlocker(self.live):
            self.memory.setValue(held.memory_gb)
            self.workers.setValue(held.workers)
            self.live.setChecked(held.live)
        self.device.setEnabled(not device)
        usual = _("The graphics card is used where there is one. From the next run on.")
        self._device_note.setText(by_environment("MESHLOOM_DEVICE") if device else usual)
        self.cache.show()

    # ------------------------------------------------------------------------------------------------ choosing

    def _set_theme(self, index: int) -> None:
        self._settings.set("theme", self.theme.itemData(index))
        self._put_theme_on()

    def _put_theme_on(self) -> None:
        application = QApplication.instance()
        if isinstance(application, QApplication):
            themes.use(self._settings.choices.theme, application)

    def _set_language(self, index: int) -> None:
        if self.language.itemData(index) != self._settings.choices.language:
            self._settings.set("language", self.language.itemData(index))
            self._page.mood(self._language_note, "accent")

    def _set_keymap(self, index: int) -> None:
        self._settings.set("keymap", self.keymap.itemData(index))
        if self._keymap is not None:
            self._keymap.use(self._settings.choices.keymap)

    def _set_memory(self, value: float) -> None:
        self._settings.set("memory_gb", value)

    def _set_workers(self, value: int) -> None:
        self._settings.set("workers", value)

    def _set_device(self, index: int) -> None:
        self._settings.set("device", self.device.itemData(index))

    def _set_live(self, on: bool) -> None:
        self._settings.set("live", on)

    def _ask_defaults(self) -> None:
        question(
            self,
            _("Put all of these settings back?"),
            _("They become what they were when Meshloom was new. Keys that you changed yourself stay."),
            _("Restore"),
        ).accepted.connect(self._restore)

    def _restore(self) -> None:
        new = Choices()
        if self._settings.choices.language != new.language:
            self._page.mood(self._language_note, "accent")
        self.cache.forget_fault()
        for name in NAMES:
            self._settings.set(name, getattr(new, name))
        if self._keymap is not None:
            self._keymap.use(new.keymap)
        self._put_theme_on()
        self._show()
