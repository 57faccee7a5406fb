"""What the user can do by name: each command once, with its keys from the keymap in use.

A part of the window declares its commands as data and hands its methods over; menus, the shortcut sheet, the
command palette and the keymaps all read the same list.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from meshloom.ui.words import _

FOLDER = Path(__file__).parent / "keymaps"

#: The keymaps that come along; "meshloom" is what the commands declare.
KEYMAPS = {"meshloom": "Meshloom", "blender": "Blender", "comfyui": "ComfyUI", "nuke": "Nuke"}


@dataclass(frozen=True)
class Command:
    """``id`` is ``place.verb``; ``label`` is English and translated when shown; ``keys``: Meshloom's own."""

    id: str
    label: str
    keys: tuple[str, ...] = ()
    checkable: bool = False

    @property
    def place(self) -> str:
        return self.id.partition(".")[0]


class Keymap(QObject):
    """Which keys do what: those of a named keymap, under the user's own changes."""

    changed = Signal()

    def __init__(self, name: str = "meshloom", own: Mapping[str, Iterable[str]] | None = None) -> None:
        super().__init__()
        self._actions: list[tuple[Command, QAction]] = []
        self._named: dict[str, list[str]] = {}
        self.name = ""
        self.own = {key: list(keys) for key, keys in (own or {}).items()}
        self.use(name)

    def use(self, name: str) -> None:
        """Switch to a keymap of :data:`KEYMAPS`."""
        file = FOLDER / f"{name}.json"
        self.name = name if name in KEYMAPS else "meshloom"
        self._named = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        self._refresh()

    def remap(self, command: str, keys: Iterable[str] | None) -> None:
        """Give a command the user's own keys; ``None`` puts it back to those of the keymap."""
        if keys is None:
            self.own.pop(command, None)
        else:
            self.own[command] = list(keys)
        self._refresh()

    def keys(self, command: Command) -> list[str]:
        """The keys of a command now, as Qt writes them ("Ctrl+Shift+Z")."""
        return self.own.get(command.id, self._named.get(command.id, list(command.keys)))

    def commands(self) -> list[tuple[Command, QAction]]:
        """Every command that is bound, for menus, the shortcut sheet and clashes."""
        return list(self._actions)

    def bind(
        self, widget: QWidget, commands: Iterable[Command], handlers: Mapping[str, Callable[..., object]]
    ) -> dict[str, QAction]:
        """Actions on ``widget``, active while it or a child has the focus, by command id. ``handlers``: by id."""
        made: dict[str, QAction] = {}
        for command in commands:
            action = QAction(_(command.label), widget)
            action.setData(command.id)
            action.setCheckable(command.checkable)
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            handler = handlers[command.id]
            if command.checkable:
                action.toggled.connect(handler)
            else:
                action.triggered.connect(lambda checked=False, call=handler: call())
            widget.addAction(action)
            self._actions.append((command, action))
            made[command.id] = action
        widget.destroyed.connect(lambda: self._forget(made))
        self._refresh()
        return made

    def _forget(self, made: Mapping[str, QAction]) -> None:
        gone = {id(action) for action in made.values()}
        self._actions = [(command, action) for command, action in self._actions if id(action) not in gone]

    def _refresh(self) -> None:
        for command, action in self._actions:
            action.setShortcuts([QKeySequence(key) for key in self.keys(command)])
        self.changed.emit()
