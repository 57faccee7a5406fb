"""One open document: its canvas, its palette, its runs, its recovery file."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QPoint, QPointF, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from meshloom.graph_runtime.edits import Add, Batch, Edit, NewLink
from meshloom.graph_runtime.errors import MeshloomError
from meshloom.graph_runtime.graph import NodeData
from meshloom.ui.canvas import commands
from meshloom.ui.canvas.clipboard import pasted
from meshloom.ui.canvas.shape import Socket, plain_shape
from meshloom.ui.canvas.view import CanvasView
from meshloom.ui.document import OpenDocument
from meshloom.ui.library import PREFIX, Library
from meshloom.ui.palette import Palette
from meshloom.ui.recovery import Recovery
from meshloom.ui.running.runs import RunInfo
from meshloom.ui.running.status import NodeStatus
from meshloom.ui.window.workbench import Workbench
from meshloom.ui.words import _

#: Changes that cannot change what a run gives.
_IDLE = {"moved", "title", "extra"}
#: A live run begins when the graph has been left alone for this long (milliseconds).
_LIVE = 400


class DocumentTab(QWidget):
    """A tab of the window."""

    #: The name to show for it, or whether it is saved, is another.
    renamed = Signal()
    #: A node stands differently: its path.
    status_changed = Signal(str)
    #: Files dropped on the canvas that are to be opened.
    files_dropped = Signal(list)
    #: The form is shown instead of the canvas, or the canvas again.
    form_shown = Signal(bool)
    #: From the form: a value is to be A (0) or B (1) of a comparison: place, value, title.
    compare_wanted = Signal(int, object, str)

    def __init__(self, bench: Workbench, document: OpenDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bench = bench
        self.document = document
        self.key = uuid.uuid4().hex
        self.recovery = Recovery(document)
        self.live = bench.settings.choices.live
        self.view = CanvasView(document, self)
        self.canvas_actions = bench.keymap.bind(self.view, commands.COMMANDS, commands.handlers(self.view))
        #: The :class:`FormView` over this document, once it was asked for.
        self.form: QWidget | None = None
        self._palette: Palette | None = None
        self._place = QPointF()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.view)
        self.setFocusProxy(self.view)
        self.setAcceptDrops(True)
        self._live_wait = QTimer(self)
        self._live_wait.setSingleShot(True)
        self._live_wait.setInterval(_LIVE)
        self._live_wait.timeout.connect(self._run_live)
        document.changed.connect(self._changed)
        document.named.connect(self.renamed)
        bench.runs.status_changed.connect(self._status)
        self.view.palette_wanted.connect(self.open_palette)
        self.view.menu_made.connect(self._add_runs)
        self.explain()

    @property
    def title(self) -> str:
        return self.document.title or _("Untitled")

    @property
    def workflow(self) -> str:
        """What runs of this document are known by: its file, or something of its own."""
        return str(self.document.path) if self.document.path is not None else self.key

    @property
    def output_folder(self) -> Path:
        """Where files that nodes make are written."""
        if self.document.path is not None:
            return self.document.folder / "output"
        return Path.home() / "Meshloom" / "output"

    def status(self, path: str) -> NodeStatus:
        """How a node stands."""
        return self.bench.runs.statuses(self.key).get(path, NodeStatus())

    # ------------------------------------------------------------------------------------------- running

    def run(self, targets: Sequence[str] | None = None, force: Sequence[str] = ()) -> RunInfo | None:
        """Put a run in the queue: of everything, or of what these nodes need. ``None`` for an empty graph."""
        graph = self.document.snapshot()
        if not graph.nodes:
            self.view.notice(_("There is nothing to run yet. Press Tab to add a node."))
            return None
        return self.bench.runs.submit(
            self.key,
            graph,
            self.document.folder,
            self.workflow,
            self.title,
            tuple(targets) if targets is not None else None,
            (*force, *self._to_make_again()),
            self.output_folder,
        )

    def _to_make_again(self) -> list[str]:
        """Nodes whose results were looked for in vain: the engine does not know that they are gone."""
        lost, found = self.bench.results.lost, []
        for path, status in self.bench.runs.statuses(self.key).items() if lost else ():
            refs = [digest for ref in status.outputs for digest in ([ref] if isinstance(ref, str) else ref)]
            if not lost.isdisjoint(refs):
                found.append(path)
                lost.difference_update(refs)
        return found

    def run_selected(self) -> RunInfo | None:
        """Run what the selected nodes need, and them."""
        if not self.view.selection:
            self.view.notice(_("Select the nodes to run first."))
            return None
        return self.run(["/".join([*self.view.instances, name]) for name in self._tops()])

    def _add_runs(self, menu: QMenu, node: str) -> None:
        """What can be run, first in the canvas's menu."""
        first = menu.actions()[0] if menu.actions() else None
        if node:
            made = [
                menu.addAction(_("Run to here"), self.run_selected),
                menu.addAction(_("Compute anew"), self.run_again),
            ]
            if self.status(node).state == "failed":
                made.append(menu.addAction(_("Copy the error's details"), partial(self._copy_details, node)))
        else:
            made = [menu.addAction(_("Run"), self.run)]
        made.append(menu.addSeparator())
        for action in made:
            menu.insertAction(first, action)

    def _copy_details(self, node: str) -> None:
        status = self.status("/".join([*self.view.instances, node]))
        words = "\n".join(part for part in (status.message, status.hint, status.details) if part)
        QGuiApplication.clipboard().setText(words)

    def _tops(self) -> list[str]:
        return self.view.instances[:1] if self.view.instances else list(self.view.selection)

    def run_again(self) -> RunInfo | None:
        """Compute the selected nodes anew, whatever the cache holds."""
        names = self._tops()
        return self.run(names, force=names) if names else None

    def set_live(self, live: bool) -> None:
        """Run by itself after each change, or not."""
        self.live = live
        if live:
            self._live_wait.start()

    def _run_live(self) -> None:
        runs = self.bench.runs
        for waiting in [run for run in runs.queue if run.document == self.key]:
            runs.cancel(waiting)
        if runs.current is not None and runs.current.document == self.key:
            runs.cancel(runs.current)
        if self.document.document.names():
            self.run()

    def _changed(self, changes: object) -> None:
        if all(what in _IDLE for what, _scope, _node in changes):  # type: ignore[attr-defined]
            return
        self.explain()
        if self.live:
            self._live_wait.start()

    def explain(self) -> None:
        """Find out what would run."""
        if self.document.document.names():
            self.bench.runs.explain(self.key, self.document.snapshot(), self.document.folder, self.workflow)

    def _status(self, document: str, path: str, status: NodeStatus) -> None:
        if document == self.key:
            self.view.set_status(path, status)
            self.status_changed.emit(path)

    # ------------------------------------------------------------------------------------------- palette

    def open_palette(self, at: QPoint, type_name: str = "", direction: str = "") -> None:
        """Offer the nodes at a point of the screen; the one chosen comes to stand there."""
        if self._palette is None:
            self._palette = Palette(self.bench.catalog, self.bench.remembered, self)
            self._palette.chosen.connect(self._add)
        self._place = self.view.mapToScene(self.view.viewport().mapFromGlobal(at))
        self._palette.open_at(at, type_name, direction)

    def _add(self, type_: str, socket: str) -> None:
        pending, self.view.pending = self.view.pending, None
        if type_.startswith(PREFIX):
            self._add_kept(type_)
            return
        self.add_node(type_, self._place, pending if socket else None, socket)

    def add_node(
        self, type_: str, at: QPointF, pending: tuple[str, Socket] | None = None, socket: str = ""
    ) -> str | None:
        """Add a node with its corner at ``at`` (scene), linked to ``pending``; its name, or ``None`` if refused."""
        scope = self.view.scope
        name = self.document.free_name(type_.rpartition(".")[2], scope)
        x, y = round(at.x()), round(at.y())
        spec = self.bench.catalog.get(type_)
        if pending is not None and not pending[1].outgoing and spec is not None:
            x -= round(plain_shape(spec).width)
        edits: list[Edit] = [Add(name, NodeData(type_), (x, y), scope)]
        if pending is not None:
            other, held = pending
            if held.outgoing:
                edits.append(NewLink(other, held.name, name, socket, scope))
            else:
                edits.append(NewLink(name, socket, other, held.name, scope))
        label = _("Add {node}").format(node=_(spec.title) if spec is not None else type_)
        if not self.document.do(Batch(tuple(edits), label)):
            return None
        self.view.select([name])
        self.view.setFocus()
        return name

    def _add_kept(self, name: str) -> None:
        """Add a group that was kept."""
        try:
            graph = Library().group(name)
            edit, names = pasted(self.document, self.view.scope, graph, (self._place.x(), self._place.y()))
        except (MeshloomError, OSError) as error:
            self.view.notice(_("This group cannot be read any more: {error}").format(error=error))
            return
        if self.document.do(edit):
            self.view.select(names)
            self.view.setFocus()

    # --------------------------------------------------------------------------------------------- dropping

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        files = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if files:
            event.acceptProposedAction()
            self.files_dropped.emit(files)

    # ---------------------------------------------------------------------------------------------- ending

    def leave(self, keep_recovery: bool = False) -> None:
        """The tab is closed for good."""
        if self.form is not None:
            self.form.leave()  # type: ignore[attr-defined]
        self._live_wait.stop()
        self.bench.runs.status_changed.disconnect(self._status)
        current = self.bench.runs.current
        if current is not None and current.document == self.key:
            self.bench.runs.cancel(current)
        self.bench.runs.forget(self.key)
        self.recovery.close(keep_recovery)

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._palette is not None:
            self._palette.hide()
        super().closeEvent(event)
