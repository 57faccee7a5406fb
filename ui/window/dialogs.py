"""Dialogs and pages that the window opens: each is loaded when it is first wanted."""

from __future__ import annotations

import importlib.metadata
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QMessageBox

from meshloom.graph_runtime.edits import Batch, Set
from meshloom.ui.canvas import commands as canvas_commands
from meshloom.ui.window.window_commands import COMMANDS
from meshloom.ui.words import _

if TYPE_CHECKING:
    from meshloom.ui.window.main_window import MainWindow


def show_docs(window: MainWindow, type_: str = "") -> None:
    """What a node does: the one named, or the selected one."""
    tab = window.tab
    if not type_ and tab is not None and tab.view.selection:
        type_ = tab.document.document.node(tab.view.selection[0], tab.view.scope).type
    spec = window.bench.catalog.get(type_) if type_ else None
    if spec is None:
        window.tell(_("Select a node first."))
        return
    from meshloom.ui.window.node_docs import NodeDocs

    if window.docs_page is None:
        window.docs_page = NodeDocs(window.bench.catalog, window)
        window.docs_page.example_wanted.connect(window.open_template_text)
        window.docs_page.graph_wanted.connect(window.files.open_graph)
    window.docs_page.show_node(spec.id)
    window.docs_page.show()
    window.docs_page.raise_()


def show_shortcuts(window: MainWindow) -> None:
    from meshloom.ui.window.shortcuts import ShortcutSheet

    every = (*COMMANDS, *canvas_commands.COMMANDS)
    sheet = ShortcutSheet(window.bench.keymap, window.bench.settings, every, window)
    sheet.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    sheet.open()


def show_settings(window: MainWindow) -> None:
    from meshloom.ui.window.settings_dialog import SettingsDialog

    dialog = SettingsDialog(window.bench.settings, window.bench.keymap, window)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.shortcuts_wanted.connect(partial(show_shortcuts, window))
    dialog.cache_cleared.connect(window.explain_all)
    dialog.open()


def show_models(window: MainWindow, source: str = "") -> None:
    """The models on this machine; ``source``: the one in front."""
    from meshloom.ui.models.desk import Desk
    from meshloom.ui.models.models_window import ModelsWindow

    if window.models is None:
        desk = Desk(window)
        window.models = ModelsWindow(desk, window)
        window.models.use_wanted.connect(partial(_use_model, window))
        desk.pulled.connect(partial(_model_pulled, window))
        desk.failed.connect(partial(_model_failed, window))
    window.models.show_model(source)
    window.models.show()
    window.models.raise_()
    window.models.activateWindow()


def _use_model(window: MainWindow, source: str, commit: str) -> None:
    """A node that loads the model, in the middle of the graph in front."""
    tab = window.tab or window.new()
    view = tab.view
    at = view.mapToScene(view.viewport().rect().center())
    name = tab.add_node("models.load", QPointF(at.x() - 110, at.y() - 60))
    if name is not None:
        edits = [Set(name, "source", source, view.scope)]
        edits += [Set(name, "revision", commit, view.scope)] if commit else []
        tab.document.do(Batch(tuple(edits), _("Set {field}").format(field="source")))
        window.tell(_("{model} is in the graph now.").format(model=source))


def _model_pulled(window: MainWindow, source: str) -> None:
    window.tell(_("{model} is on this machine now.").format(model=source))
    window.explain_all()


def _model_failed(window: MainWindow, source: str, message: str, hint: str) -> None:
    """The window of models shows it in place; the log keeps it."""
    window.log_view.add("error", "", "", f"{source}: {message}\n{hint}".strip())
    window.tell(message)


def show_sweep(window: MainWindow) -> None:
    from meshloom.ui.window.sweep_dialog import SweepDialog

    if window.tab is not None:
        dialog = SweepDialog(window.tab, window)
        dialog.started.connect(partial(_add_sweep, window))
        dialog.open()


def _add_sweep(window: MainWindow, view: Any) -> None:
    """The cells of a sweep, in a tab of their own."""
    view.graph_wanted.connect(window.files.open_graph)
    view.compare_wanted.connect(window.comparing.take)
    view.told.connect(window.tell)
    window.tabs.setCurrentIndex(window.tabs.addTab(view, view.title))


def show_form(window: MainWindow) -> None:
    from meshloom.ui.window.form_view import FormView

    if window.tab is not None:
        FormView.toggle(window.tab)


def show_tour(window: MainWindow) -> None:
    from meshloom.ui.window.first_run import begin_tour

    begin_tour(window)


def show_about(window: MainWindow) -> None:
    version = importlib.metadata.version("meshloom")
    words = _("Every capability is a node. Graphs run on a runtime that never computes the same thing twice.")
    box = QMessageBox(window)
    box.setWindowTitle("Meshloom")
    box.setText(f"<b>Meshloom {version}</b><p>{words}</p>")
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
