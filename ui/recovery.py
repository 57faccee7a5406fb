"""Unsaved work outlives a crash: each open document has a recovery file, written after every step.

The user's own file is never touched. A recovery file goes when its document is saved or closed; one that is
still there at the next start, and whose window is gone, holds work to offer back.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject

from meshloom.graph_runtime.errors import MeshloomError
from meshloom.graph_runtime.graph import GraphData
from meshloom.graph_runtime.preset import dump, parse
from meshloom.ui.document import OpenDocument
from meshloom.ui.settings import data_folder

#: Earlier versions of a saved file that are kept.
MOST_BACKUPS = 10


@dataclass(frozen=True)
class Lost:
    """Work of a window that ended without closing it."""

    file: Path
    path: Path | None
    changed: float
    graph: GraphData


class Recovery(QObject):
    """Keeps the recovery file of one document up to date, on a thread of its own: the newest state wins."""

    def __init__(self, document: OpenDocument, folder: Path | None = None) -> None:
        super().__init__(document)
        self.folder = folder or data_folder() / "recovery"
        self.file = self.folder / f"{os.getpid()}-{uuid.uuid4().hex[:12]}.json"
        self._document = document
        self._wake = threading.Condition()
        self._next: tuple[GraphData, str] | None = None
        self._busy = False
        self._closed = False
        self._thread: threading.Thread | None = None
        document.changed.connect(self._changed)
        document.named.connect(self._named)

    def _changed(self, changes: object) -> None:
        with self._wake:
            self._next = (self._document.snapshot(), str(self._document.path or ""))
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._write_all, name="recovery", daemon=True)
                self._thread.start()
            self._wake.notify_all()

    def _named(self) -> None:
        if self._document.is_saved:
            self._drop()

    def _drop(self) -> None:
        with self._wake:
            self._next = None
            self._wake.wait_for(lambda: not self._busy, timeout=5)
            with contextlib.suppress(OSError):
                self.file.unlink()

    def keep(self) -> bool:
        """Write the document as it is, though nothing was changed; whether that worked."""
        self._changed(())
        self.flush()
        return self.file.is_file()

    def flush(self) -> None:
        """Wait until the newest state is on disk."""
        with self._wake:
            self._wake.wait_for(lambda: self._next is None and not self._busy, timeout=10)

    def close(self, keep: bool = False) -> None:
        """The document is closed for good, or (``keep``) left for the next start to offer."""
        if keep:
            self.flush()
        else:
            self._drop()
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join(5)

    def _write_all(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._next is not None or self._closed)
                if self._next is None:
                    return
                (graph, path), self._next, self._busy = self._next, None, True
            try:
                _write(self.file, graph, path)
            except (OSError, MeshloomError):
                pass  # the next step tries again; the document in the window is untouched
            finally:
                with self._wake:
                    self._busy = False
                    self._wake.notify_all()


def _write(file: Path, graph: GraphData, path: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_suffix(".part")
    head = json.dumps({"path": path, "changed": time.time()})
    with aside.open("w", encoding="utf-8", newline="\n") as out:
        out.write(f"{head}\n{dump(graph)}")
        out.flush()
        os.fsync(out.fileno())
    aside.replace(file)


def lost_work(folder: Path | None = None) -> list[Lost]:
    """What windows that are gone left behind, newest first. Files that hold nothing readable are left alone."""
    found = []
    folder = folder or data_folder() / "recovery"
    for file in sorted(folder.glob("*.json")) if folder.is_dir() else []:
        if _is_running(file.name.partition("-")[0]):
            continue
        with contextlib.suppress(OSError, ValueError, MeshloomError):
            head, _, text = file.read_text(encoding="utf-8").partition("\n")
            said = json.loads(head)
            path = Path(said["path"]) if said.get("path") else None
            found.append(Lost(file, path, float(said["changed"]), parse(text.encode(), file.name)))
    return sorted(found, key=lambda lost: -lost.changed)


def _is_running(pid: str) -> bool:
    """Whether the window that wrote it is alive: another process may have taken the number since."""
    import psutil

    if not pid.isdigit() or int(pid) == os.getpid():
        return pid.isdigit()
    try:
        words = " ".join(psutil.Process(int(pid)).cmdline()).lower()
    except (psutil.Error, OSError):
        return False
    return "meshloom" in words or "pytest" in words


def back_up(file: Path, folder: Path | None = None) -> Path | None:
    """Keep what a file holds before it is saved over; the oldest copies go. ``None`` if there is nothing."""
    folder = (folder or data_folder() / "backups") / file.stem
    try:
        held = file.read_bytes()
        folder.mkdir(parents=True, exist_ok=True)
        copies = sorted(folder.glob("*.json"))
        if copies and copies[-1].read_bytes() == held:
            return copies[-1]
        copy = folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 10**9:09d}.json"
        aside = copy.with_suffix(".part")  # half a copy must not pass for a whole one
        try:
            aside.write_bytes(held)
            aside.replace(copy)
        finally:
            aside.unlink(missing_ok=True)
        for old in copies[: max(0, len(copies) + 1 - MOST_BACKUPS)]:
            old.unlink()
        return copy
    except OSError:
        return None
