"""The engine process as the window sees it: started when needed, started again when it dies."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QObject, QProcess, QProcessEnvironment, QTimer, Signal

Said = dict[str, Any]

#: Lines of its log that are kept: Python's account of a fault lists every thread.
_TAIL = 600
#: How long a process that was told to end may take (milliseconds).
_PATIENCE = 3000


class EngineProcess(QObject):
    """Speaks to :mod:`meshloom.graph_runtime.remote`."""

    #: The id of a request and what happened since the last time: a list of events as JSON data.
    told = Signal(int, list)
    #: The process is gone without having been asked: its exit code, and the last it wrote to its log.
    died = Signal(int, str)
    #: A line of its log.
    logged = Signal(str)

    def __init__(self, environment: dict[str, str] | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._environment = environment or {}
        self._process: QProcess | None = None
        self._half = b""
        self._tail: list[str] = []
        self._leaving = False

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.state() != QProcess.ProcessState.NotRunning

    @property
    def pid(self) -> int:
        """Of the process; 0 when there is none."""
        return int(self._process.processId()) if self._process is not None else 0

    def ask(self, request: Said) -> None:
        """Send a request, starting the process if there is none."""
        if not self.running:
            self._start()
        assert self._process is not None
        self._process.write(QByteArray(json.dumps(request).encode() + b"\n"))

    def _start(self) -> None:
        environment = QProcessEnvironment.systemEnvironment()
        for name, held in self._environment.items():
            environment.insert(name, held)
        environment.insert("PYTHONFAULTHANDLER", "1")
        process = QProcess(self)
        process.setProcessEnvironment(environment)
        process.readyReadStandardOutput.connect(self._read)
        process.readyReadStandardError.connect(self._read_log)
        process.finished.connect(self._finished)
        self._half, self._tail, self._leaving = b"", [], False
        self._process = process
        # -P: a file of the folder the window was started in must not take the place of an installed package.
        process.start(sys.executable, ["-P", "-m", "meshloom.graph_runtime.remote"])

    def _read(self) -> None:
        assert self._process is not None
        data = self._half + bytes(self._process.readAllStandardOutput().data())
        *lines, self._half = data.split(b"\n")
        for line in lines:
            try:
                said = json.loads(line)
            except ValueError:
                continue
            self.told.emit(int(said.get("id", 0)), said.get("events", []))

    def _read_log(self) -> None:
        assert self._process is not None
        text = bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace")
        for line in text.splitlines():
            self._tail = [*self._tail[-_TAIL:], line]
            self.logged.emit(line)

    def _finished(self, code: int) -> None:
        if self._process is not None:
            self._read_log()
        process, self._process = self._process, None
        if process is not None:
            process.deleteLater()
        if not self._leaving:
            self.died.emit(code, "\n".join(self._tail))

    def use(self, environment: dict[str, str]) -> None:
        """What the next process is started with."""
        self._environment = dict(environment)

    def kill(self) -> None:
        """End the process at once; :attr:`died` is told."""
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """End the process, letting it keep what is finished."""
        self._leaving = True
        process = self._process
        if process is None:
            return
        if process.state() != QProcess.ProcessState.NotRunning:
            process.write(QByteArray(b'{"do": "quit"}\n'))
            process.closeWriteChannel()
            if not process.waitForFinished(_PATIENCE):
                process.kill()
                process.waitForFinished(1000)
        self._process = None

    def close_later(self) -> None:
        """:meth:`close` once the event loop is back (for settings that need another process)."""
        QTimer.singleShot(0, self, self.close)


#: The choices of the settings that an engine process is started with.
ENGINE_CHOICES = {"memory_gb", "cache_gb", "workers", "cache_folder", "device"}


def cache_folder(choices: Any) -> Path | None:
    """Where the settings say that results are kept; ``None`` for the usual place, or as the environment says."""
    return Path(choices.cache_folder) if choices.cache_folder and "MESHLOOM_CACHE" not in os.environ else None


def engine_environment(choices: Any) -> dict[str, str]:
    """What the settings say, as the environment of an engine process."""
    held = {
        "MESHLOOM_MEMORY_MB": str(round(choices.memory_gb * 1024)),
        "MESHLOOM_DISK_GB": str(max(1, round(choices.cache_gb))),
        "MESHLOOM_WORKERS": str(choices.workers or ""),
    }
    folder = cache_folder(choices)
    if folder is not None:
        held["MESHLOOM_CACHE"] = str(folder)
    if choices.device != "auto" and "MESHLOOM_DEVICE" not in os.environ:
        held["MESHLOOM_DEVICE"] = choices.device
    return held
