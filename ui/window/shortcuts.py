"""The keys of everything that has a name: found by word or by key, changed by pressing others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QFont, QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from meshloom.ui.commands import KEYMAPS, Command, Keymap
from meshloom.ui.settings import Settings
from meshloom.ui.theme import UNIT, current, theme
from meshloom.ui.window.key_catcher import KeyCatcher, same, shown
from meshloom.ui.window.key_table import KeyTable, clashes, label_of
from meshloom.ui.words import _


class ShortcutSheet(QDialog):
    """What every key does, and changing it. Choices take effect at once and are kept."""

    def __init__(
        self,
        keymap: Keymap,
        settings: Settings,
        commands: Iterable[Command] = (),
        parent: QWidget | None = None,
    ) -> None:
        """``commands``: those to show although nothing that is open has them now."""
        super().__init__(parent)
        self._keymap = keymap
        self._settings = settings
        #: The command whose keys are being pressed, and whether they are to be had beside those it has.
        self._asked: Command | None = None
        self._beside = False
        #: What the button beside the message does.
        self._offered: Callable[[], None] | None = None
        self._mood = "dim"
        self.setWindowTitle(_("Shortcuts"))
        self.search = QLineEdit()
        self.keymaps = QComboBox()
        self.table = KeyTable(keymap, commands)
        self.catcher = KeyCatcher()
        self.name = QLabel()
        self.offer = QPushButton()
        self.change = QPushButton(_("Change…"))
        self.add = QPushButton(_("Add…"))
        self.remove = QPushButton(_("No keys"))
        self.reset = QPushButton(_("Reset"))
        self.reset_all = QPushButton(_("Reset all"))
        self._bar = QFrame()
        self._lay_out()
        self._connect()
        self._refresh()
        self._dress()

    def _lay_out(self) -> None:
        self.resize(720, 660)
        self.search.setPlaceholderText(_("Search by name or keys"))
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName(self.search.placeholderText())
        for name, title in KEYMAPS.items():
            self.keymaps.addItem(title, name)
        self.keymaps.setAccessibleName(_("Keymap"))
        self.keymaps.setToolTip(_("Keys that you know from another program"))
        self.keymaps.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        top = _row(self.search, 2 * UNIT, QLabel(_("Keymap")), self.keymaps)
        top.setStretch(0, 1)
        bold = QFont(self.name.font())
        bold.setWeight(QFont.Weight.DemiBold)
        self.name.setFont(bold)
        what = _row(self.name, self.change, self.add, self.remove, self.reset)
        what.setStretch(0, 1)
        said = _row(self.catcher, self.offer)
        said.setStretch(0, 1)
        self.catcher.setMinimumHeight(34)
        inside = QVBoxLayout(self._bar)
        inside.setContentsMargins(4 * UNIT, 3 * UNIT, 3 * UNIT, 2 * UNIT)
        inside.setSpacing(UNIT)
        inside.addLayout(what)
        inside.addLayout(said)
        close = QPushButton(_("Close"))
        close.clicked.connect(self.accept)
        end = _row(self.reset_all, close)
        end.insertStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(4 * UNIT, 4 * UNIT, 4 * UNIT, 4 * UNIT)
        column.setSpacing(3 * UNIT)
        column.addLayout(top)
        column.addWidget(self.table, 1)
        column.addWidget(self._bar)
        column.addLayout(end)
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)
        self.search.setFocus()

    def _connect(self) -> None:
        self.search.textChanged.connect(self.table.search)
        self.search.installEventFilter(self)
        self.table.installEventFilter(self)
        self.table.itemClicked.connect(self._clicked)
        self.table.currentItemChanged.connect(self._moved)
        self.keymaps.activated.connect(self._choose_keymap)
        self.catcher.caught.connect(self._caught)
        self.catcher.left.connect(self._left)
        self.offer.clicked.connect(self._take_offer)
        self.change.clicked.connect(self._change)
        self.add.clicked.connect(self._add)
        self.remove.clicked.connect(self._remove)
        self.reset.clicked.connect(self._reset)
        self.reset_all.clicked.connect(self._reset_all)
        self._keymap.changed.connect(self._refresh)
        current().changed.connect(self._dress)

    def _dress(self) -> None:
        self.table.dress()
        self._bar.setStyleSheet(f".QFrame {{ background: {theme().panel}; border-radius: 4px; }}")
        self.catcher.setStyleSheet(f"color: {getattr(theme(), self._mood)};")

    # ------------------------------------------------------------------------------------------------- showing

    def _refresh(self) -> None:
        self.table.refresh()
        self.keymaps.setCurrentIndex(self.keymaps.findData(self._keymap.name))
        self.reset_all.setEnabled(bool(self._keymap.own))
        self._tell()

    def _moved(self, *_said: object) -> None:
        self._offered = None
        self._tell()

    def _tell(self) -> None:
        """What can be done with the chosen command."""
        command = self.table.chosen()
        self.name.setText(label_of(command) if command is not None else "")
        self.change.setEnabled(command is not None)
        self.add.setEnabled(command is not None)
        self.remove.setEnabled(command is not None and bool(self._keymap.keys(command)))
        self.reset.setEnabled(command is not None and command.id in self._keymap.own)
        if self._asked is None and self._offered is None:
            trouble = self.table.trouble(command) if command is not None else ""
            hint = _("Click a command, or press Enter on it, then press its new keys.")
            self._say(trouble or hint, "warn" if trouble else "dim")

    def _say(self, words: str, mood: str = "dim", offer: str = "") -> None:
        self._mood = mood
        self.catcher.setText(words)
        self.catcher.setStyleSheet(f"color: {getattr(theme(), mood)};")
        self.offer.setText(offer)
        self.offer.setVisible(bool(offer))

    # ------------------------------------------------------------------------------------------------ changing

    def _clicked(self, row: QTreeWidgetItem) -> None:
        if row.parent() is not None:
            self._ask(beside=False)

    def _change(self) -> None:
        self._ask(beside=False)

    def _add(self) -> None:
        self._ask(beside=True)

    def _ask(self, beside: bool) -> None:
        """Wait for keys for the chosen command, in place of those it has or beside them."""
        command = self.table.chosen()
        if command is None:
            return
        self._asked, self._beside, self._offered = command, beside, None
        words = _("Press the keys for “{name}”. Esc leaves it as it is.")
        self._say(words.format(name=label_of(command)), "accent")
        self.catcher.begin()

    def _left(self) -> None:
        self._asked = None
        self._tell()
        if self.focusWidget() in (None, self.catcher):
            self.table.setFocus()

    def _caught(self, key: str) -> None:
        command, self._asked = self._asked, None
        if command is None:
            return
        others = clashes(self._keymap, command, key, self.table.commands.values())
        if not others:
            self._assign(command, key)
            self.table.setFocus()
            return

        def take_over() -> None:
            for other in others:
                self._put(other, [held for held in self._keymap.keys(other) if not same(held, key)])
            self._assign(command, key)

        names = ", ".join(f"“{label_of(each)}”" for each in others)
        words = _("{keys} already belongs to {names}.").format(keys=shown(key), names=names)
        self._offered = take_over
        self._say(words, "warn", _("Use it here instead"))
        self.offer.setFocus()

    def _assign(self, command: Command, key: str) -> None:
        kept = [held for held in self._keymap.keys(command) if not same(held, key)] if self._beside else []
        self._put(command, [*kept, key])
        self._keep()

    def _put(self, command: Command, keys: list[str]) -> None:
        """Own keys, unless they are those of the keymap."""
        self._keymap.remap(command.id, None)
        if keys != self._keymap.keys(command):
            self._keymap.remap(command.id, keys)

    def _take_offer(self) -> None:
        work, self._offered = self._offered, None
        if work is not None:
            work()
        self._tell()
        self.table.setFocus()

    def _remove(self) -> None:
        command = self.table.chosen()
        if command is not None:
            self._offered = None
            self._put(command, [])
            self._keep()

    def _reset(self) -> None:
        command = self.table.chosen()
        if command is not None:
            self._offered = None
            self._keymap.remap(command.id, None)
            self._keep()

    def _reset_all(self) -> None:
        before = {name: list(keys) for name, keys in self._keymap.own.items()}
        self._put_all({})
        self._offered = lambda: self._put_all(before)
        self._say(_("All keys are those of the keymap again."), "dim", _("Undo"))

    def _put_all(self, own: Mapping[str, list[str]]) -> None:
        for name in {*self._keymap.own, *own}:
            self._keymap.remap(name, own.get(name))
        self._keep()

    def _choose_keymap(self, index: int) -> None:
        self._offered = None
        self._keymap.use(self.keymaps.itemData(index))
        self._keep()

    def _keep(self) -> None:
        self._settings.set("keymap", self._keymap.name)
        self._settings.set("own_keys", {name: list(keys) for name, keys in self._keymap.own.items()})

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress:
            key = event.key()  # type: ignore[attr-defined]
            enter = key in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            if watched is self.search and (enter or key == Qt.Key.Key_Down):
                self.table.setFocus()
                return True
            if watched is self.table and enter:
                self._ask(beside=False)
                return True
        return super().eventFilter(watched, event)

    def done(self, result: int) -> None:
        self._offered = None
        super().done(result)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._offered is not None:
            self._moved()
            self.table.setFocus()
            return
        super().keyPressEvent(event)


def _row(*parts: QWidget | int) -> QHBoxLayout:
    """Widgets beside each other; numbers are gaps."""
    row = QHBoxLayout()
    row.setSpacing(2 * UNIT)
    for part in parts:
        if isinstance(part, int):
            row.addSpacing(part)
        else:
            row.addWidget(part)
    return row
