"""Two pictures held against each other: wipe, side by side, blink, difference; and in numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSlider,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from meshloom.graph_runtime import types
from meshloom.ui.look.image_view import Canvas, depth_range, pixels_of, to_screen
from meshloom.ui.look.measures import Measuring
from meshloom.ui.theme import UNIT, theme
from meshloom.ui.words import _

#: Modes of the view.
MODES = ("wipe", "side", "blink", "difference", "heat", "threshold")


class _Wipe(Canvas):
    """Two pictures, one on each side of a line that is dragged; Ctrl turns it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.other = Canvas(self)
        self.other.hide()
        self.place = 0.5
        self.angle = 0.0
        self.wiping = True
        self._moving = False

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().colour("canvas"))
        whole = self.rect().toRectF()
        if not self._levels:
            return
        self.paint_picture(painter, whole)
        if not self.wiping or not self.other._levels:
            return
        at, across = self._line()
        far = 4.0 * (self.width() + self.height())
        along = QPointF(-across.y(), across.x())
        half = QPolygonF(
            [
                at + along * far,
                at + along * far + across * far,
                at - along * far + across * far,
                at - along * far,
            ]
        )
        painter.save()
        painter.setClipRect(whole)
        path = QPainterPath()
        path.addPolygon(half)
        painter.setClipPath(path, Qt.ClipOperation.IntersectClip)
        painter.fillRect(self.rect(), theme().colour("canvas"))
        self.other.resize(self.size())
        self.other.centre, self.other.zoom = self._matched()
        self.other.paint_picture(painter, whole)
        painter.restore()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme().colour("accent"), 2))
        painter.drawLine(at + along * far, at - along * far)
        painter.setBrush(theme().colour("accent"))
        painter.drawEllipse(at, 6, 6)

    def _matched(self) -> tuple[QPointF, float]:
        """Where the other picture's view is so that both lie over each other, whatever their sizes."""
        scale = self.other._size[0] / max(1, self._size[0])
        return self.centre * scale, self.zoom / scale

    def _line(self) -> tuple[QPointF, QPointF]:
        across = QPointF(np.cos(np.radians(self.angle)), np.sin(np.radians(self.angle)))
        reach = abs(across.x()) * self.width() + abs(across.y()) * self.height()
        return self.rect().toRectF().center() + across * ((self.place - 0.5) * reach), across

    def _take(self, event: QMouseEvent) -> None:
        middle = self.rect().toRectF().center()
        away = event.position() - middle
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.angle = float(np.degrees(np.arctan2(away.y(), away.x())))
        _at, across = self._line()
        reach = abs(across.x()) * self.width() + abs(across.y()) * self.height()
        self.place = min(max(0.5 + (away.x() * across.x() + away.y() * across.y()) / max(reach, 1), 0.0), 1.0)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at, across = self._line()
        away = event.position() - at
        near = abs(away.x() * across.x() + away.y() * across.y()) < 10
        self._moving = self.wiping and event.button() == Qt.MouseButton.LeftButton and near
        if not self._moving:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._moving:
            self._take(event)
        else:
            super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._moving = False
        super().mouseReleaseEvent(event)


class CompareView(QWidget):
    """Two images, masks or depth maps, A and B."""

    #: The user wants the two places changed with each other.
    swapped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.values: list[Any] = [None, None]
        self.titles = ["A", "B"]
        self._measuring: Measuring | None = None
        self._screens: list[QImage] = []
        self.mode = QComboBox(self)
        for name, words in zip(
            MODES,
            (_("Wipe"), _("Side by side"), _("Blink"), _("Difference"), _("Heat map"), _("Threshold")),
            strict=True,
        ):
            self.mode.addItem(words, name)
        self.gain = QSlider(Qt.Orientation.Horizontal, self)
        self.gain.setRange(0, 100)
        self.gain.setValue(20)
        self.gain.setFixedWidth(110)
        swap = QToolButton(self)
        swap.setText("⇄")
        swap.setToolTip(_("Change A and B"))
        fit = QToolButton(self)
        fit.setText(_("Fit"))
        self.readout = QLabel(self)
        self.readout.setMinimumWidth(1)
        bar = QHBoxLayout()
        bar.setContentsMargins(2 * UNIT, UNIT, 2 * UNIT, UNIT)
        bar.setSpacing(2 * UNIT)
        for widget in (self.mode, self.gain, swap, fit):
            bar.addWidget(widget)
        bar.addWidget(self.readout, 1)
        self.wipe = _Wipe(self)
        self.pair = QWidget(self)
        self.left, self.right = Canvas(self.pair), Canvas(self.pair)
        row = QHBoxLayout(self.pair)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self.left)
        row.addWidget(self.right)
        self._pages = QStackedWidget(self)
        self._pages.addWidget(self.wipe)
        self._pages.addWidget(self.pair)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._pages, 1)
        column.addLayout(bar)
        self._blink = QTimer(self)
        self._blink.setInterval(500)
        self._blink.timeout.connect(self._next_blink)
        self._shown = 0
        #: Asks whether what is measured has come.
        self._measured = QTimer(self)
        self._measured.setInterval(40)
        self._measured.timeout.connect(self._see_numbers)
        self.left.moved.connect(self._link_right)
        self.right.moved.connect(self._link_left)
        for canvas in (self.wipe, self.left):
            canvas.pointed.connect(self._tell)
        self.right.pointed.connect(self._tell_right)
        self.mode.currentIndexChanged.connect(self._refresh)
        self.gain.valueChanged.connect(self._refresh)
        swap.clicked.connect(self.swap)
        fit.clicked.connect(self._fit)

    def show_values(self, one: Any, other: Any, titles: tuple[str, str] = ("A", "B")) -> None:
        """Two images, masks or depth maps; the second is brought to the size of the first for what is computed."""
        self.values, self.titles = [one, other], list(titles)
        depths = [value for value in self.values if isinstance(value, types.DepthMap)]
        self._measuring = Measuring(one, other)
        self._measured.start()
        span = depth_range(*(value.depth for value in depths))
        self._screens = [_screen(value, span) for value in self.values]
        self._refresh()

    def swap(self) -> None:
        self.show_values(self.values[1], self.values[0], (self.titles[1], self.titles[0]))
        self.swapped.emit()

    @property
    def numbers(self) -> dict[str, float]:
        """PSNR (dB), SSIM and the largest difference of the two; waits for them."""
        if self._measuring is None:
            return {}
        self._measuring.join()
        return self._measuring.numbers

    def _see_numbers(self) -> None:
        if self._measuring is None or not self._measuring.is_alive():
            self._measured.stop()
            if self.mode.currentData() != "blink":  # there the line names the picture
                self._tell(-1, -1)

    def _refresh(self) -> None:
        if self._measuring is None:
            return
        mode = self.mode.currentData()
        self._blink.stop()
        self._pages.setCurrentWidget(self.pair if mode == "side" else self.wipe)
        self.gain.setVisible(mode in ("difference", "heat", "threshold"))
        self.gain.setToolTip(_("Threshold") if mode == "threshold" else _("Gain"))
        screens = self._screens
        if mode == "side":
            self.left.show_image(screens[0])
            self.right.show_image(screens[1])
            self._link_right(self.left.centre, self.left.zoom)
        elif mode in ("wipe", "blink"):
            self.wipe.wiping = mode == "wipe"
            self.wipe.show_image(screens[0])
            self.wipe.other.show_image(screens[1])
            if mode == "blink":
                self._shown = 0
                self._blink.start()
        else:
            self.wipe.wiping = False
            self.wipe.show_image(to_screen(self.difference(mode)))
        self._tell(-1, -1)

    def difference(self, mode: str) -> NDArray[np.uint8]:
        """(H, W, 3) uint8: the absolute difference, as itself times the gain, as heat, or over the threshold."""
        import cv2

        assert self._measuring is not None
        one, other = self._measuring.levels
        off = np.abs(one - other)
        amount = self.gain.value()
        if mode == "difference":
            return (np.clip(off * (1 + amount / 5), 0, 1) * 255 + 0.5).astype(np.uint8)
        largest = off.max(axis=2)
        if mode == "heat":
            level = (np.clip(largest * (1 + amount / 5), 0, 1) * 255).astype(np.uint8)
            return cv2.applyColorMap(level, cv2.COLORMAP_INFERNO)[:, :, ::-1].copy()
        over = largest > amount / 255.0
        grey = (one.mean(axis=2) * 90).astype(np.uint8)
        out = np.repeat(grey[:, :, None], 3, axis=2)
        out[over] = (240, 113, 108)
        return out

    def _next_blink(self) -> None:
        if not self.isVisible():
            self._blink.stop()
            return
        self._shown = 1 - self._shown
        centre, zoom = QPointF(self.wipe.centre), self.wipe.zoom
        held = self._screens[self._shown]
        if (held.width(), held.height()) != self.wipe._size:
            held = held.scaled(*self.wipe._size)
        self.wipe.show_image(held)
        self.wipe.look(centre, zoom)
        self.readout.setText(self.titles[self._shown])

    def _fit(self) -> None:
        self.wipe.fit()
        self.left.fit()
        self.right.fit()

    def _link_right(self, centre: QPointF, zoom: float) -> None:
        scale = self.right._size[0] / max(1, self.left._size[0])
        if scale:
            self.right.look(centre * scale, zoom / scale)

    def _link_left(self, centre: QPointF, zoom: float) -> None:
        scale = self.left._size[0] / max(1, self.right._size[0])
        if scale:
            self.left.look(centre * scale, zoom / scale)

    def _tell(self, x: int, y: int) -> None:
        if self._measuring is None:
            return
        if x >= 0 and self._measuring.is_ready:
            parts = [", ".join(f"{level:.3f}" for level in held[y, x]) for held in self._measuring.levels]
            self.readout.setText(f"({x}, {y})  A {parts[0]}   B {parts[1]}")
            return
        shapes = [f"{value.shape[1]}×{value.shape[0]}" for value in map(pixels_of, self.values)]
        sizes = " / ".join(dict.fromkeys(shapes))
        held, told = self._measuring.numbers, "…"
        if held:
            told = f"PSNR {held['PSNR']:.2f} dB   SSIM {held['SSIM']:.4f}   " + _("largest {amount}").format(
                amount=f"{held['max']:.3f}"
            )
        self.readout.setText(f"{self.titles[0]} | {self.titles[1]}   {told}   {sizes}")

    def _tell_right(self, x: int, y: int) -> None:
        """Of a pixel of the second picture, which may be of another size."""
        if x >= 0:
            (wide, high), (width, height) = self.left._size, self.right._size
            x, y = int((x + 0.5) * wide / width), int((y + 0.5) * high / height)
        self._tell(x, y)

    def hideEvent(self, event: object) -> None:
        self._blink.stop()

    def showEvent(self, event: object) -> None:
        if self._measuring is not None and self.mode.currentData() == "blink":
            self._blink.start()


def _screen(value: Any, span: tuple[float, float]) -> QImage:
    pixels = pixels_of(value)
    assert pixels is not None
    return to_screen(pixels, depth=span if isinstance(value, types.DepthMap) else False)
