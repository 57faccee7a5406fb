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
from meshloom.graph_runtime.preset import param_of
from meshloom.graph_runtime.sweep import Axis, Cell, cells, graph_of, numbers_of
from meshloom.ui.fields.text import shown
from meshloom.ui.running.runs import RunInfo
from meshloom.ui.running.status import NodeStatus
from meshloom.ui.window.sweep_pictures import Drawer
from meshloom.ui.window.sweep_targets import Part, Target, axis_label, is_plain, target_of
from meshloom.ui.window.workbench import Workbench

#: The engine draws each picture once; when it does not send one in this time (seconds), it is drawn here.
_LATE = 1.2


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
        self.targets = [target_of(name, graph, bench.catalog) for name in targets]
        self.labels = {axis.place: axis_label(axis.place, graph, bench.catalog) for axis in axes}
        self._params = {axis.place: param_of(graph, bench.catalog, axis.place) for axis in axes}
        self._bench = bench
        self._paths = {part.path for target in self.targets for part in target.parts}
        self.key = uuid.uuid4().hex
        self._places: dict[str, int] = {}
        self.runs: list[RunInfo] = []
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
        for cell in self.cells:
            cell.status = "waiting"
            self._places[self._document(cell.index)] = cell.index
        for cell, graph in zip(self.cells, self.graphs, strict=True):
            # All but the first only wait: one word to whoever shows the queue does for them together.
            blocker = QSignalBlocker(runs) if cell.index else None
            named = f"{title}: {self.settings(cell)}"
            run = runs.submit(self._document(cell.index), graph, folder, f"{workflow}#sweep", named, targets)
            self.runs.append(run)
            if blocker is not None:
                blocker.unblock()
        runs.queue_changed.emit()
        self._queue_changed()

    def _document(self, index: int) -> str:
        return f"{self.key}:{index}"

    def stop(self) -> None:
        """Take what waits out of the queue, and stop the cell under way."""
        runs = self._bench.runs
        with QSignalBlocker(runs):
            for index in sorted(self._open):
                if self.runs[index].state == "waiting":
                    runs.cancel(self.runs[index])
        runs.queue_changed.emit()
        if runs.current is not None and runs.current in self.runs:
            runs.cancel(runs.current)

    def leave(self) -> None:
        """Nobody looks any more: stop, and forget."""
        if not self.runs:
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
        for document in self._places:
            runs.forget(document)
        self.runs = []
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
        for index, run in enumerate(self.runs):
            if run.state == "cancelled" and index in self._open:
                self._close(index, "cancelled", "")

    def _close(self, index: int, status: str, message: str) -> None:
        self._open.discard(index)
        self.cells[index].status, self.cells[index].message = status, message
        self.changed.emit(index)

    def _logged(self, level: str, document: str, node: str, words: str) -> None:
        index = self._places.get(document)
        if index is not None and level == "error":
            named = words if not node or words.startswith(node) else f"{node}: {words}"
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
            f"{self.labels[place].rpartition(' · ')[2]} {self.value_text(place, held)}"
            for place, held in cell.settings.items()
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
