"""The runs that wait and the one under way: pause, reorder, cancel."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from meshloom.ui.running.history import History
from meshloom.ui.running.runs import RunInfo, Runs
from meshloom.ui.theme import UNIT
from meshloom.ui.words import _

_RUN = Qt.ItemDataRole.UserRole


def span(seconds: float) -> str:
    """A length of time in words: "3.2 s", "4 min 05 s", "2 h 10 min"."""
    if seconds < 60:
        return _("{seconds} s").format(seconds=f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}")
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return _("{minutes} min {seconds} s").format(minutes=minutes, seconds=f"{rest:02d}")
    return _("{hours} h {minutes} min").format(hours=minutes // 60, minutes=minutes % 60)


class QueueView(QWidget):
    """Drag to reorder; Delete takes out."""

    def __init__(self, runs: Runs, history: History, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runs = runs
        self._history = history
        self.now = QProgressBar(self)
        self.now.setTextVisible(True)
        self.stop = QToolButton(self)
        self.stop.setText(_("Cancel"))
        self.list = _Waiting(self)
        self.pause = QPushButton(_("Pause"), self)
        self.pause.setCheckable(True)
        self.pause.setToolTip(_("Start no further run; the one under way goes on"))
        self.empty = QPushButton(_("Cancel all"), self)
        top = QHBoxLayout()
        top.addWidget(self.now, 1)
        top.addWidget(self.stop)
        below = QHBoxLayout()
        below.addWidget(self.pause)
        below.addWidget(self.empty)
        below.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * UNIT, 2 * UNIT, 2 * UNIT, 2 * UNIT)
        column.addLayout(top)
        column.addWidget(self.list, 1)
        column.addLayout(below)
        self.stop.clicked.connect(self._stop)
        self.pause.toggled.connect(runs.pause)
        self.empty.clicked.connect(runs.cancel_all)
        self.list.moved.connect(runs.move)
        self.list.dropped.connect(runs.cancel)
        runs.queue_changed.connect(self.refresh)
        self.refresh()

    def _stop(self) -> None:
        self._runs.cancel()

    def refresh(self) -> None:
        """Read the queue again."""
        run = self._runs.current
        self.stop.setEnabled(run is not None)
        self.empty.setEnabled(run is not None or bool(self._runs.queue))
        if run is None:
            self.now.setRange(0, 1)
            self.now.setValue(0)
            self.now.setFormat(_("Nothing runs"))
        else:
            self.now.setRange(0, max(1, run.nodes))
            self.now.setValue(min(run.done, max(1, run.nodes)))
            self.now.setFormat(told(run, self._runs, self._history))
        self.pause.setChecked(self._runs.paused)
        self.pause.setText(_("Go on") if self._runs.paused else _("Pause"))
        self.list.show_runs(self._runs.queue)


def told(run: RunInfo, runs: Runs, history: History) -> str:
    """A line about the run under way, with when it will end if that can be told."""
    words = _("{title}: {done} of {nodes} nodes").format(title=run.label, done=run.done, nodes=run.nodes)
    left = history.remaining(run, runs.statuses(run.document))
    if left is not None and left > 1:
        words += " · " + _("about {time} left").format(time=span(left))
    return words


class _Waiting(QListWidget):
    """The waiting runs in order."""

    moved = Signal(object, int)
    dropped = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName(_("Waiting runs"))
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self._shown: list[tuple[int, str]] = []

    def show_runs(self, queue: list[RunInfo]) -> None:
        sketch = [(run.id, run.label) for run in queue]
        if sketch == self._shown:
            return
        self._shown = sketch
        self.clear()
        for place, run in enumerate(queue, 1):
            item = QListWidgetItem(f"{place}.  {run.label}")
            item.setData(_RUN, run)
            self.addItem(item)

    def dropEvent(self, event: QDropEvent) -> None:
        run = self.currentItem().data(_RUN) if self.currentItem() is not None else None
        super().dropEvent(event)
        rows = [self.item(row).data(_RUN) for row in range(self.count())]
        self._shown = []
        if run in rows:
            self.moved.emit(run, rows.index(run))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        item = self.currentItem()
        alt = event.modifiers() & Qt.KeyboardModifier.AltModifier
        if item is not None and event.key() == Qt.Key.Key_Delete:
            self.dropped.emit(item.data(_RUN))
        elif item is not None and alt and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            row = self.currentRow() + (1 if event.key() == Qt.Key.Key_Down else -1)
            self.moved.emit(item.data(_RUN), row)
            self.setCurrentRow(min(max(row, 0), self.count() - 1))
        else:
            super().keyPressEvent(event)
