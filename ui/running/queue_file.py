"""The queue outlives the window: what still waited when it ended waits, paused, when it is opened again."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer

from meshloom.graph_runtime.errors import MeshloomError
from meshloom.graph_runtime.preset import dump, parse
from meshloom.ui.running.runs import RunInfo, Runs
from meshloom.ui.settings import data_folder

#: Whose statuses a run tells whose document is not open any more.
NOBODY = "restored"
#: Changes of the queue are gathered for this long (milliseconds) before they are written.
_GATHER = 300


class QueueFile(QObject):
    """Keeps a file up to date with a queue."""

    def __init__(self, runs: Runs, file: Path | None = None) -> None:
        super().__init__(runs)
        self._runs = runs
        self._file = file or data_folder() / "queue.json"
        self._written: list[int] = []
        self._closed = False
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.setInterval(_GATHER)
        self._late.timeout.connect(self.write)
        runs.queue_changed.connect(self._changed)

    def restore(self) -> int:
        """Put what was left behind into the queue, which is paused then; how many runs that are."""
        try:
            listed = json.loads(self._file.read_bytes())
        except (OSError, ValueError):
            return 0
        found = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        if found:
            self._runs.pause(True)
        count = 0
        for each in found:
            with contextlib.suppress(MeshloomError, KeyError, TypeError, ValueError):
                self._runs.submit(NOBODY, **_read(each))
                count += 1
        if not count:
            self._runs.pause(False)
        return count

    def _changed(self) -> None:
        ids = [run.id for run in self._all()]
        if ids != self._written and not self._late.isActive():
            self._late.start()

    def _all(self) -> list[RunInfo]:
        current = self._runs.current
        return [*([current] if current is not None else []), *self._runs.queue]

    def write(self) -> None:
        """Keep the queue as it is now."""
        self._late.stop()
        runs = self._all()
        self._written = [run.id for run in runs]
        with contextlib.suppress(OSError):
            if not runs:
                self._file.unlink(missing_ok=True)
                return
            self._file.parent.mkdir(parents=True, exist_ok=True)
            aside = self._file.with_name(f".queue.{os.getpid()}.part")
            aside.write_text(json.dumps([_said(run) for run in runs], ensure_ascii=False), encoding="utf-8")
            aside.replace(self._file)

    def close(self) -> None:
        """Write once more; what happens to the queue from now on is the end of the window."""
        if not self._closed:
            self._closed = True
            self._runs.queue_changed.disconnect(self._changed)
            self.write()


def _said(run: RunInfo) -> dict[str, Any]:
    return {
        "graph": dump(run.graph),
        "folder": str(run.folder),
        "workflow": run.workflow,
        "label": run.label,
        "targets": run.targets,
        "force": run.force,
        "deliver": str(run.deliver) if run.deliver is not None else None,
    }


def _read(said: dict[str, Any]) -> dict[str, Any]:
    return {
        "graph": parse(str(said["graph"]).encode(), str(said["label"])),
        "folder": Path(said["folder"]),
        "workflow": str(said["workflow"]),
        "label": str(said["label"]),
        "targets": tuple(map(str, said["targets"])) if said.get("targets") is not None else None,
        "force": tuple(map(str, said.get("force") or ())),
        "deliver": Path(said["deliver"]) if said.get("deliver") else None,
    }
