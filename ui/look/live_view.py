"""How far a result is while its node still works: its picture now, and a plot of how it went so far."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel, QProgressBar, QSplitter, QVBoxLayout, QWidget

from meshloom.graph_runtime import types
from meshloom.ui.look.image_view import Canvas
from meshloom.ui.look.pages import FigureView
from meshloom.ui.running.status import NodeStatus
from meshloom.ui.theme import UNIT
from meshloom.ui.words import _

#: Smaller pictures (of latents, say) are enlarged to this, softly: their pixels are no squares to look at.
_SIDE = 640


class LiveView(QWidget):
    """Picture and plot of a running node, under what it says it does."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = QLabel(self)
        self.words.setMinimumWidth(1)
        self.words.setProperty("mood", "dim")
        self.progress = QProgressBar(self)
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(UNIT)
        self.picture = Canvas(self)
        self.plot: FigureView | None = None
        self.parts = QSplitter(Qt.Orientation.Vertical, self)
        self.parts.setChildrenCollapsible(False)
        self.parts.addWidget(self.picture)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.words.setContentsMargins(2 * UNIT, UNIT, 2 * UNIT, UNIT)
        column.addWidget(self.words)
        column.addWidget(self.progress)
        column.addWidget(self.parts, 1)
        self._pixels: QImage | None = None
        self._figure: types.Figure | None = None

    def show_status(self, status: NodeStatus) -> None:
        """Show what is new of a running node."""
        self.words.setText(status.message or _("Running…"))
        self.words.setToolTip(self.words.text())
        self.progress.setVisible(status.total > 0)
        if status.total > 0:
            self.progress.setValue(round(1000 * min(max(status.done / status.total, 0.0), 1.0)))
        self.picture.setVisible(status.preview is not None)
        if status.preview is not None and status.preview is not self._pixels:
            self.picture.show_image(_large(status.preview))
        self._pixels = status.preview
        if status.plot is not None and status.plot is not self._figure:
            if self.plot is None:
                self.plot = FigureView(self)
                self.parts.addWidget(self.plot)
                self.parts.setStretchFactor(0, 3)
                self.parts.setStretchFactor(1, 2)
            self.plot.show_value(status.plot)
        if self.plot is not None:
            self.plot.setVisible(status.plot is not None)
        self._figure = status.plot


def _large(image: QImage) -> QImage:
    if image.isNull() or max(image.width(), image.height()) >= _SIDE:
        return image
    keep, soft = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    return image.scaled(_SIDE, _SIDE, keep, soft)
