"""The line at the foot of the window: what is said, how far the run is, what the machine has left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QLabel, QProgressBar

from meshloom.ui.running.runs import RunInfo
from meshloom.ui.window.queue_view import span, told
from meshloom.ui.window.resources import Resources
from meshloom.ui.words import _

if TYPE_CHECKING:
    from meshloom.ui.window.main_window import MainWindow


class StatusLine(QObject):
    """Made once over a window whose commands are there."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.progress = QProgressBar()
        self.progress.setFixedWidth(340)
        self.progress.setMaximumHeight(18)
        self.progress.hide()
        self.resources = Resources()
        self.note = QLabel()
        self.note.setMinimumWidth(1)
        window.statusBar().addWidget(self.note, 1)
        window.statusBar().addPermanentWidget(self.progress)
        window.statusBar().addPermanentWidget(self.resources)
        self._note_ends = QTimer(self)
        self._note_ends.setSingleShot(True)
        self._note_ends.setInterval(12000)
        self._note_ends.timeout.connect(self.note.clear)
        runs = window.bench.runs
        runs.began.connect(self._run_began)
        runs.ended.connect(self._run_ended)
        runs.queue_changed.connect(self._tell_progress)

    def tell(self, words: str) -> None:
        """Say something in the status bar for a while."""
        self.note.setText(words)
        self.note.setToolTip(words)
        self._note_ends.start()

    def _run_began(self, run: RunInfo) -> None:
        self.progress.show()
        self._tell_progress()

    def _tell_progress(self) -> None:
        run = self._window.bench.runs.current
        self._window.commands["run.cancel"].setEnabled(run is not None)
        if run is None:
            return
        self.progress.setRange(0, max(1, run.nodes))
        self.progress.setValue(min(run.done, max(1, run.nodes)))
        self.progress.setFormat(told(run, self._window.bench.runs, self._window.bench.history))

    def _run_ended(self, run: RunInfo) -> None:
        if self._window.bench.runs.current is None and not self._window.bench.runs.queue:
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
