"""The window: documents in tabs, docks around them, menus over them."""

from __future__ import annotations

import contextlib
import importlib.metadata
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QAction, QCloseEvent, QDesktopServices, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QFileDialog,
    QLabel,
    QMainWindow,
    QMenu,
    QMessageBox,
    QProgressBar,
    QTabWidget,
    QToolBar,
    QWidget,
)

from meshloom.graph_runtime.errors import MeshloomError
from meshloom.graph_runtime.graph import GraphData
from meshloom.graph_runtime.preset import resolve
from meshloom.ui.canvas import commands as canvas_commands
from meshloom.ui.canvas.outline import Outline
from meshloom.ui.document import OpenDocument, open_file, open_template
from meshloom.ui.inspector import Inspector
from meshloom.ui.look.compare import CompareView
from meshloom.ui.look.image_view import pixels_of
from meshloom.ui.recovery import Lost, back_up, lost_work
from meshloom.ui.running.engine_process import ENGINE_CHOICES, cache_folder, engine_environment
from meshloom.ui.running.history import Entry
from meshloom.ui.running.runs import RunInfo
from meshloom.ui.window.document_tab import DocumentTab
from meshloom.ui.window.history_view import HistoryView
from meshloom.ui.window.log_view import LogView
from meshloom.ui.window.queue_view import QueueView, span, told
from meshloom.ui.window.resources import Resources
from meshloom.ui.window.start_page import StartPage, picture_of
from meshloom.ui.window.viewer import Viewer
from meshloom.ui.window.window_commands import COMMANDS, MENUS
from meshloom.ui.window.workbench import Workbench
from meshloom.ui.words import _

#: Files that may hold a workflow: what the open dialog shows.
_FILES = "*.json *.png *.jpg *.jpeg *.webp *.glb *.ply *.svg *.mp4"
_LEFT, _RIGHT, _BOTTOM = (
    Qt.DockWidgetArea.LeftDockWidgetArea,
    Qt.DockWidgetArea.RightDockWidgetArea,
    Qt.DockWidgetArea.BottomDockWidgetArea,
)


class MainWindow(QMainWindow):
    """All of Meshloom's desktop app. ``ask`` False: questions are answered "don't save" (for scripts and tests)."""

    def __init__(self, bench: Workbench, ask: bool = True) -> None:
        super().__init__()
        self.bench = bench
        self._ask = ask
        self._quit_asked = False
        self._problems_told = 0
        self.setWindowTitle("Meshloom")
        self.setDockOptions(
            QMainWindow.DockOption.AllowTabbedDocks
            | QMainWindow.DockOption.AllowNestedDocks
            | QMainWindow.DockOption.AnimatedDocks
        )
        self.setCorner(Qt.Corner.BottomRightCorner, _RIGHT)
        self.setAcceptDrops(True)
        self.tabs = QTabWidget(self)
        self.tabs.setDocumentMode(True)
        self.tabs.setTabsClosable(True)
        self.tabs.setMovable(True)
        self.setCentralWidget(self.tabs)
        self.start_page = StartPage(bench.catalog, bench.settings)
        self.viewers: list[Viewer] = []
        self.docks: dict[str, QDockWidget] = {}
        self._outline: Outline | None = None
        self._docs: Any = None
        #: The docks to show again when the start page goes.
        self._put_away: list[QDockWidget] | None = None
        self._make_docks()
        self.commands = bench.keymap.bind(self, COMMANDS, self._handlers())
        self._make_bar()
        self._make_menus()
        self._make_status()
        self._connect()
        self._usual = self.saveState()
        self._restore()
        self.show_start_page()
        self._tell_problems()

    # --------------------------------------------------------------------------------------------- building

    def _dock(self, key: str, title: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(key)
        dock.setWidget(widget)
        self.addDockWidget(area, dock)
        self.docks[key] = dock
        return dock

    def _make_docks(self) -> None:
        bench = self.bench
        self.inspector = Inspector()
        self.queue_view = QueueView(bench.runs, bench.history)
        self.log_view = LogView()
        self.history_view = HistoryView(bench.history)
        viewer = self._dock("viewer", _("Viewer"), self._new_viewer(), _RIGHT)
        inspector = self._dock("inspector", _("Inspector"), self.inspector, _RIGHT)
        self.splitDockWidget(viewer, inspector, Qt.Orientation.Vertical)
        self._dock("outline", _("Outline"), QWidget(), _LEFT).hide()
        queue = self._dock("queue", _("Queue"), self.queue_view, _BOTTOM)
        log = self._dock("log", _("Log"), self.log_view, _BOTTOM)
        history = self._dock("history", _("History"), self.history_view, _BOTTOM)
        self.tabifyDockWidget(queue, log)
        self.tabifyDockWidget(log, history)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        for dock in (queue, log, history):
            dock.hide()
        self.compare = CompareView()
        self._compared: list[tuple[Any, str] | None] = [None, None]
        self._compare_page: QWidget = self.compare
        self._dock("compare", _("Compare"), self.compare, _BOTTOM).hide()
        self.resizeDocks([viewer, inspector], [480, 420], Qt.Orientation.Vertical)
        self.resizeDocks([viewer], [460], Qt.Orientation.Horizontal)

    def _new_viewer(self) -> Viewer:
        viewer = Viewer(self.bench)
        viewer.compare_wanted.connect(self._take_for_compare)
        viewer.titled.connect(partial(self._title_viewer, viewer))
        self.viewers.append(viewer)
        return viewer

    def _title_viewer(self, viewer: Viewer, title: str) -> None:
        dock = viewer.parentWidget()
        if isinstance(dock, QDockWidget):
            dock.setWindowTitle(_("Viewer") + (f": {title}" if title else ""))

    def _make_bar(self) -> None:
        bar = QToolBar(_("Tools"), self)
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
            action = self.commands[name]
            action.setIconText(words)
            bar.addAction(action)
        self.addToolBar(bar)

    def _make_menus(self) -> None:
        titles = {"File": _("File"), "Edit": _("Edit"), "Graph": _("Graph"), "Run": _("Run"), "View": _("View"),
                  "Help": _("Help")}  # fmt: skip
        self._canvas_entries: dict[str, QAction] = {}
        labels = {command.id: command.label for command in canvas_commands.COMMANDS}
        for title, entries in MENUS:
            menu = self.menuBar().addMenu(titles[title])
            for entry in entries:
                if entry == "-":
                    menu.addSeparator()
                elif entry == "*recent":
                    recent = menu.addMenu(_("Open recent"))
                    recent.aboutToShow.connect(partial(self._fill_recent, recent))
                elif entry == "*docks":
                    for dock in self.docks.values():
                        menu.addAction(dock.toggleViewAction())
                elif entry in self.commands:
                    menu.addAction(self.commands[entry])
                else:
                    # The canvas has the shortcut; here it is only told, or two would claim the same keys.
                    action = menu.addAction(_(labels[entry]))
                    action.triggered.connect(partial(self._canvas_do, entry))
                    self._canvas_entries[entry] = action
        self._tell_keys()
        self.bench.keymap.changed.connect(self._tell_keys)

    def _tell_keys(self) -> None:
        for command in canvas_commands.COMMANDS:
            if command.id in self._canvas_entries:
                keys = self.bench.keymap.keys(command)
                words = _(command.label) + (f"\t{keys[0]}" if keys else "")
                self._canvas_entries[command.id].setText(words)

    def _canvas_do(self, command: str) -> None:
        tab = self.tab
        if tab is not None:
            tab.canvas_actions[command].trigger()

    def _fill_recent(self, menu: QMenu) -> None:
        menu.clear()
        for file in self.bench.settings.choices.recent[:12]:
            menu.addAction(file, partial(self.open_path, Path(file)))
        menu.setEnabled(bool(self.bench.settings.choices.recent))

    def _make_status(self) -> None:
        self.progress = QProgressBar()
        self.progress.setFixedWidth(340)
        self.progress.setMaximumHeight(18)
        self.progress.hide()
        self.resources = Resources()
        self.note = QLabel()
        self.note.setMinimumWidth(1)
        self.statusBar().addWidget(self.note, 1)
        self.statusBar().addPermanentWidget(self.progress)
        self.statusBar().addPermanentWidget(self.resources)
        self._note_ends = QTimer(self)
        self._note_ends.setSingleShot(True)
        self._note_ends.setInterval(12000)
        self._note_ends.timeout.connect(self.note.clear)

    def _connect(self) -> None:
        runs = self.bench.runs
        self.tabs.currentChanged.connect(self._tab_changed)
        self.tabs.tabCloseRequested.connect(self._close_at)
        self.start_page.new_wanted.connect(self.new)
        self.start_page.open_wanted.connect(self.ask_open)
        self.start_page.guide_wanted.connect(self.show_tour)
        self.start_page.file_chosen.connect(self._open_text)
        self.start_page.template_chosen.connect(self._open_template_text)
        self.inspector.docs_wanted.connect(self.show_docs)
        self.bench.settings.changed.connect(self._setting_changed)
        runs.began.connect(self._run_began)
        runs.ended.connect(self._run_ended)
        runs.queue_changed.connect(self._tell_progress)
        runs.logged.connect(self.log_view.add)
        runs.engine_lost.connect(self._engine_lost)
        self.log_view.node_wanted.connect(self._go_to)
        self.history_view.graph_wanted.connect(self.open_entry)
        self.history_view.told.connect(self.tell)

    def _handlers(self) -> dict[str, Callable[..., object]]:
        runs = self.bench.runs
        return {
            "window.new": self.new,
            "window.open": self.ask_open,
            "window.save": self.save,
            "window.save_as": self.save_as,
            "window.close_tab": self.close_tab,
            "window.start": self.show_start_page,
            "window.quit": self.close,
            "window.undo": self.undo,
            "window.redo": self.redo,
            "window.settings": self.show_settings,
            "window.docs": self.show_docs,
            "window.shortcuts": self.show_shortcuts,
            "window.tour": self.show_tour,
            "window.about": self.show_about,
            "window.output": self.open_output,
            "window.new_viewer": self.add_viewer,
            "window.form": self.show_form,
            "window.reset_layout": self.reset_layout,
            "run.all": self.run,
            "run.selected": partial(self._in_tab, DocumentTab.run_selected),
            "run.again": partial(self._in_tab, DocumentTab.run_again),
            "run.cancel": runs.cancel,
            "run.cancel_all": runs.cancel_all,
            "run.live": self._set_live,
            "run.sweep": self.show_sweep,
        }

    # -------------------------------------------------------------------------------------------- documents

    @property
    def tab(self) -> DocumentTab | None:
        """The document in front."""
        widget = self.tabs.currentWidget()
        return widget if isinstance(widget, DocumentTab) else None

    def document_tabs(self) -> list[DocumentTab]:
        widgets = [self.tabs.widget(index) for index in range(self.tabs.count())]
        return [widget for widget in widgets if isinstance(widget, DocumentTab)]

    def _add(self, document: OpenDocument) -> DocumentTab:
        tab = DocumentTab(self.bench, document, self)
        tab.renamed.connect(partial(self._retitle, tab))
        tab.status_changed.connect(partial(self._status_changed, tab))
        tab.view.selection_changed.connect(partial(self._selected, tab))
        tab.view.activated.connect(self._look_closer)
        tab.view.palette_wanted.connect(self._tell_problems)  # after the tab, which reads all nodes for it
        tab.files_dropped.connect(self.take_files)
        index = self.tabs.addTab(tab, tab.title)
        self.tabs.setCurrentIndex(index)
        self._hide_start_page()
        self._tell_problems()
        tab.view.setFocus()
        QTimer.singleShot(0, tab.view, tab.view.fit_once)  # when the docks have their sizes
        return tab

    def new(self) -> DocumentTab:
        """An empty graph in a new tab."""
        return self._add(OpenDocument(self.bench.catalog))

    def open_path(self, path: Path) -> DocumentTab | None:
        """Open a workflow, or the graph that a result carries; says why when it cannot."""
        path = path.absolute()
        for tab in self.document_tabs():
            if tab.document.path == path:
                self.tabs.setCurrentWidget(tab)
                return tab
        document = self._read(open_file, path)
        if document is None:
            return None
        if document.path is not None:
            self.bench.settings.remember(path)
        return self._add(document)

    def open_template(self, path: Path) -> DocumentTab | None:
        """A new document like a template."""
        document = self._read(open_template, path)
        return self._add(document) if document is not None else None

    def open_graph(self, graph: GraphData) -> DocumentTab:
        """A new, unsaved document with this graph."""
        return self._add(OpenDocument(self.bench.catalog, graph))

    def open_entry(self, entry: Entry) -> DocumentTab | None:
        """The graph of an earlier run."""
        try:
            return self.open_graph(entry.graph())
        except MeshloomError as error:
            self.fail(_("This graph cannot be opened"), str(error))
            return None

    def _open_text(self, path: str) -> None:
        self.open_path(Path(path))

    def _open_template_text(self, path: str) -> None:
        self.open_template(Path(path))

    def _read(self, how: Callable[[Path, Any], OpenDocument], path: Path) -> OpenDocument | None:
        try:
            return how(path, self.bench.catalog)
        except MeshloomError as error:
            self.fail(_("{file} cannot be opened").format(file=path.name), str(error))
        except OSError as error:
            self.fail(_("{file} cannot be opened").format(file=path.name), error.strerror or str(error))
        return None

    def ask_open(self) -> None:
        """Ask for files and open them."""
        folder = str(self.tab.document.folder) if self.tab is not None else str(Path.home())
        kinds = _("Workflows and results") + f" ({_FILES});;" + _("All files") + " (*)"
        files, _kind = QFileDialog.getOpenFileNames(self, _("Open"), folder, kinds)
        for file in files:
            self.open_path(Path(file))

    def take_files(self, files: list[str]) -> None:
        """Files dropped on the window: workflows and results that carry one are opened; others become nodes."""
        for file in files:
            path = Path(file)
            if path.suffix.lower() == ".json":
                self.open_path(path)
                continue
            try:
                document = open_file(path, self.bench.catalog)
            except (MeshloomError, OSError):
                self._add_loader(path)
                continue
            self._add(document)

    def _add_loader(self, path: Path) -> None:
        """A node that reads a dropped file or folder, set to it."""
        from meshloom.ui.window.loaders import loader_for

        found = loader_for(path, self.bench.catalog)
        tab = self.tab or self.new()
        if found is None:
            self.tell(_("{file} holds no graph, and no node reads such files.").format(file=path.name))
            return
        type_, param = found
        view = tab.view
        at = view.mapToScene(view.viewport().rect().center())
        name = tab.add_node(type_, QPointF(at.x() - 110, at.y() - 60))
        if name is not None:
            from meshloom.graph_runtime.edits import Set

            tab.document.do(Set(name, param, str(path), view.scope), _("Set {field}").format(field=param))

    def save(self) -> bool:
        """Save the document in front; ``False`` if it was not."""
        tab = self.tab
        if tab is None:
            return False
        return self._write(tab, tab.document.path) if tab.document.path is not None else self.save_as()

    def save_as(self) -> bool:
        tab = self.tab
        if tab is None:
            return False
        suggested = tab.document.folder / f"{tab.title}.json"
        file, _kind = QFileDialog.getSaveFileName(
            self, _("Save as"), str(suggested), _("Workflows") + " (*.json)"
        )
        if not file:
            return False
        path = Path(file)
        return self._write(tab, path if path.suffix else path.with_suffix(".json"))

    def _write(self, tab: DocumentTab, path: Path) -> bool:
        back_up(path)
        try:
            tab.document.save(path)
        except MeshloomError as error:
            self.fail(_("{file} was not saved").format(file=path.name), f"{error}\n\n" + _still_here())
            return False
        except OSError as error:
            words = error.strerror or str(error)
            self.fail(_("{file} was not saved").format(file=path.name), f"{words}\n\n" + _still_here())
            return False
        self.bench.settings.remember(path)
        with contextlib.suppress(OSError):
            picture = picture_of(path)
            picture.parent.mkdir(parents=True, exist_ok=True)
            tab.view.grab().scaledToWidth(472, Qt.TransformationMode.SmoothTransformation).save(str(picture))
        self.tell(_("Saved {file}").format(file=path))
        return True

    def close_tab(self) -> None:
        self._close_at(self.tabs.currentIndex())

    def _close_at(self, index: int) -> None:
        widget = self.tabs.widget(index)
        if widget is self.start_page:
            if self.document_tabs():
                self._hide_start_page()
            return
        if isinstance(widget, DocumentTab):
            if self._may_close(widget):
                self._drop(widget)
        elif widget is not None:  # a sweep
            self.tabs.removeTab(index)
            widget.leave()  # type: ignore[attr-defined]
            widget.deleteLater()

    def _drop(self, tab: DocumentTab, keep_recovery: bool = False) -> None:
        for viewer in self.viewers:
            viewer.tab_closed(tab)
        self.tabs.removeTab(self.tabs.indexOf(tab))
        tab.leave(keep_recovery)
        tab.deleteLater()
        if not self.tabs.count():
            self.show_start_page()

    def _may_close(self, tab: DocumentTab) -> bool:
        """Whether nothing would be lost, or the user agrees."""
        if tab.document.is_saved or not self._ask:
            return True
        self.tabs.setCurrentWidget(tab)
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.Question)
        box.setText(_("Save the changes of {title}?").format(title=tab.title))
        save = box.addButton(_("Save"), QMessageBox.ButtonRole.AcceptRole)
        away = box.addButton(_("Don't save"), QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(_("Cancel"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(save)
        box.exec()
        if box.clickedButton() is save:
            return self.save()
        return box.clickedButton() is away

    def _retitle(self, tab: DocumentTab) -> None:
        index = self.tabs.indexOf(tab)
        mark = "" if tab.document.is_saved else " •"
        self.tabs.setTabText(index, tab.title + mark)
        self.tabs.setTabToolTip(index, str(tab.document.path or ""))
        if tab is self.tab:
            self._tell_title()

    def _tell_title(self) -> None:
        tab = self.tab
        if tab is None:
            self.setWindowTitle("Meshloom")
        else:
            self.setWindowTitle(f"{tab.title}{'' if tab.document.is_saved else ' •'} — Meshloom")

    def show_start_page(self) -> None:
        """Recent files and templates."""
        self.start_page.refresh()
        if self.tabs.indexOf(self.start_page) < 0:
            self.tabs.insertTab(0, self.start_page, _("Start"))
        self.tabs.setCurrentWidget(self.start_page)
        self._tab_changed()

    def _hide_start_page(self) -> None:
        index = self.tabs.indexOf(self.start_page)
        if index >= 0:
            self.tabs.removeTab(index)

    # ------------------------------------------------------------------------------------- what is in front

    def _tab_changed(self) -> None:
        tab = self.tab
        self._put_docks_away(self.tabs.currentWidget() is self.start_page)
        self.inspector.set_document(tab.document if tab is not None else None)
        if self._outline is not None:
            self._outline.deleteLater()
            self._outline = None
        if tab is not None:
            self._outline = Outline(tab.view)
            self.docks["outline"].setWidget(self._outline)
            self._selected(tab, tab.view.selection)
        else:
            for viewer in self.viewers:
                viewer.follow(None, "")
        live = self.commands["run.live"]
        live.blockSignals(True)
        live.setChecked(tab is not None and tab.live)
        live.blockSignals(False)
        for name in ("run.all", "run.selected", "run.again", "run.live", "run.sweep", "window.save",
                     "window.save_as", "window.undo", "window.redo", "window.form"):  # fmt: skip
            self.commands[name].setEnabled(tab is not None)
        self._tell_title()

    def _put_docks_away(self, away: bool) -> None:
        """The start page has the window to itself; the docks come back with a document."""
        if away and self._put_away is None:
            self._put_away = [dock for dock in self.docks.values() if not dock.isHidden()]
            for dock in self._put_away:
                dock.hide()
        elif not away and self._put_away is not None:
            for dock in self._put_away:
                if dock in self.docks.values():  # a viewer may have been closed meanwhile
                    dock.show()
            self._put_away = None

    def _selected(self, tab: DocumentTab, names: list[str]) -> None:
        if tab is not self.tab:
            return
        self.inspector.show_nodes(names, tab.view.scope)
        path = "/".join([*tab.view.instances, names[0]]) if names else ""
        if path:
            self.inspector.set_status(tab.status(path))
            for viewer in self.viewers:
                viewer.follow(tab, path)

    def _status_changed(self, tab: DocumentTab, path: str) -> None:
        for viewer in self.viewers:
            viewer.status_changed(tab, path)
        if tab is self.tab and tab.view.selection:
            chosen = "/".join([*tab.view.instances, tab.view.selection[0]])
            if chosen == path:
                self.inspector.set_status(tab.status(path))

    def _look_closer(self, name: str) -> None:
        """A node was double-clicked: its result, large."""
        self.docks["viewer"].show()
        self.docks["viewer"].raise_()

    def _go_to(self, document: str, node: str) -> None:
        for tab in self.document_tabs():
            if tab.key == document:
                self.tabs.setCurrentWidget(tab)
                tab.view.reveal(node)

    # ---------------------------------------------------------------------------------------------- running

    def run(self) -> RunInfo | None:
        """Run everything of the document in front."""
        return self.tab.run() if self.tab is not None else None

    def _in_tab(self, method: Callable[[DocumentTab], object]) -> None:
        if self.tab is not None:
            method(self.tab)

    def _set_live(self, live: bool) -> None:
        if self.tab is not None:
            self.tab.set_live(live)

    def undo(self) -> None:
        if self.tab is not None:
            stack = self.tab.document.undo_stack
            words = stack.undoText()
            stack.undo()
            if words:
                self.tell(_("Undone: {step}").format(step=words))

    def redo(self) -> None:
        if self.tab is not None:
            stack = self.tab.document.undo_stack
            words = stack.redoText()
            stack.redo()
            if words:
                self.tell(_("Done again: {step}").format(step=words))

    def _run_began(self, run: RunInfo) -> None:
        self.progress.show()
        self._tell_progress()

    def _tell_progress(self) -> None:
        run = self.bench.runs.current
        self.commands["run.cancel"].setEnabled(run is not None)
        if run is None:
            return
        self.progress.setRange(0, max(1, run.nodes))
        self.progress.setValue(min(run.done, max(1, run.nodes)))
        self.progress.setFormat(told(run, self.bench.runs, self.bench.history))

    def _run_ended(self, run: RunInfo) -> None:
        if self.bench.runs.current is None and not self.bench.runs.queue:
            self.progress.hide()
        words = {
            "done": _("{title}: done in {time}; {computed} computed, {reused} reused"),
            "failed": _("{title}: {failed} failed after {time}. Press E to go there."),
            "cancelled": _("{title}: stopped after {time}; what was finished is kept"),
            "refused": _("{title}: could not start. The marked nodes say why."),
        }[run.state if run.state in ("done", "failed", "cancelled") else "refused"]
        self.tell(
            words.format(
                title=run.label,
                time=span(run.seconds),
                computed=run.computed,
                reused=run.reused,
                failed=max(1, run.failed),
            )
        )

    def _engine_lost(self, words: str) -> None:
        self.docks["log"].show()
        self.docks["log"].raise_()
        self.tell(words)

    # -------------------------------------------------------------------------------------------- comparing

    def _take_for_compare(self, place: int, value: Any, title: str) -> None:
        self._compared[place] = (value, title)
        one, other = self._compared
        if one is None or other is None:
            words = _("{title} is A. Choose another result and use it as B.")
            if place == 1:
                words = _("{title} is B. Choose another result and use it as A.")
            self.tell(words.format(title=title))
            return
        flat = pixels_of(one[0]) is not None, pixels_of(other[0]) is not None
        if flat[0] != flat[1]:
            self.tell(_("A picture cannot be compared with a model."))
            return
        dock = self.docks["compare"]
        if flat[0]:
            self.compare.show_values(one[0], other[0], (one[1], other[1]))
            page: QWidget = self.compare
        else:
            page = self._compare_models(one, other)
        if dock.widget() is not page:
            dock.setWidget(page)
        dock.show()
        dock.raise_()
        if dock.height() < 300:
            self.resizeDocks([dock], [420], Qt.Orientation.Vertical)

    def _compare_models(self, one: tuple[Any, str], other: tuple[Any, str]) -> QWidget:
        from meshloom.ui.viewport.compare_models import CompareModels

        if not isinstance(self._compare_page, CompareModels):
            self._compare_page = CompareModels()
        self._compare_page.show_values(one[0], other[0], (one[1], other[1]))
        return self._compare_page

    # ------------------------------------------------------------------------------------------- the rest

    def add_viewer(self) -> Viewer:
        """One more viewer, pinned to what is selected."""
        viewer = self._new_viewer()
        key = f"viewer{len(self.viewers)}"
        dock = self._dock(key, _("Viewer"), viewer, _RIGHT)
        self.tabifyDockWidget(self.docks["viewer"], dock)
        dock.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dock.destroyed.connect(partial(self._forget_viewer, viewer, key))
        tab = self.tab
        if tab is not None and tab.view.selection:
            viewer.show_node(tab, "/".join([*tab.view.instances, tab.view.selection[0]]))
            viewer.pin.setChecked(True)
        dock.show()
        dock.raise_()
        return viewer

    def _forget_viewer(self, viewer: Viewer, key: str) -> None:
        if viewer in self.viewers:
            self.viewers.remove(viewer)
            viewer.leave()
        self.docks.pop(key, None)

    def show_docs(self, type_: str = "") -> None:
        """What a node does: the one named, or the selected one."""
        tab = self.tab
        if not type_ and tab is not None and tab.view.selection:
            type_ = tab.document.document.node(tab.view.selection[0], tab.view.scope).type
        spec = self.bench.catalog.get(type_) if type_ else None
        if spec is None:
            self.tell(_("Select a node first."))
            return
        from meshloom.ui.window.node_docs import NodeDocs

        if self._docs is None:
            self._docs = NodeDocs(self.bench.catalog, self)
            self._docs.example_wanted.connect(self._open_template_text)
        self._docs.show_node(spec.id)
        self._docs.show()
        self._docs.raise_()

    def show_shortcuts(self) -> None:
        from meshloom.ui.window.shortcuts import ShortcutSheet

        every = (*COMMANDS, *canvas_commands.COMMANDS)
        sheet = ShortcutSheet(self.bench.keymap, self.bench.settings, every, self)
        sheet.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        sheet.open()

    def show_settings(self) -> None:
        from meshloom.ui.window.settings_dialog import SettingsDialog

        dialog = SettingsDialog(self.bench.settings, self.bench.keymap, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.shortcuts_wanted.connect(self.show_shortcuts)
        dialog.cache_cleared.connect(self._explain_all)
        dialog.open()

    def _explain_all(self) -> None:
        for tab in self.document_tabs():
            tab.explain()

    def _setting_changed(self, name: str) -> None:
        """Some choices are the engine's: it begins again with them when nothing runs."""
        if name in ENGINE_CHOICES:
            self.bench.runs.engine.use(engine_environment(self.bench.settings.choices))
            self.bench.results.use(cache_folder(self.bench.settings.choices))
            if self.bench.runs.current is None:
                self.bench.runs.engine.close_later()
                QTimer.singleShot(50, self, self._explain_all)

    def show_sweep(self) -> None:
        from meshloom.ui.window.sweep_dialog import SweepDialog

        if self.tab is not None:
            dialog = SweepDialog(self.tab, self)
            dialog.started.connect(self._add_sweep)
            dialog.open()

    def _add_sweep(self, view: Any) -> None:
        """The cells of a sweep, in a tab of their own."""
        view.graph_wanted.connect(self.open_graph)
        view.compare_wanted.connect(self._take_for_compare)
        view.told.connect(self.tell)
        self.tabs.setCurrentIndex(self.tabs.addTab(view, view.title))

    def show_form(self) -> None:
        from meshloom.ui.window.form_view import FormView

        if self.tab is not None:
            FormView.toggle(self.tab)

    def show_tour(self) -> None:
        from meshloom.ui.window.first_run import begin_tour

        begin_tour(self)

    def show_about(self) -> None:
        version = importlib.metadata.version("meshloom")
        words = _(
            "Every capability is a node. Graphs run on a runtime that never computes the same thing twice."
        )
        box = QMessageBox(self)
        box.setWindowTitle("Meshloom")
        box.setText(f"<b>Meshloom {version}</b><p>{words}</p>")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    def open_output(self) -> None:
        if self.tab is not None:
            folder = self.tab.output_folder
            if not folder.is_dir():
                self.tell(_("Nothing was written yet. Files will be in {folder}").format(folder=folder))
                return
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def _tell_problems(self, *_said: object) -> None:
        """Say which nodes and packs cannot be used, each once."""
        problems = self.bench.catalog.problems
        for problem in problems[self._problems_told :]:
            self.log_view.add("warning", "", "", str(problem))
            name = Path(problem.where).name
            self.tell(_("{file} {problem}. The log says more.").format(file=name, problem=problem.message))
        self._problems_told = len(problems)

    def tell(self, words: str) -> None:
        """Say something in the status bar for a while."""
        self.note.setText(words)
        self.note.setToolTip(words)
        self._note_ends.start()

    def fail(self, title: str, words: str) -> None:
        """Say that something did not work, in a box that has to be closed."""
        self.log_view.add("error", "", "", f"{title}: {words}")
        self.tell(title)
        if self._ask:
            box = QMessageBox(
                QMessageBox.Icon.Warning, "Meshloom", title, QMessageBox.StandardButton.Ok, self
            )
            box.setInformativeText(words)
            box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            box.open()

    def restore_queue(self) -> None:
        """Put back what still waited to be run when the window ended."""
        count = self.bench.queue_file.restore()
        if count:
            self.docks["queue"].show()
            self.docks["queue"].raise_()
            self.tell(
                _("{count} runs were waiting. Press Go on in the queue to run them.").format(count=count)
            )

    def offer_lost_work(self) -> None:
        """Open again what a window that crashed had not saved."""
        for lost in lost_work():
            self._restore_lost(lost)

    def _restore_lost(self, lost: Lost) -> None:
        try:
            graph = resolve(lost.graph, self.bench.catalog)
            document = OpenDocument(self.bench.catalog, graph, lost.path)
        except MeshloomError as error:
            self.fail(_("Work that was not saved could not be read again"), str(error))
            return
        document.undo_stack.resetClean()  # it is not what its file holds, however much is undone
        tab = self._add(document)
        self._retitle(tab)
        if tab.recovery.keep():  # the next crash may come before the next step
            with contextlib.suppress(OSError):
                lost.file.unlink()
        self.tell(_("Recovered unsaved work of {title}. Save it to keep it.").format(title=tab.title))

    # ---------------------------------------------------------------------------------------------- layouts

    def reset_layout(self) -> None:
        """Docks as on the first day."""
        self._put_docks_away(False)
        self.restoreState(self._usual)
        self._tab_changed()

    def _restore(self) -> None:
        choices = self.bench.settings.choices
        if choices.geometry:
            self.restoreGeometry(QByteArray.fromBase64(choices.geometry.encode()))
        else:
            self.resize(1600, 1000)
        if "last" in choices.layouts:
            self.restoreState(QByteArray.fromBase64(choices.layouts["last"].encode()))

    def _remember_layout(self) -> None:
        settings = self.bench.settings
        settings.set("geometry", bytes(self.saveGeometry().toBase64().data()).decode())
        if self._put_away is None:
            state = bytes(self.saveState().toBase64().data()).decode()
            settings.set("layouts", {**settings.choices.layouts, "last": state})

    # ----------------------------------------------------------------------------------------------- events

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        files = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if files:
            event.acceptProposedAction()
            self.take_files(files)

    def closeEvent(self, event: QCloseEvent) -> None:
        for tab in self.document_tabs():
            if not self._may_close(tab):
                event.ignore()
                return
        self._remember_layout()
        self.bench.queue_file.close()
        for viewer in self.viewers:
            viewer.leave()
        self.viewers.clear()
        leave = getattr(self._compare_page, "leave", None)
        if leave is not None:
            leave()
        for index in range(self.tabs.count()):
            leave = getattr(self.tabs.widget(index), "leave", None)  # documents and sweeps
            if leave is not None:
                leave()
        self.bench.close()
        self.resources._clock.stop()
        event.accept()
        QApplication.processEvents()


def _still_here() -> str:
    return _("Nothing is lost: the graph is still open, and a copy of it is kept for recovery.")
