"""The tool bar and the menu bar, from the list of what can be done."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QToolBar

from meshloom.ui.canvas import commands as canvas_commands
from meshloom.ui.window.window_commands import MENUS
from meshloom.ui.words import _

if TYPE_CHECKING:
    from meshloom.ui.window.main_window import MainWindow


class Menus(QObject):
    """Made once over a window whose docks and commands are there."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._canvas_entries: dict[str, QAction] = {}
        self._make_bar()
        self._make_menus()
        self._tell_keys()
        window.bench.keymap.changed.connect(self._tell_keys)

    def _make_bar(self) -> None:
        bar = QToolBar(_("Tools"), self._window)
        bar.setObjectName("tools")
        bar.setMovable(False)
        for name, words in (
            ("run.all", "▶  " + _("Run")),
            ("run.cancel", "■  " + _("Stop")),
            ("run.live", "◉  " + _("Live")),
            ("-", ""),
            ("window.undo", "↶  " + _("Undo")),
            ("window.redo", "↷  " + _("Redo")),
            ("-", ""),
            ("window.save", _("Save")),
        ):
            if name == "-":
                bar.addSeparator()
                continue
            action = self._window.commands[name]
            action.setIconText(words)
            bar.addAction(action)
        self._window.addToolBar(bar)

    def _make_menus(self) -> None:
        titles = {"File": _("File"), "Edit": _("Edit"), "Graph": _("Graph"), "Run": _("Run"), "View": _("View"),
                  "Help": _("Help")}  # fmt: skip
        labels = {command.id: command.label for command in canvas_commands.COMMANDS}
        for title, entries in MENUS:
            menu = self._window.menuBar().addMenu(titles[title])
            for entry in entries:
                if entry == "-":
                    menu.addSeparator()
                elif entry == "*recent":
                    recent = menu.addMenu(_("Open recent"))
                    recent.aboutToShow.connect(partial(self._fill_recent, recent))
                elif entry == "*docks":
                    for dock in self._window.docks.values():
                        menu.addAction(dock.toggleViewAction())
                elif entry in self._window.commands:
                    menu.addAction(self._window.commands[entry])
                else:
                    # The canvas has the shortcut; here it is only told, or two would claim the same keys.
                    action = menu.addAction(_(labels[entry]))
                    action.triggered.connect(partial(self._canvas_do, entry))
                    self._canvas_entries[entry] = action

    def _tell_keys(self) -> None:
        for command in canvas_commands.COMMANDS:
            if command.id in self._canvas_entries:
                keys = self._window.bench.keymap.keys(command)
                words = _(command.label) + (f"\t{keys[0]}" if keys else "")
                self._canvas_entries[command.id].setText(words)

    def _canvas_do(self, command: str) -> None:
        tab = self._window.tab
        if tab is not None:
            tab.canvas_actions[command].trigger()

    def _fill_recent(self, menu: QMenu) -> None:
        menu.clear()
        for file in self._window.bench.settings.choices.recent[:12]:
            menu.addAction(file, partial(self._window.files.open_path, Path(file)))
        menu.setEnabled(bool(self._window.bench.settings.choices.recent))
