"""What can be done by name in the window, beyond the canvas."""

from __future__ import annotations

from meshloom.ui.commands import Command

COMMANDS = (
    Command("window.new", "New graph", ("Ctrl+N",)),
    Command("window.open", "Open…", ("Ctrl+O",)),
    Command("window.save", "Save", ("Ctrl+S",)),
    Command("window.save_as", "Save as…", ("Ctrl+Shift+S",)),
    Command("window.close_tab", "Close the tab", ("Ctrl+W",)),
    Command("window.start", "Start page", ("Ctrl+Home",)),
    Command("window.quit", "Quit", ("Ctrl+Q",)),
    Command("window.undo", "Undo", ("Ctrl+Z",)),
    Command("window.redo", "Redo", ("Ctrl+Shift+Z", "Ctrl+Y")),
    Command("window.settings", "Settings…", ("Ctrl+,",)),
    Command("window.docs", "What this node does", ("F1",)),
    Command("window.shortcuts", "Keyboard shortcuts…", ("Ctrl+/",)),
    Command("window.tour", "Show me around"),
    Command("window.about", "About Meshloom"),
    Command("window.output", "Open the output folder"),
    Command("window.models", "Models…", ("Ctrl+Shift+M",)),
    Command("window.new_viewer", "Another viewer", ("Ctrl+Shift+V",)),
    Command("window.form", "Form view", ("Ctrl+Shift+F",)),
    Command("window.reset_layout", "Usual layout"),
    Command("run.all", "Run", ("F5",)),
    Command("run.selected", "Run to the selection", ("Shift+F5",)),
    Command("run.again", "Compute the selection anew", ("Ctrl+F5",)),
    Command("run.cancel", "Stop", ("Ctrl+.",)),
    Command("run.cancel_all", "Cancel all runs"),
    Command("run.live", "Live", ("Ctrl+L",), checkable=True),
    Command("run.sweep", "Sweep parameters…", ("Ctrl+Shift+R",)),
)

#: The menu bar: a title and the commands under it; "-" is a line, "*recent", "*docks" are filled when shown.
MENUS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "File",
        (
            "window.new", "window.open", "*recent", "window.start", "-", "window.save", "window.save_as", "-",
            "window.output", "window.models", "-", "window.close_tab", "window.quit",
        ),
    ),
    (
        "Edit",
        (
            "window.undo", "window.redo", "-", "canvas.cut", "canvas.copy", "canvas.paste", "canvas.duplicate",
            "canvas.delete", "-", "canvas.select_all", "canvas.select_upstream", "canvas.select_downstream", "-",
            "canvas.find", "-", "window.settings",
        ),
    ),
    (
        "Graph",
        (
            "canvas.add", "-", "canvas.rename", "canvas.mute", "canvas.bypass", "-", "canvas.group",
            "canvas.ungroup", "canvas.keep_group", "canvas.leave", "-", "canvas.frame", "canvas.note", "-",
            "canvas.layout", "canvas.align_left", "canvas.align_top", "canvas.distribute",
        ),
    ),
    (
        "Run",
        (
            "run.all", "run.selected", "run.again", "run.sweep", "-", "run.live", "-", "run.cancel",
            "run.cancel_all", "canvas.next_failed",
        ),
    ),
    (
        "View",
        (
            "canvas.fit", "canvas.fit_all", "canvas.zoom_in", "canvas.zoom_out", "canvas.zoom_natural",
            "canvas.minimap", "-", "window.form", "window.new_viewer", "-", "*docks", "-", "window.reset_layout",
        ),
    ),
    ("Help", ("window.docs", "window.tour", "window.shortcuts", "-", "window.about")),
)  # fmt: skip
