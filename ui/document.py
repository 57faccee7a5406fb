"""A document that is open in the window: its edits are steps on one undo stack, its file is on disk.

The graph itself knows nothing of Qt. Everything that shows it listens to :attr:`OpenDocument.changed`; everything
that changes it calls :meth:`OpenDocument.do`.
"""

from __future__ import annotations

import itertools
import weakref
from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack
from shiboken6 import isValid

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.document import ROOT, Document
from meshloom.graph_runtime.edits import Batch, Edit, in_turn
from meshloom.graph_runtime.errors import EditError
from meshloom.graph_runtime.graph import GraphData
from meshloom.graph_runtime.preset import parse, read_workflow, resolve, save_workflow, to_edits
from meshloom.graph_runtime.provenance_text import provenance_text

#: (what, scope, node) as :meth:`meshloom.graph_runtime.document.Document.listen` tells.
Change = tuple[str, str, str]

#: The undo stack of each document, and its steps. A document does not hold them itself: Python's collector would
#: then take them in any order, and a stack deletes its steps, and tells of its end to whoever is gone by then.
_STACKS: dict[int, tuple[QUndoStack, list[_Step]]] = {}
_KEYS = itertools.count()


def _release(key: int) -> None:
    stack, steps = _STACKS.pop(key)
    stack.blockSignals(True)
    stack.clear()
    steps.clear()


class OpenDocument(QObject):
    """A document, its undo stack and its file."""

    #: After each step, done or undone: the tuple of its :data:`Change` s.
    changed = Signal(object)
    #: An edit was refused: the :class:`EditError`, for showing at the place where the user tried.
    refused = Signal(object)
    #: The file's name changed, or whether there is something to save.
    named = Signal()

    def __init__(self, specs: Catalog, graph: GraphData | None = None, path: Path | None = None) -> None:
        """Opens ``graph`` (empty when ``None``), which counts as saved. Raises :class:`EditError` for a graph
        that no document can hold (a cycle)."""
        super().__init__()
        self.specs = specs
        self.path = path
        #: What it may be called until it has a file.
        self.suggested = ""
        #: Where relative paths begin while it has no file; ``None``: at the user's folder.
        self._lies_in: Path | None = None
        self.document = Document(specs)
        if graph is not None:
            to_edits(graph).apply(self.document)
        self._heard: list[Change] = []
        heard = self._heard
        self.document.listen(lambda what, scope, node: heard.append((what, scope, node)))
        self._key = next(_KEYS)
        _STACKS[self._key] = (QUndoStack(), [])
        weakref.finalize(self, _release, self._key)
        self.undo_stack.setUndoLimit(2000)
        self.undo_stack.cleanChanged.connect(self.named)

    @property
    def undo_stack(self) -> QUndoStack:
        return _STACKS[self._key][0]

    # ------------------------------------------------------------------------------------- changing

    def do(self, edit: Edit, label: str = "", merge: str = "") -> bool:
        """Apply an edit as one named step; ``False`` if it was refused (and :attr:`refused` told why).

        Steps that follow each other with the same non-empty ``merge`` become one (a slider that is dragged).
        """
        if isinstance(edit, Batch) and not edit.edits:
            return True
        try:
            inverse = edit.apply(self.document)
        except EditError as error:
            self._heard.clear()
            self.refused.emit(error)
            return False
        step = _Step(self, edit, inverse, label or edit.label, merge)
        stack, steps = _STACKS[self._key]
        steps.append(step)
        stack.push(step)
        if len(steps) > stack.count() + 16:
            steps[:] = [each for each in steps if isValid(each)]
        self._tell()
        return True

    def _apply(self, edit: Edit) -> Edit:
        inverse = edit.apply(self.document)
        self._tell()
        return inverse

    def _tell(self) -> None:
        heard = tuple(self._heard)
        self._heard.clear()
        if heard:
            self.changed.emit(heard)

    # -------------------------------------------------------------------------------------- reading

    def snapshot(self) -> GraphData:
        """The graph as plain data: what is run and saved."""
        return self.document.snapshot()

    def free_name(self, wish: str, scope: str = ROOT) -> str:
        """``wish``, or ``wish_2``, ... if a node of the scope has that name."""
        taken = set(self.document.names(scope))
        name, count = wish, 1
        while name in taken:
            count += 1
            name = f"{wish}_{count}"
        return name

    # -------------------------------------------------------------------------------------- the file

    @property
    def is_saved(self) -> bool:
        return self.undo_stack.isClean()

    @property
    def folder(self) -> Path:
        """What relative paths of the graph are relative to."""
        return self.path.parent if self.path is not None else self._lies_in or Path.home()

    @property
    def title(self) -> str:
        return self.path.stem if self.path is not None else self.suggested

    def save(self, path: Path | None = None) -> None:
        """Write to ``path`` (from then on the document's own) or to where it came from, all or nothing.

        Raises ``ValueError`` when there is no path, :class:`MeshloomError` when it cannot be
        written; then nothing changed.
        """
        target = path or self.path
        if target is None:
            raise ValueError("no file to save to")
        graph = self.snapshot()
        before = self.path.parent if self.path is not None else self._lies_in
        if before is not None and target.parent != before:  # its files stay where they are
            graph = parse(provenance_text(graph, self.specs, before).encode())
        save_workflow(graph, target)
        self.path = target
        self.undo_stack.setClean()
        self.named.emit()

    def lose_file(self) -> None:
        """Its file holds something else now: it is unsaved, and has to be given a name."""
        if self.path is not None:
            self.suggested, self._lies_in, self.path = self.path.stem, self.path.parent, None
            self.undo_stack.resetClean()
            self.named.emit()


def open_file(path: Path, specs: Catalog) -> OpenDocument:
    """The document in a workflow file, or carried by a result. Raises :class:`RequestError` or ``OSError``."""
    path = path.absolute()
    graph = resolve(read_workflow(path), specs)
    if path.suffix == ".json":
        return OpenDocument(specs, graph, path)
    made = OpenDocument(specs, graph)
    made.suggested = path.stem
    return made


def open_template(path: Path, specs: Catalog) -> OpenDocument:
    """A new document like the one in ``path``, which itself is not touched by saving. Raises as above."""
    path = path.absolute()
    graph = resolve(read_workflow(path), specs)
    made = OpenDocument(specs, parse(provenance_text(graph, specs, path.parent).encode(), path.name))
    made.suggested = path.stem
    return made


class _Step(QUndoCommand):
    """One applied edit and its inverse. The stack calls ``redo`` once when it is pushed: that is not a change."""

    _ids: ClassVar[dict[str, int]] = {}

    def __init__(self, owner: OpenDocument, edit: Edit, inverse: Edit, label: str, merge: str) -> None:
        super().__init__(label)
        self._owner = weakref.ref(owner)
        self._edit: Edit = edit
        self._inverse: Edit = inverse
        self._merge = merge
        self._fresh = True

    def _apply(self, edit: Edit) -> Edit:
        owner = self._owner()
        assert owner is not None, "the stack outlived its document"
        return owner._apply(edit)

    def redo(self) -> None:
        if self._fresh:
            self._fresh = False
        else:
            self._inverse = self._apply(self._edit)

    def undo(self) -> None:
        self._edit = self._apply(self._inverse)

    def id(self) -> int:
        return self._ids.setdefault(self._merge, len(self._ids)) if self._merge else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, _Step) or other._merge != self._merge:
            return False
        self._edit = in_turn(self._edit, other._edit, self._edit.label)
        self._inverse = in_turn(other._inverse, self._inverse, self._edit.label)
        return True
