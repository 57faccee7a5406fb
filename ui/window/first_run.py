"""The five minutes that show a newcomer around: the small graph is theirs to try things on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QToolBar, QWidget

from meshloom.ui.window.templates import PRESETS
from meshloom.ui.window.tour import Step, Tour
from meshloom.ui.words import _

if TYPE_CHECKING:
    from meshloom.ui.window.main_window import MainWindow

#: A graph that runs in a second, on any machine.
EXAMPLE = PRESETS / "sweep_demo.json"


def begin_tour(window: MainWindow) -> Tour:
    """Show the window around, over the example graph."""
    if window.tab is None or window.tab.document.suggested != EXAMPLE.stem:
        window.open_template(EXAMPLE)
    tour = Tour(window, steps(window))
    tour.finished.connect(tour.deleteLater)
    tour.start()
    window.bench.settings.set("guided", True)
    return tour


def steps(window: MainWindow) -> list[Step]:
    """The stops, in order."""

    def canvas() -> QWidget | None:
        return window.tab.view if window.tab is not None else None

    def selected() -> SignalInstance | None:
        return window.tab.view.selection_changed if window.tab is not None else None

    def changed() -> SignalInstance | None:
        return window.tab.document.changed if window.tab is not None else None

    def dock(key: str) -> Callable[[], QWidget | None]:
        return lambda: window.docks.get(key)

    def bar() -> QWidget | None:
        return window.findChild(QToolBar, "tools")

    return [
        Step(
            _("A graph"),
            _(
                "Each box is a node: it takes what comes in on the left, does one thing, and gives a result on "
                "the right. Drag the empty canvas with the middle button, or hold Space and drag; the wheel "
                "zooms to the pointer. F shows all."
            ),
            canvas,
        ),
        Step(
            _("Run it"),
            _("Press F5, or Run up here. Only what is not known yet is computed."),
            bar,
            lambda: window.bench.runs.ended,
        ),
        Step(
            _("Look at results"),
            _(
                "Click a node with a picture. Its result is shown here, and it stays until you select another."
            ),
            dock("viewer"),
            selected,
            canvas,
        ),
        Step(
            _("Change something"),
            _(
                "All settings of the node are here. Drag a number, or click it and type. Each change can be undone."
            ),
            dock("inspector"),
            changed,
        ),
        Step(
            _("Run again"),
            _("Press F5 once more: nodes that do not depend on your change are reused, marked in violet."),
            bar,
            lambda: window.bench.runs.ended,
        ),
        Step(
            _("Add a node"),
            _(
                "Press Tab over the canvas, or double-click it, type a few letters and press Enter. Or drag from a "
                "socket into the empty canvas: only nodes that fit are offered."
            ),
            canvas,
            changed,
        ),
        Step(
            _("Link it"),
            _(
                "Drag from an output to an input. Shapes and colours tell which fit; what does not fit says why. "
                "Ctrl+Z takes back anything."
            ),
            canvas,
        ),
        Step(
            _("Your own photographs"),
            _(
                "That is all. Begin with a template from the start page, or drop a folder of photographs on the "
                "canvas. F1 explains the selected node; Ctrl+/ lists all keys."
            ),
            lambda: None,
        ),
    ]
