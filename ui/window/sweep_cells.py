"""The cells of a sweep: a run each, and what came of it."""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QSignalBlocker, QTimer, Signal
from PySide6.QtGui import QImage

from meshloom.graph_runtime.graph import GraphData
from meshloom.graph_runtime.places import param_of
from meshloom.graph_runtime.sweep import Axis, Cell, cells, graph_of, numbers_of
from meshloom.ui.fields.text import label, shown
from meshloom.ui.running.runs import RunInfo
from meshloom.ui.running.status import NodeStatus
from meshloom.ui.window.sweep_pictures import Drawer
from meshloom.ui.window.sweep_targets import Part, Target, axis_label, is_plain, targets_of, titles_of
from meshloom.ui.window.workbench import Workbench

#: The engine draws each picture once; when it does not send one in this time (seconds), it is drawn here.
_LATE = 1.2
#: Cells that wait in the queue at a time.
AHEAD = 12


class SweepCells(QObject):
    """Submits a run for each cell and gathers statuses, numbers and pictures. ``leave`` ends it."""

    #: The number of a cell about which more is known.
    changed = Signal(int)
    #: There is a number of a new name.
    numbered = Signal()

    def __init__(
        self,
        bench: Workbench,
        graph: GraphData,
        axes: Sequence[Axis],
        targets: Sequence[str],
        parent: QObject | None = None,
    ) -> None:
        """Raises :class:`RequestError` for values that a parameter does not take."""
        super().__init__(parent)
        self.axes = tuple(axes)
        self.cells: list[Cell] = cells(axes)
        self.graphs = [graph_of(cell, graph, bench.catalog) for cell in self.cells]
        self.targets = targets_of(targets, graph, bench.catalog)
        self._titles = titles_of(graph, bench.catalog)
        self.labels = {axis.place: axis_label(axis.place, self._titles) for axis in axes}
        short = {place: label(place.rpartition(".")[2]) for place in self.labels}
        clear = len(set(short.values())) == len(short)
        self._short = short if clear else self.labels
        self._params = {axis.place: param_of(graph, bench.catalog, axis.place) for axis in axes}
        self._bench = bench
        self._paths = {part.path for target in self.targets for part in target.parts}
        self.key = uuid.uuid4().hex
        self._places: dict[str, int] = {}
        #: Of the cells that have come into the queue so far.
        self.runs: dict[int, RunInfo] = {}
        self._fed = 0
        #: Those that have not ended yet.
        self._queued: set[int] = set()
        self._feeding = False
        self._how: tuple[Path, str, str, tuple[str, ...] | None] | None = None
        self._open: set[int] = set()
        self._said: dict[int, list[str]] = {}
        self._outputs: dict[int, dict[str, tuple[Any, ...]]] = {}
        self._pictures: dict[tuple[str, tuple[Any, ...]], QImage] = {}
        self._names: set[str] = set()
        self._numbers_wanted: dict[str, list[tuple[int, str]]] = {}
        self._drawings_wanted: dict[str, set[tuple[str, tuple[Any, ...]]]] = {}
        self._unpictured: deque[tuple[float, int]] = deque()
        self._drawer = Drawer(self)
        self._drawer.drawn.connect(self._drawn)
        self._late = QTimer(self)
        self._late.setInterval(400)
        self._late.timeout.connect(self._draw_late)

    # ------------------------------------------------------------------------------------------- running

    def start(
        self,
        folder: Path,
        workflow: str,
        title: str,
        document: str = "",
        targets: tuple[str, ...] | None = None,
    ) -> None:
        """Put all cells in the queue. ``document``: whose pictures may do for cells with the same results."""
        runs = self._bench.runs
        for path, status in runs.statuses(document).items() if document else ():
            self._keep_picture(path, status)
        runs.began.connect(self._began)
        runs.ended.connect(self._ended)
        runs.queue_changed.connect(self._queue_changed)
        runs.status_changed.connect(self._status)
        runs.logged.connect(self._logged)
        self._bench.results.loaded.connect(self._loaded)
        self._bench.results.failed.connect(self._lost)
        self._open = set(range(len(self.cells)))
        self._how = (folder, f"{workflow}#sweep", title, targets)
        for cell in self.cells:
            cell.status = "waiting"
            self._places[self._document(cell.index)] = cell.index
        self._feed()

    def _feed(self) -> None:
        """Keep a few cells in the queue: so others get their turn, and a long queue costs nothing."""
        if self._feeding or self._how is None:
            return
        self._feeding = True
        folder, workflow, title, targets = self._how
        while self._fed < len(self.cells) and self._waiting() < AHEAD:
            cell = self.cells[self._fed]
            self._fed += 1
            self._queued.add(cell.index)
            self.runs[cell.index] = self._bench.runs.submit(
                self._document(cell.index),
                self.graphs[cell.index],
                folder,
                workflow,
                f"{title}: {self.settings(cell)}",
                targets,
            )
        self._feeding = False

    def _waiting(self) -> int:
        return sum(self.runs[index].state == "waiting" for index in self._queued)

    def _document(self, index: int) -> str:
        return f"{self.key}:{index}"

    def stop(self) -> None:
        """Take what waits out of the queue, and stop the cell under way."""
        runs = self._bench.runs
        self._how = None
        with QSignalBlocker(runs):
            for index in list(self._queued):
                if self.runs[index].state == "waiting":
                    runs.cancel(self.runs[index])
        for index in sorted(self._open - self.runs.keys()):
            self._close(index, "cancelled", "")
        self._queue_changed()
        runs.queue_changed.emit()
        if runs.current is not None and runs.current in self.runs.values():
            runs.cancel(runs.current)

    def leave(self) -> None:
        """Nobody looks any more: stop, and forget."""
        if not self._places:
            return
        self._late.stop()
        runs = self._bench.runs
        for signal, slot in (
            (runs.began, self._began),
            (runs.ended, self._ended),
            (runs.queue_changed, self._queue_changed),
            (runs.status_changed, self._status),
            (runs.logged, self._logged),
            (self._bench.results.loaded, self._loaded),
            (self._bench.results.failed, self._lost),
        ):
            signal.disconnect(slot)
        self.stop()
        for index in self.runs:
            runs.forget(self._document(index))
        self._places = {}
        self._drawer.close()

    @property
    def done(self) -> int:
        """How many cells have ended, one way or another."""
        return len(self.cells) - len(self._open)

    def count(self, *statuses: str) -> int:
        return sum(cell.status in statuses for cell in self.cells)

    def _began(self, run: RunInfo) -> None:
        index = self._places.get(run.document)
        if index is not None:
            self.cells[index].status = "running"
            self.changed.emit(index)

    def _queue_changed(self) -> None:
        if self._feeding:
            return
        gone = [index for index in self._queued if self.runs[index].state == "cancelled"]
        for index in gone:
            self._close(index, "cancelled", "")
        if len(gone) > 1 and not self._waiting() and self._how is not None:
            self.stop()  # the whole queue was emptied: the rest is not wanted either
        self._feed()

    def _close(self, index: int, status: str, message: str) -> None:
        self._open.discard(index)
        self._queued.discard(index)
        self.cells[index].status, self.cells[index].message = status, message
        self.changed.emit(index)

    def _logged(self, level: str, document: str, node: str, words: str) -> None:
        index = self._places.get(document)
        if index is not None and level == "error":
            titled = self._titles.get(node, node)
            named = words if not node or words.startswith(node) else f"{titled}: {words}"
            self._said.setdefault(index, []).append(named)

    def _ended(self, run: RunInfo) -> None:
        index = self._places.get(run.document)
        if index is None:
            return
        held = self._bench.runs.statuses(run.document)
        outputs = {
            path: held[path].outputs
            for path in self._paths
            if path in held and held[path].state in ("done", "cached") and held[path].outputs
        }
        self._outputs[index] = outputs
        self.cells[index].seconds = run.seconds
        message = "" if run.state == "done" else "\n".join(self._said.get(index, [])[:3])
        self._close(index, run.state, message)
        for target in self.targets:
            for part in target.parts:
                ref = self._ref(index, part)
                if isinstance(ref, str) and is_plain(part.port):
                    waiting = self._numbers_wanted.setdefault(ref, [])
                    waiting.append((index, part.label))
                    self._bench.results.want(ref)
        self._unpictured.append((time.monotonic() + _LATE, index))
        if not self._late.isActive():
            self._late.start()

    # ------------------------------------------------------------------------------------------- results

    def _ref(self, index: int, part: Part) -> Any:
        held = self._outputs.get(index, {}).get(part.path, ())
        return held[part.index] if part.index < len(held) else None

    def digest(self, index: int, target: Target) -> str:
        """The first value that a target gave in a cell; empty if none."""
        for part in target.parts:
            ref = self._ref(index, part)
            if ref:
                return ref if isinstance(ref, str) else ref[0]
        return ""

    def picture(self, index: int, target: Target) -> QImage | None:
        """What a target's result in a cell looks like."""
        held = self._outputs.get(index, {})
        for part in target.parts:
            found = self._pictures.get((part.path, held.get(part.path, ())))
            if found is not None:
                return found
        return None

    def numbers(self, index: int, target: Target) -> dict[str, Any]:
        """The numbers of a target in a cell, by name."""
        starts = [part.label for part in target.parts]
        return {
            name: held
            for name, held in self.cells[index].numbers.items()
            if any(name == start or name.startswith(f"{start}.") for start in starts)
        }

    def value_text(self, place: str, held: Any) -> str:
        """A value of an axis in words."""
        param = self._params[place]
        return shown(param, held) if param is not None else str(held)

    def settings(self, cell: Cell) -> str:
        """What is set in a cell, in words."""
        return ", ".join(
            f"{self._short[place]} {self.value_text(place, held)}" for place, held in cell.settings.items()
        )

    def _loaded(self, digest: str, value: Any) -> None:
        for index, name in self._numbers_wanted.pop(digest, ()):
            given = numbers_of(name, value)
            self.cells[index].numbers.update(given)
            if given.keys() - self._names:
                self._names |= given.keys()
                self.numbered.emit()
            self.changed.emit(index)
        for key in self._drawings_wanted.pop(digest, ()):
            if key not in self._pictures:
                self._drawer.draw(key, value)

    def _lost(self, digest: str, why: str) -> None:
        self._numbers_wanted.pop(digest, None)
        self._drawings_wanted.pop(digest, None)

    # ------------------------------------------------------------------------------------------ pictures

    def _status(self, document: str, path: str, status: NodeStatus) -> None:
        if status.thumbnail is not None and path in self._paths:
            self._keep_picture(path, status)

    def _keep_picture(self, path: str, status: NodeStatus) -> None:
        if status.thumbnail is not None and status.outputs and path in self._paths:
            self._drawn((path, status.outputs), status.thumbnail)

    def _drawn(self, key: tuple[str, tuple[Any, ...]], picture: QImage) -> None:
        if key in self._pictures:
            return
        self._pictures[key] = picture
        for index, held in self._outputs.items():
            if held.get(key[0]) == key[1]:
                self.changed.emit(index)

    def _draw_late(self) -> None:
        now = time.monotonic()
        while self._unpictured and self._unpictured[0][0] <= now:
            _due, index = self._unpictured.popleft()
            for target in self.targets:
                if not target.has_pictures or self.picture(index, target) is not None:
                    continue
                part = next(part for part in target.parts if not is_plain(part.port))
                held, ref = self._outputs[index].get(part.path, ()), self._ref(index, part)
                digest = ref if isinstance(ref, str) else ref[0] if ref else ""
                if digest:
                    self._drawings_wanted.setdefault(digest, set()).add((part.path, held))
                    self._bench.results.want(digest)
        if not self._unpictured:
            self._late.stop()
