"""What a tool of the viewport is: something painted over the picture that takes the mouse before the eye does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from meshloom.kernels.raycast.view import View
from meshloom.ui.viewport.things import Bounds

if TYPE_CHECKING:
    from meshloom.ui.viewport.viewport import Viewport

Array = NDArray[np.float64]

#: Pieces that a line is drawn in, each before or behind what the picture shows.
_PIECES = 24


class Tool(QWidget):
    """A strip of controls under the viewport, and a hand in it. Each method may be left as it is."""

    def __init__(self, viewport: Viewport, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.viewport = viewport

    def paint(self, painter: QPainter, view: View) -> None:
        """Draw over the picture, in the widget's own pixels."""

    def press(self, at: QPointF) -> bool:
        """The left button went down; whether it is the tool's, until it comes up."""
        return False

    def drag(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """The mouse moves while the tool has it."""

    def release(self) -> None:
        """The button came up."""

    def hover(self, at: QPointF) -> bool:
        """The mouse moves freely; whether it is over something to take hold of."""
        return False

    def click(self, at: QPointF) -> bool:
        """A click that held nothing; whether it was for the tool."""
        return False

    def key(self, event: QKeyEvent) -> bool:
        """A key, before the viewport has it."""
        return False

    def reach(self) -> Bounds | None:
        """The box around what the tool shows: "Fit all" holds it too."""
        return None

    def leave(self) -> None:
        """The tool is put away."""

    # ------------------------------------------------------------------------------------------- helpers

    def ray(self, at: QPointF) -> tuple[Array, Array]:
        """Origin and direction in the world of what is under a point of the widget."""
        view, viewport = self.viewport.view(), self.viewport
        pixel = np.array(
            [at.x() * view.size[0] / viewport.width(), at.y() * view.size[1] / viewport.height(), 1.0]
        )
        return view.centre, view.rotation.T @ np.linalg.solve(view.intrinsics, pixel)

    def flat(self, points: Array, view: View) -> tuple[Array, Array]:
        """(N, 2) places in the widget and (N,) depths of points (N, 3) of the world."""
        found = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ view.projection().T
        depth = found[:, 2]
        with np.errstate(divide="ignore", invalid="ignore"):
            places = found[:, :2] / depth[:, None]
        scale = np.array([self.viewport.width() / view.size[0], self.viewport.height() / view.size[1]])
        return places * scale, depth

    def draw_lines(self, painter: QPainter, view: View, lines: Array, behind: float) -> None:
        """Lines (N, 2, 3) with the painter's pen; what the picture hides of them is painted ``behind`` as strong."""
        share = np.linspace(0, 1, _PIECES + 1)[:, None]
        way = lines[:, None, 0] * (1 - share) + lines[:, None, 1] * share
        places, depth = self.flat(way.reshape(-1, 3), view)
        places, depth = places.reshape(len(lines), -1, 2), depth.reshape(len(lines), -1)
        near = 1e-4 * float(np.abs(depth).max() or 1.0)
        hidden = self.viewport.hides(places.reshape(-1, 2), depth.reshape(-1)).reshape(depth.shape)
        for faint in (True, False):
            painter.setOpacity(behind if faint else 1.0)
            for place, far, covered in zip(places, depth, hidden, strict=True):
                for first, last in _runs((covered == faint) & (far > near)):
                    end = min(last + 1, _PIECES + 1) if far[min(last, _PIECES)] > near else last
                    painter.drawPolyline(QPolygonF([QPointF(*each) for each in place[first:end]]))
        painter.setOpacity(1.0)


class Elided(QLabel):
    """One line of words that ends in dots where it does not fit; all of it in the tip."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("mood", "dim")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def say(self, words: str) -> None:
        """Show other words."""
        self.setText(words)
        self.setToolTip(words)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        words = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, words)


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(first, last + 1) of each run of true ones."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
