"""Small pictures of values, drawn on a thread."""

from __future__ import annotations

import queue
import threading
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

#: The longer side, pixels.
_SIDE = 256


class Drawer(QObject):
    """Draws small pictures of values on a thread."""

    #: What was asked for, and its picture.
    drawn = Signal(object, QImage)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._jobs: queue.SimpleQueue[tuple[Any, Any] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False

    def draw(self, key: Any, value: Any) -> None:
        """Draw ``value``; :attr:`drawn` tells, unless it has no picture."""
        if self._closed:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="sweep pictures", daemon=True)
            self._thread.start()
        self._jobs.put((key, value))

    def _work(self) -> None:
        from meshloom.graph_runtime.thumbnails import thumbnail

        while (job := self._jobs.get()) is not None and not self._closed:
            try:
                pixels = thumbnail(job[1], _SIDE)
            except Exception:  # a value of a pack may hold anything; a cell without a picture says enough
                continue
            if pixels is not None and not self._closed:
                height, width = pixels.shape[:2]
                picture = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
                self.drawn.emit(job[0], picture.copy())

    def close(self) -> None:
        self._closed = True
        self._jobs.put(None)
        if self._thread is not None:
            self._thread.join(5)
