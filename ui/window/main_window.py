"""The window: documents in tabs, docks around them, menus over them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, QUrl
from PySide6.QtGui import QCloseEvent, QDesktopServices, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QMainWindow,
    QMessageBox,
    QTabWidget,
    QWidget,
)

from meshloom.ui.canvas.outline import Outline
from meshloom.ui.document import OpenDocument
from meshloom.ui.inspector import Inspector
from meshloom.ui.models.asking import asking
from meshloom.ui.running.engine_process import ENGINE_CHOICES, cache_folder, engine_environment
from meshloom.ui.running.runs import RunInfo
from meshloom.ui.window import dialogs
from meshloom.ui.window.comparing import Comparing
from meshloom.ui.window.document_tab import DocumentTab
from meshloom.ui.window.files import Files
from meshloom.ui.window.history_view import HistoryView
from meshloom.ui.window.layouts import BOTTOM, LEFT, RIGHT, Layouts
from meshloom.ui.window.log_view import LogView
from meshloom.ui.window.menus import Menus
from meshloom.ui.window.queue_view import QueueView
from meshloom.ui.window.start_page import StartPage
from meshloom.ui.window.status_line import StatusLine
from meshloom.ui.window.viewer_docks import ViewerDocks
from meshloom.ui.window.window_commands import COMMANDS
from meshloom.ui.window.workbench import Workbench
from meshloom.ui.words import _


class MainWindow(QMainWindow):
    """All of Meshloom's desktop app. ``ask`` False: questions are answered "don't save" (for scripts and tests)."""

    def __init__(self, bench: Workbench, ask: bool = True) -> None:
        super().__init__()
        self.bench = bench
        self.asks = ask
        self._problems_told = 0
        self.setWindowTitle("Meshloom")
        self.setDockOptions(
            QMainWindow.DockOption.AllowTabbedDocks
            | QMainWindow.DockOption.AllowNestedDocks
            | QMainWindow.DockOption.AnimatedDocks
        )
        self.setCorner(Qt.Corner.BottomRightCorner, RIGHT)
        self.setAcceptDrops(True)
        self.tabs = QTabWidget(self)
        self.tabs.setDocumentMode(True)
        self.tabs.setTabsClosable(True)
        self.tabs.setMovable(True)
        self.setCentralWidget(self.tabs)
        self.start_page = StartPage(bench.catalog, bench.settings)
        self.viewer_docks = ViewerDocks(self)
        self.viewers, self.add_viewer = self.viewer_docks.viewers, self.viewer_docks.add
        self.layouts = Layouts(self)
        self.docks = self.layouts.docks
        self._outline: Outline | None = None
        #: The window of models, once it was wanted.
        self.models: Any = None
        #: What nodes do, once it was wanted.
        self.docs_page: Any = None
        self.files = Files(self)
        self.comparing = Comparing(self)
        self.new, self.open_path = self.files.new, self.files.open_path
        self.open_template, self.open_graph = self.files.open_template, self.files.open_graph
        self._make_docks()
        self.commands = bench.keymap.bind(self, COMMANDS, self._handlers())
        self.menus = Menus(self)
        self.status_line = StatusLine(self)
        self.progress, self.note = self.status_line.progress, self.status_line.note
        self.tell = self.status_line.tell
        self._connect()
        self.layouts.restore()
        self.show_start_page()
        self._tell_problems()

    # --------------------------------------------------------------------------------------------- building

    def _make_docks(self) -> None:
        bench = self.bench
        self.inspector = Inspector()
        self.queue_view = QueueView(bench.runs, bench.history)
        self.log_view = LogView()
        self.history_view = HistoryView(bench.history)
        viewer = self.layouts.add("viewer", _("Viewer"), self.viewer_docks.new(), RIGHT)
        inspector = self.layouts.add("inspector", _("Inspector"), self.inspector, RIGHT)
        self.splitDockWidget(viewer, inspector, Qt.Orientation.Vertical)
        self.layouts.add("outline", _("Outline"), QWidget(), LEFT).hide()
        queue = self.layouts.add("queue", _("Queue"), self.queue_view, BOTTOM)
        log = self.layouts.add("log", _("Log"), self.log_view, BOTTOM)
        history = self.layouts.add("history", _("History"), self.history_view, BOTTOM)
        self.tabifyDockWidget(queue, log)
        self.tabifyDockWidget(log, history)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        for dock in (queue, log, history):
            dock.hide()
        self.layouts.add("compare", _("Compare"), self.comparing.pictures, BOTTOM).hide()
        self.resizeDocks([viewer, inspector], [480, 420], Qt.Orientation.Vertical)
        self.resizeDocks([viewer], [460], Qt.Orientation.Horizontal)

    def _connect(self) -> None:
        runs = self.bench.runs
        self.tabs.currentChanged.connect(self._tab_changed)
        self.tabs.tabCloseRequested.connect(self._close_at)
        self.tabs.tabBarClicked.connect(lambda _index: QTimer.singleShot(0, self, self._to_canvas))
        self.start_page.new_wanted.connect(self.new)
        self.start_page.open_wanted.connect(self.files.ask_open)
        self.start_page.guide_wanted.connect(partial(dialogs.show_tour, self))
        self.start_page.file_chosen.connect(self._open_text)
        self.start_page.template_chosen.connect(self.open_template_text)
        self.inspector.docs_wanted.connect(partial(dialogs.show_docs, self))
        self.bench.settings.changed.connect(self._setting_changed)
        runs.logged.connect(self.log_view.add)
        runs.engine_lost.connect(self._engine_lost)
        self.log_view.node_wanted.connect(self._go_to)
        self.history_view.graph_wanted.connect(self.files.open_entry)
        self.history_view.told.connect(self.tell)
        asking().wanted.connect(self.show_models)

    def _handlers(self) -> dict[str, Callable[..., object]]:
        runs = self.bench.runs
        return {
            "window.new": self.new,
            "window.open": self.files.ask_open,
            "window.save": self.files.save,
            "window.save_as": self.files.save_as,
            "window.close_tab": self.close_tab,
            "window.start": self.show_start_page,
            "window.quit": self.close,
            "window.undo": self.undo,
            "window.redo": self.redo,
            "window.settings": partial(dialogs.show_settings, self),
            "window.docs": partial(dialogs.show_docs, self),
            "window.shortcuts": partial(dialogs.show_shortcuts, self),
            "window.tour": partial(dialogs.show_tour, self),
            "window.about": partial(dialogs.show_about, self),
            "window.output": self.open_output,
            "window.models": self.show_models,
            "window.new_viewer": self.add_viewer,
            "window.form": partial(dialogs.show_form, self),
            "window.reset_layout": self.reset_layout,
            "run.all": self.run,
            "run.selected": partial(self._in_tab, DocumentTab.run_selected),
            "run.again": partial(self._in_tab, DocumentTab.run_again),
            "run.cancel": runs.cancel,
            "run.cancel_all": runs.cancel_all,
            "run.live": self._set_live,
            "run.sweep": partial(dialogs.show_sweep, self),
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

    def add_tab(self, document: OpenDocument) -> DocumentTab:
        tab = DocumentTab(self.bench, document, self)
        tab.renamed.connect(partial(self.retitle, tab))
        tab.status_changed.connect(partial(self._status_changed, tab))
        tab.document.changed.connect(partial(self.viewer_docks.document_changed, tab))
        tab.view.selection_changed.connect(partial(self._selected, tab))
        tab.view.activated.connect(self._look_closer)
        tab.view.palette_wanted.connect(self._tell_problems)  # after the tab, which reads all nodes for it
        tab.files_dropped.connect(self.files.take_files)
        tab.compare_wanted.connect(self.comparing.take)
        index = self.tabs.addTab(tab, tab.title)
        self.tabs.setCurrentIndex(index)
        self._hide_start_page()
        self._tell_problems()
        tab.view.setFocus()
        QTimer.singleShot(0, tab.view, tab.view.fit_once)  # when the docks have their sizes
        return tab

    def _open_text(self, path: str) -> None:
        self.files.open_path(Path(path))

    def open_template_text(self, path: str) -> None:
        """A new document like the template at a path."""
        self.files.open_template(Path(path))

    def close_tab(self) -> None:
        self._close_at(self.tabs.currentIndex())

    def _close_at(self, index: int) -> None:
        widget = self.tabs.widget(index)
        if widget is self.start_page:
            if self.document_tabs():
                self._hide_start_page()
            return
        if isinstance(widget, DocumentTab):
            if self.files.may_close(widget):
                self._drop(widget)
        elif widget is not None:  # a sweep
            self.tabs.removeTab(index)
            widget.leave()  # type: ignore[attr-defined]
            widget.deleteLater()

    def _drop(self, tab: DocumentTab, keep_recovery: bool = False) -> None:
        self.viewer_docks.tab_closed(tab)
        self.tabs.removeTab(self.tabs.indexOf(tab))
        tab.leave(keep_recovery)
        tab.deleteLater()
        if not self.tabs.count():
            self.show_start_page()

    def retitle(self, tab: DocumentTab) -> None:
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
        self.layouts.put_away(self.tabs.currentWidget() is self.start_page)
        self.inspector.set_document(tab.document if tab is not None else None)
        if self._outline is not None:
            self._outline.deleteLater()
            self._outline = None
        if tab is not None:
            self._outline = Outline(tab.view)
            self.docks["outline"].setWidget(self._outline)
            self._selected(tab, tab.view.selection)
            if not self.tabs.tabBar().hasFocus():  # else the arrow keys go through the tabs
                self._to_canvas()
        if tab is None or not tab.view.selection:
            self.viewer_docks.follow(None, "")
        live = self.commands["run.live"]
        live.blockSignals(True)
        live.setChecked(tab is not None and tab.live)
        live.blockSignals(False)
        for name in ("run.all", "run.selected", "run.again", "run.live", "run.sweep", "window.save",
                     "window.save_as", "window.undo", "window.redo", "window.form"):  # fmt: skip
            self.commands[name].setEnabled(tab is not None)
        self._tell_title()

    def _to_canvas(self) -> None:
        """The keys are for the graph in front."""
        if self.tab is not None and self.tab.view.isVisible():
            self.tab.view.setFocus()

    def _selected(self, tab: DocumentTab, names: list[str]) -> None:
        if tab is not self.tab:
            return
        self.inspector.show_nodes(names, tab.view.scope)
        path = "/".join([*tab.view.instances, names[0]]) if names else ""
        if path:
            self.inspector.set_status(tab.status(path))
            self.viewer_docks.follow(tab, path)

    def _status_changed(self, tab: DocumentTab, path: str) -> None:
        self.viewer_docks.status_changed(tab, path)
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

    def _engine_lost(self, words: str) -> None:
        self.docks["log"].show()
        self.docks["log"].raise_()
        self.tell(words)

    # ------------------------------------------------------------------------------------------- the rest

    def show_models(self, source: str = "") -> None:
        """The models on this machine, this one in front."""
        if self.isVisible():  # fields ask every window there is, and one that is closed may not be gone yet
            dialogs.show_models(self, source)

    def reset_layout(self) -> None:
        """Docks as on the first day."""
        self.layouts.reset()
        self._tab_changed()

    def explain_all(self) -> None:
        for tab in self.document_tabs():
            tab.explain()

    def _setting_changed(self, name: str) -> None:
        """Some choices are the engine's: it begins again with them when nothing runs."""
        if name in ENGINE_CHOICES:
            self.bench.runs.engine.use(engine_environment(self.bench.settings.choices))
            self.bench.results.use(cache_folder(self.bench.settings.choices))
            if self.bench.runs.current is None:
                self.bench.runs.engine.close_later()
                QTimer.singleShot(50, self, self.explain_all)

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

    def fail(self, title: str, words: str) -> None:
        """Say that something did not work, in a box that has to be closed."""
        self.log_view.add("error", "", "", f"{title}: {words}")
        self.tell(title)
        if self.asks:
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
        self.files.offer_lost_work()

    # ----------------------------------------------------------------------------------------------- events

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        files = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if files:
            event.acceptProposedAction()
            # Afterwards: what goes wrong inside the event of a drop would take the window with it.
            QTimer.singleShot(0, self, partial(self.files.take_files, files))

    def closeEvent(self, event: QCloseEvent) -> None:
        for tab in self.document_tabs():
            if not self.files.may_close(tab):
                event.ignore()
                return
        self.layouts.remember()
        for dock in self.findChildren(QDockWidget):
            if dock.isFloating():  # a window of its own, which would stay
                dock.hide()
        self.bench.queue_file.close()
        self.viewer_docks.leave()
        self.comparing.leave()
        if self.models is not None:
            self.models.desk.close()
            self.models.close()
        for index in range(self.tabs.count()):
            leave = getattr(self.tabs.widget(index), "leave", None)  # documents and sweeps
            if leave is not None:
                leave()
        self.bench.close()
        self.status_line.resources._clock.stop()
        event.accept()
        QApplication.processEvents()
