"""How much the results kept on disk take, and forgetting them, beside the window's own thread."""

from __future__ import annotations

import os
import queue
import threading
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from meshloom.graph_runtime.disk import FORMAT, DiskStore
from meshloom.graph_runtime.engine import default_cache_folder
from meshloom.ui.settings import Choices

#: How often it is looked whether the thread is done (milliseconds).
_EVERY = 40


@dataclass(frozen=True)
class CacheState:
    """``results``: computations remembered; ``freed``: bytes that clearing gave back; ``fault``: what is wrong."""

    bytes: int = 0
    results: int = 0
    writable: bool = True
    cleared: bool = False
    freed: int = 0
    fault: str = ""


def cache_folder(choices: Choices) -> Path:
    """Where results are kept: what the environment says goes before the settings."""
    if choices.cache_folder and "MESHLOOM_CACHE" not in os.environ:
        return Path(choices.cache_folder).expanduser()
    return default_cache_folder()


class CacheLook(QObject):
    """Asks one thing at a time; what is asked meanwhile is asked afterwards."""

    #: The :class:`CacheState` that was found.
    told = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        # The thread knows nothing of this object, which may be gone before it ends.
        self._answers: queue.SimpleQueue[CacheState] = queue.SimpleQueue()
        self._next: tuple[Path, bool] | None = None
        self._busy = False
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY)
        self._timer.timeout.connect(self._listen)

    def ask(self, folder: Path, clear: bool = False) -> None:
        """Look at a cache, after clearing it if so told."""
        if self._busy:
            self._next = (folder, clear or (self._next is not None and self._next[1]))
            return
        self._busy = True
        answers = self._answers
        work = threading.Thread(
            target=lambda: answers.put(_look(folder, clear)), name="cache-look", daemon=True
        )
        work.start()
        self._timer.start()

    def _listen(self) -> None:
        try:
            state = self._answers.get_nowait()
        except queue.Empty:
            return
        self._busy = False
        self._timer.stop()
        self.told.emit(state)
        asked, self._next = self._next, None
        if asked is not None:
            self.ask(*asked)


def _look(folder: Path, clear: bool) -> CacheState:
    faults: list[str] = []
    try:
        if not (folder / f"v{FORMAT}").is_dir():  # opening it would make it
            return CacheState(cleared=clear)
        store = DiskStore(folder, on_trouble=faults.append)
        freed = store.clear() if clear else 0
        said = store.info()
        store.close()
    except Exception as error:  # whatever it is, the dialog waits for an answer
        return CacheState(writable=False, fault=str(error))
    fault = faults[0] if faults else ""
    return CacheState(int(said["bytes"]), int(said["records"]), bool(said["writable"]), clear, freed, fault)
