"""A piece of work on models in a process of its own: told how far it is, ended at once when cancelled."""

from __future__ import annotations

import json
import sys
from typing import Any

from PySide6.QtCore import QByteArray, QObject, QProcess, Signal

from meshloom.ui.words import _

#: How long a process that was killed may take to go (milliseconds).
_PATIENCE = 2000


class Job(QObject):
    """Speaks to :mod:`meshloom.graph_runtime.models.jobs`.

    Exactly one of ``done`` and ``failed`` is told, unless it is cancelled. To be kept until its process is gone.
    """

    #: Bytes done, bytes in all (which outgrow a C int), and what is at work.
    progressed = Signal(object, object, str)
    #: The result, as JSON data.
    done = Signal(object)
    #: What went wrong, and what to do about it.
    failed = Signal(str, str)

    def __init__(self, request: dict[str, Any], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.request = request
        self._half = b""
        self._log = b""
        self._answered = False
        self._process = QProcess(self)
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.readyReadStandardError.connect(self._read_log)
        self._process.finished.connect(self._finished)
        # -P: a file of the folder the window was started in must not take the place of an installed package.
        self._process.start(sys.executable, ["-P", "-m", "meshloom.graph_runtime.models.jobs"])
        self._process.write(QByteArray(json.dumps(request).encode() + b"\n"))
        self._process.closeWriteChannel()

    @property
    def running(self) -> bool:
        return self._process.state() != QProcess.ProcessState.NotRunning

    def cancel(self) -> None:
        """End it now. What it has fetched is kept."""
        self._answered = True
        if self.running:
            self._process.kill()
            self._process.waitForFinished(_PATIENCE)

    def _read(self) -> None:
        data = self._half + bytes(self._process.readAllStandardOutput().data())
        *lines, self._half = data.split(b"\n")
        progress = None
        for line in lines:
            said = json.loads(line)
            progress = said.get("progress", progress)
            if "result" in said:
                self._answered = True
                self.done.emit(said["result"])
            elif "error" in said:
                self._answered = True
                self.failed.emit(said["error"], said.get("hint", ""))
        if progress is not None and not self._answered:
            self.progressed.emit(*progress)

    def _read_log(self) -> None:
        self._log = (self._log + bytes(self._process.readAllStandardError().data()))[-4000:]

    def _finished(self, code: int) -> None:
        self._read()
        if not self._answered:  # killed from outside, or a fault in native code
            self._answered = True
            last = self._log.decode("utf-8", "replace").strip().splitlines()[-3:]
            self.failed.emit(
                _("The process that looks after models ended ({code})").format(code=code), "\n".join(last)
            )
