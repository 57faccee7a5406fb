"""Documents from files and into files: opening, dropping, saving, asking before anything is lost."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QPointF, Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox

from meshloom.graph_runtime.edits import Set
from meshloom.graph_runtime.errors import MeshloomError
from meshloom.graph_runtime.graph import GraphData
from meshloom.graph_runtime.preset import resolve
from meshloom.ui.canvas.shape import plain_shape
from meshloom.ui.document import OpenDocument, open_file, open_template
from meshloom.ui.recovery import Lost, back_up, lost_work
from meshloom.ui.running.history import Entry
from meshloom.ui.window.document_tab import DocumentTab
from meshloom.ui.window.loaders import holds_cameras, loader_for, loader_of_all
from meshloom.ui.window.start_page import picture_of
from meshloom.ui.words import _

if TYPE_CHECKING:
    from meshloom.ui.window.main_window import MainWindow

#: Files that may hold a workflow: what the open dialog shows.
_FILES = "*.json *.png *.jpg *.jpeg *.webp *.glb *.ply *.svg *.mp4"


class Files(QObject):
    """Of one window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    def new(self) -> DocumentTab:
        """An empty graph in a new tab."""
        return self._window.add_tab(OpenDocument(self._window.bench.catalog))

    def open_path(self, path: Path) -> DocumentTab | None:
        """Open a workflow, or the graph that a result carries; says why when it cannot."""
        path = path.absolute()
        for tab in self._window.document_tabs():
            if tab.document.path == path:
                self._window.tabs.setCurrentWidget(tab)
                return tab
        document = self._read(open_file, path)
        if document is None:
            return None
        if document.path is not None:
            self._window.bench.settings.remember(path)
        return self._window.add_tab(document)

    def open_template(self, path: Path) -> DocumentTab | None:
        """A new document like a template."""
        document = self._read(open_template, path)
        return self._window.add_tab(document) if document is not None else None

    def open_graph(self, graph: GraphData) -> DocumentTab:
        """A new, unsaved document with this graph."""
        return self._window.add_tab(OpenDocument(self._window.bench.catalog, graph))

    def open_entry(self, entry: Entry) -> DocumentTab | None:
        """The graph of an earlier run."""
        try:
            return self.open_graph(entry.graph())
        except MeshloomError as error:
            self._window.fail(_("This graph cannot be opened"), str(error))
            return None

    def _read(self, how: Callable[[Path, Any], OpenDocument], path: Path) -> OpenDocument | None:
        try:
            return how(path, self._window.bench.catalog)
        except MeshloomError as error:
            self._window.fail(_("{file} cannot be opened").format(file=path.name), str(error))
        except OSError as error:
            self._window.fail(
                _("{file} cannot be opened").format(file=path.name), error.strerror or str(error)
            )
        return None

    def ask_open(self) -> None:
        """Ask for files and open them."""
        folder = str(self._window.tab.document.folder) if self._window.tab is not None else str(Path.home())
        kinds = _("Workflows and results") + f" ({_FILES});;" + _("All files") + " (*)"
        files, _kind = QFileDialog.getOpenFileNames(self._window, _("Open"), folder, kinds)
        self.take_files(files)

    def take_files(self, files: list[str]) -> None:
        """Files dropped or chosen: workflows and results that carry one are opened; others become nodes."""
        catalog, others = self._window.bench.catalog, []
        for path in map(Path, files):
            if path.suffix.lower() == ".json" and not (holds_cameras(path) and loader_for(path, catalog)):
                self.open_path(path)
                continue
            try:
                document = open_file(path, catalog)
            except (MeshloomError, OSError):
                others.append(path)
                continue
            self._window.add_tab(document)
        if others:
            self._add_loaders(others)

    def _add_loaders(self, paths: list[Path]) -> None:
        """Nodes set to dropped files and folders; several of a kind come into one node where one takes them."""
        catalog = self._window.bench.catalog
        by_loader: dict[tuple[str, str], list[Path]] = {}
        unread = []
        for path in paths:
            found = loader_for(path, catalog)
            if found is None:
                unread.append(path.name)
            else:
                by_loader.setdefault(found, []).append(path)
        tab = self._window.tab or self.new()
        for found, held in by_loader.items():
            many = loader_of_all(held, catalog) if len(held) > 1 else None
            if many is not None:
                self._add_loader(tab, *many, tuple(map(str, held)))
                continue
            for path in held:
                self._add_loader(tab, *found, str(path))
        if unread:
            names = ", ".join(unread[:3]) + (" …" if len(unread) > 3 else "")
            self._window.tell(_("{file} holds no graph, and no node reads such files.").format(file=names))

    def _add_loader(self, tab: DocumentTab, type_: str, param: str, value: str | tuple[str, ...]) -> None:
        view, spec = tab.view, self._window.bench.catalog.get(type_)
        assert spec is not None
        shape = plain_shape(spec)
        middle = view.mapToScene(view.viewport().rect().center())
        at = QPointF(middle.x() - shape.width / 2, middle.y() - shape.height / 2)
        name = tab.add_node(type_, view.model.free_place(at, shape.width, shape.height))
        if name is not None:
            tab.document.do(Set(name, param, value, view.scope), _("Set {field}").format(field=param))

    def save(self) -> bool:
        """Save the document in front; ``False`` if it was not."""
        tab = self._window.tab
        if tab is None:
            return False
        return self.write(tab, tab.document.path) if tab.document.path is not None else self.save_as()

    def save_as(self) -> bool:
        tab = self._window.tab
        if tab is None:
            return False
        suggested = tab.document.folder / f"{tab.title}.json"
        file, _kind = QFileDialog.getSaveFileName(
            self._window, _("Save as"), str(suggested), _("Workflows") + " (*.json)"
        )
        if not file:
            return False
        path = Path(file)
        return self.write(tab, path if path.suffix else path.with_suffix(".json"))

    def write(self, tab: DocumentTab, path: Path) -> bool:
        back_up(path)
        try:
            tab.document.save(path)
        except MeshloomError as error:
            self._window.fail(
                _("{file} was not saved").format(file=path.name), f"{error}\n\n" + _still_here()
            )
            return False
        except OSError as error:
            words = error.strerror or str(error)
            self._window.fail(
                _("{file} was not saved").format(file=path.name), f"{words}\n\n" + _still_here()
            )
            return False
        for other in self._window.document_tabs():
            if other is not tab and other.document.path == path:
                other.document.lose_file()
        self._window.bench.settings.remember(path)
        with contextlib.suppress(OSError):
            picture = picture_of(path)
            picture.parent.mkdir(parents=True, exist_ok=True)
            tab.view.grab().scaledToWidth(472, Qt.TransformationMode.SmoothTransformation).save(str(picture))
        self._window.tell(_("Saved {file}").format(file=path))
        return True

    def may_close(self, tab: DocumentTab) -> bool:
        """Whether nothing would be lost, or the user agrees."""
        if tab.document.is_saved or not self._window.asks:
            return True
        self._window.tabs.setCurrentWidget(tab)
        box = QMessageBox(self._window)
        box.setWindowTitle("Meshloom")
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

    def offer_lost_work(self) -> None:
        """Open again what a window that crashed had not saved."""
        for lost in lost_work():
            self._restore_lost(lost)

    def _restore_lost(self, lost: Lost) -> None:
        try:
            graph = resolve(lost.graph, self._window.bench.catalog)
            document = OpenDocument(self._window.bench.catalog, graph, lost.path)
        except MeshloomError as error:
            self._window.fail(_("Work that was not saved could not be read again"), str(error))
            return
        document.undo_stack.resetClean()  # it is not what its file holds, however much is undone
        tab = self._window.add_tab(document)
        self._window.retitle(tab)
        if tab.recovery.keep():  # the next crash may come before the next step
            with contextlib.suppress(OSError):
                lost.file.unlink()
        self._window.tell(_("Recovered unsaved work of {title}. Save it to keep it.").format(title=tab.title))


def _still_here() -> str:
    return _("Nothing is lost: the graph is still open, and a copy of it is kept for recovery.")
