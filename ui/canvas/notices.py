"""What is said on the canvas for a moment, at a place."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPointF, QTimer, Signal


class Notices(QObject):
    """One notice at a time, gone by itself after a while."""

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        #: The words, and where in the viewport.
        self.said: tuple[str, QPointF] | None = None
        self._ends = QTimer(self)
        self._ends.setSingleShot(True)
        self._ends.setInterval(4000)
        self._ends.timeout.connect(self.end)

    def say(self, text: str, at: QPointF) -> None:
        """Show this from now on."""
        self.said = (text, at)
        self._ends.start()
        self.changed.emit()

    def end(self) -> None:
        """Show nothing."""
        if self.said is not None:
            self.said = None
            self.changed.emit()
