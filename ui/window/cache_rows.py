"""The settings of the results on disk: where, how much, and how much there is now."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QObject, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QLabel, QLineEdit, QPushButton, QSpinBox, QWidget

from meshloom.graph_runtime.engine import default_cache_folder
from meshloom.ui.settings import Settings
from meshloom.ui.window.cache_look import CacheLook, CacheState, cache_folder
from meshloom.ui.window.settings_page import SettingsPage, beside, by_environment, number, question
from meshloom.ui.words import _


class CacheRows(QObject):
    """A section of a page of settings. ``window``: what its questions are asked over."""

    #: The results were forgotten.
    cleared = Signal()

    def __init__(self, settings: Settings, page: SettingsPage, window: QWidget) -> None:
        super().__init__(window)
        self._settings = settings
        self._page = page
        self._window = window
        self._fault = ""
        self._asked: Path | None = None
        self._look = CacheLook(self)
        self.folder = QLineEdit()
        self.browse = QPushButton(_("Choose…"))
        self.size = number(QSpinBox(), 1, 100_000, _(" GB"))
        self.used = QLabel()
        self.used.setWordWrap(True)
        self.clear = QPushButton(_("Clear…"))
        page.section(_("Results on disk"))
        self._note = page.row(_("Folder"), beside(self.folder, self.browse, wide=True), "-")
        page.row(
            _("At most"),
            self.size,
            _("When full, results unused for long that are quick to make again go first."),
        )
        page.row(_("Now"), beside(self.used, self.clear, wide=True), "")
        self.folder.editingFinished.connect(self._typed)
        self.browse.clicked.connect(self._browse)
        self.size.valueChanged.connect(self._set_size)
        self.clear.clicked.connect(self._ask_clear)
        self._look.told.connect(self._tell)

    # ------------------------------------------------------------------------------------------------- showing

    def show(self) -> None:
        """Put the choices into the fields; look at the folder if it is another than before."""
        held = self._settings.choices
        with QSignalBlocker(self.size):
            self.size.setValue(round(held.cache_gb))
        told = os.environ.get("MESHLOOM_CACHE")
        self.folder.setPlaceholderText(str(default_cache_folder()))
        for widget in (self.folder, self.browse):
            widget.setEnabled(not told)
        if not self._fault:
            self.folder.setText(told or held.cache_folder)
            self.folder.setCursorPosition(0)
        usual = _("Results are kept here, so that nothing is computed twice. Empty for the usual place.")
        self._note.setText(self._fault or (by_environment("MESHLOOM_CACHE") if told else usual))
        self._page.mood(self._note, "bad" if self._fault else "dim")
        folder = cache_folder(held)
        if folder != self._asked:
            self._asked = folder
            self._wait(_("Looking…"))
            self._look.ask(folder)

    def rest(self) -> None:
        """Nobody looks: how much there is is counted anew the next time."""
        self._asked = None

    def _wait(self, words: str) -> None:
        self.used.setText(words)
        self.clear.setEnabled(False)

    def _tell(self, state: CacheState) -> None:
        if state.fault:
            words = state.fault
        elif not state.results and not state.bytes:
            words = _("Nothing is kept.")
        else:
            words = _("{size} in {count} results").format(size=_size(state.bytes), count=state.results)
        if state.cleared:
            words = f"{words} {_('{size} freed.').format(size=_size(state.freed))}"
        self.used.setText(words)
        self.clear.setEnabled(state.writable and bool(state.results or state.bytes))
        if state.cleared:
            self.cleared.emit()

    # ------------------------------------------------------------------------------------------------ choosing

    def _set_size(self, value: int) -> None:
        self._settings.set("cache_gb", float(value))

    def _browse(self) -> None:
        chooser = QFileDialog(self._window, _("Folder for results"), str(_there(self._asked or Path.home())))
        chooser.setFileMode(QFileDialog.FileMode.Directory)
        chooser.setOption(QFileDialog.Option.ShowDirsOnly)
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chooser.fileSelected.connect(self.take)
        chooser.open()

    def _typed(self) -> None:
        self.take(self.folder.text())

    def take(self, text: str) -> None:
        """Keep results in another folder from now on (empty: the usual one), if it can be."""
        text = text.strip()
        self._fault = _fault_of(Path(text).expanduser()) if text else ""
        if self._fault:
            self.folder.setText(text)
        elif "MESHLOOM_CACHE" not in os.environ:
            self._settings.set("cache_folder", text)
        self.show()

    def forget_fault(self) -> None:
        """What was entered and refused is no longer wanted."""
        self._fault = ""

    def _ask_clear(self) -> None:
        question(
            self._window,
            _("Forget every result kept on disk?"),
            _(
                "Your graphs and files stay as they are. What was computed is computed again when it is needed."
            ),
            _("Forget"),
        ).accepted.connect(self._clear)

    def _clear(self) -> None:
        self._wait(_("Clearing…"))
        self._look.ask(cache_folder(self._settings.choices), clear=True)


def _there(folder: Path) -> Path:
    """A folder, or the nearest above it that exists."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _fault_of(folder: Path) -> str:
    """Why results cannot be kept in a folder; empty if they can."""
    if not folder.is_absolute():
        return _("Give the whole path of the folder.")
    try:
        there = _there(folder)
        if not there.is_dir():
            return _("{path} is not a folder.").format(path=there)
        if not os.access(there, os.W_OK):
            return _("Nothing can be written to {path}.").format(path=there)
    except (OSError, ValueError):
        return _("{path} is not a folder.").format(path=folder)
    return ""


def _size(count: int) -> str:
    """Bytes in the unit that the limit is given in."""
    if count >= 100 << 20:
        return _("{number} GB").format(number=f"{count / 2**30:.2f}".rstrip("0").rstrip("."))
    return _("{number} MB").format(number=f"{count / 2**20:.1f}")
