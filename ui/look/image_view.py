"""Pictures up close: zoom, pan, exact pixel values, channels, exposure; masks and depth maps too."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSlider, QToolButton, QVBoxLayout, QWidget

from meshloom.graph_runtime import types
from meshloom.ui.look.histogram import Histogram, counts
from meshloom.ui.theme import UNIT, theme
from meshloom.ui.words import _

_CHANNELS = ("rgb", "r", "g", "b", "a", "luma")
#: From this zoom on, pixels are squares with a grid between.
_GRID_ZOOM = 12.0


def pixels_of(value: Any) -> np.ndarray | None:
    """(H, W, C) of an image, mask or depth map, in its own numbers; ``None`` for anything else."""
    if isinstance(value, types.Image):
        return value.pixels
    if isinstance(value, types.Mask):
        return value.coverage[:, :, None]
    if isinstance(value, types.DepthMap):
        return value.depth[:, :, None]
    return None


def to_screen(
    pixels: np.ndarray,
    channel: str = "rgb",
    exposure: float = 0.0,
    depth: bool | tuple[float, float] = False,
    span: tuple[float, float] = (0.0, 1.0),
) -> QImage:
    """What is shown of (H, W, C) pixels: sRGB; floats beyond 0..1 clip. ``exposure`` in stops, in linear light.

    ``depth``: near bright, far dark, in the range given or :func:`depth_range`. ``span``: the numbers shown as black
    and white.
    """
    held = pixels
    if pixels.dtype == np.uint8 and channel != "luma" and not (exposure or depth or span != (0.0, 1.0)):
        return _as_it_is(pixels, channel)
    if depth:
        near_far = depth if isinstance(depth, tuple) else depth_range(pixels)
        even = not isinstance(depth, tuple)  # two that are compared go by one scale
        held = _depth_levels(pixels[:, :, 0], *near_far, even)[:, :, None]
    levels = held.astype(np.float32) / 255.0 if held.dtype == np.uint8 else _numbers(held)
    alpha = levels[:, :, 3] if levels.shape[2] == 4 else None
    colour = levels[:, :, :3] if levels.shape[2] >= 3 else np.repeat(levels[:, :, :1], 3, axis=2)
    if channel in ("r", "g", "b"):
        colour = np.repeat(colour[:, :, ["r", "g", "b"].index(channel)][:, :, None], 3, axis=2)
    elif channel == "luma":
        colour = np.repeat((colour @ np.array([0.2126, 0.7152, 0.0722], np.float32))[:, :, None], 3, axis=2)
    elif channel == "a":
        colour = np.repeat(
            (alpha if alpha is not None else np.ones(levels.shape[:2], np.float32))[:, :, None], 3, 2
        )
    if span != (0.0, 1.0):
        colour = (colour - np.float32(span[0])) / np.float32(max(span[1] - span[0], 1e-12))
    if exposure:
        linear = np.where(colour <= 0.04045, colour / 12.92, ((np.maximum(colour, 0) + 0.055) / 1.055) ** 2.4)
        linear *= 2.0**exposure
        colour = np.where(
            linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055
        )
    out = np.empty((*levels.shape[:2], 4), np.uint8)
    out[:, :, :3] = np.clip(colour * 255 + 0.5, 0, 255)
    out[:, :, 3] = 255 if alpha is None or channel != "rgb" else np.clip(alpha * 255 + 0.5, 0, 255)
    return _image(out)


def _as_it_is(pixels: np.ndarray, channel: str) -> QImage:
    """(H, W, C) uint8, or one channel of it, without any reckoning: photos are shown often and are large."""
    out = np.empty((*pixels.shape[:2], 4), np.uint8)
    has_alpha = pixels.shape[2] == 4
    if channel == "a":
        out[:, :, :3] = pixels[:, :, 3:] if has_alpha else 255
    elif channel == "rgb":
        out[:, :, :3] = pixels[:, :, :3]
    else:
        out[:, :, :3] = pixels[:, :, ["rgb".index(channel) if pixels.shape[2] >= 3 else 0]]
    out[:, :, 3] = pixels[:, :, 3] if has_alpha and channel == "rgb" else 255
    return _image(out)


def _image(out: np.ndarray) -> QImage:
    height, width = out.shape[:2]
    return QImage(out.data, width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()


def _numbers(held: np.ndarray) -> np.ndarray:
    """Floats that can be reckoned with: what is no number is 0, and nothing is beyond a thousand million."""
    return np.clip(np.nan_to_num(held, nan=0.0, posinf=1e9, neginf=-1e9), -1e9, 1e9).astype(np.float32)


def depth_range(*depths: np.ndarray) -> tuple[float, float]:
    """From the 2nd to the 98th percentile of all that is known (finite and > 0) in some depth maps."""
    known = np.concatenate([np.zeros(0), *(each[np.isfinite(each) & (each > 0)] for each in depths)])
    if not len(known):
        return 0.0, 1.0
    near, far = np.percentile(known, (2, 98))
    return float(near), float(far)


def _depth_levels(depth: np.ndarray, near: float, far: float, even: bool) -> np.ndarray:
    """Near bright, far dark. ``even``: by depth or by its inverse, whichever spreads the levels better: a far wall
    leaves the subject its share of them, and so does a near corner of a map of disparities."""
    known = np.isfinite(depth) & (depth > 0)
    held = np.where(known, depth, 1.0)
    level = 1.0 - (held - near) / max(far - near, 1e-9)
    if even and known.any():
        inverse = (near / held - near / far) / max(1.0 - near / far, 1e-9)
        if abs(np.median(inverse[known]) - 0.5) < abs(np.median(level[known]) - 0.5):
            level = inverse
    return np.where(known, np.clip(level, 0, 1) * 0.9 + 0.1, 0).astype(np.float32)


class Canvas(QWidget):
    """The picture itself: wheel to zoom at the pointer, drag to pan, double-click between fit and 1:1."""

    #: x, y of the pixel under the pointer; (-1, -1) outside.
    pointed = Signal(int, int)
    #: The view moved: centre (pixels of the picture) and zoom.
    moved = Signal(QPointF, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(120, 90)
        self._levels: list[QPixmap] = []
        self._size = (0, 0)
        self.zoom = 1.0
        self.centre = QPointF()
        self._fitted = True
        self._grip: QPointF | None = None

    def show_image(self, image: QImage) -> None:
        """Another picture; one of the same size keeps the view."""
        size = (image.width(), image.height())
        self._levels = [QPixmap.fromImage(image)]
        while self._levels[-1].width() > 512 or self._levels[-1].height() > 512:
            last = self._levels[-1].toImage()
            half = last.scaled(
                max(1, last.width() // 2),
                max(1, last.height() // 2),
                Qt.AspectRatioMode.IgnoreAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
            self._levels.append(QPixmap.fromImage(half))
        if size != self._size:
            self._size = size
            self.fit()
        self.update()

    def fit(self) -> None:
        """All of the picture, as large as it goes, no pixel larger than the screen's unless it is tiny."""
        width, height = self._size
        if not width or not height or self.width() < 2:
            return
        zoom = min(self.width() / width, self.height() / height)
        self._fitted = True
        self._look(QPointF(width / 2, height / 2), zoom)

    def natural(self) -> None:
        """One pixel of the picture is one of the screen."""
        self._fitted = False
        self._look(self.centre, 1.0 / self.devicePixelRatioF())

    def look(self, centre: QPointF, zoom: float) -> None:
        """Show this part; nothing is told (for views that are linked)."""
        self.centre, self.zoom, self._fitted = QPointF(centre), zoom, False
        self.update()

    def _look(self, centre: QPointF, zoom: float) -> None:
        self.centre, self.zoom = QPointF(centre), zoom
        self.update()
        self.moved.emit(self.centre, self.zoom)

    def pixel_at(self, at: QPointF) -> tuple[int, int]:
        x = self.centre.x() + (at.x() - self.width() / 2) / self.zoom
        y = self.centre.y() + (at.y() - self.height() / 2) / self.zoom
        inside = 0 <= x < self._size[0] and 0 <= y < self._size[1]
        return (int(x), int(y)) if inside else (-1, -1)

    def frame(self) -> QRectF:
        """Where the picture is in the widget. At whole zooms its pixels lie on those of the screen."""
        width, height = self._size
        left = self.width() / 2 - self.centre.x() * self.zoom
        top = self.height() / 2 - self.centre.y() * self.zoom
        ratio = self.devicePixelRatioF()
        if abs(self.zoom * ratio - round(self.zoom * ratio)) < 1e-6:
            left, top = round(left * ratio) / ratio, round(top * ratio) / ratio
        return QRectF(left, top, width * self.zoom, height * self.zoom)

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._fitted:
            self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        factor = 1.0015 ** event.angleDelta().y()
        zoom = min(max(self.zoom * factor, 0.01), 128.0)
        away = event.position() - QPointF(self.width() / 2, self.height() / 2)
        self._fitted = False
        self._look(self.centre + away / self.zoom - away / zoom, zoom)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._grip = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is not None:
            by = event.position() - self._grip
            self._grip = event.position()
            self._fitted = False
            self._look(self.centre - by / self.zoom, self.zoom)
        self.pointed.emit(*self.pixel_at(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grip = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._fitted:
            self.natural()
        else:
            self.fit()

    def leaveEvent(self, event: object) -> None:
        self.pointed.emit(-1, -1)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().colour("canvas"))
        if self._levels:
            self.paint_picture(painter, self.rect().toRectF())

    def paint_picture(self, painter: QPainter, clip: QRectF) -> None:
        """The part of the picture within ``clip`` of the widget."""
        frame = self.frame()
        shown = frame.intersected(clip)
        if shown.isEmpty():
            return
        if self._levels[0].hasAlphaChannel():
            painter.fillRect(shown, _checkers())
        level = 0
        ratio = self.zoom * self.devicePixelRatioF()
        while level + 1 < len(self._levels) and ratio <= 0.5 ** (level + 1):
            level += 1
        pixmap = self._levels[level]
        sx, sy = pixmap.width() / frame.width(), pixmap.height() / frame.height()
        source = QRectF(
            (shown.left() - frame.left()) * sx,
            (shown.top() - frame.top()) * sy,
            shown.width() * sx,
            shown.height() * sy,
        )
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self.zoom < 2.0)
        painter.drawPixmap(shown, pixmap, source)
        if self.zoom >= _GRID_ZOOM:
            self._grid(painter, frame, shown)

    def _grid(self, painter: QPainter, frame: QRectF, shown: QRectF) -> None:
        painter.setPen(theme().colour("canvas", 0.5))
        x = frame.left() + np.ceil((shown.left() - frame.left()) / self.zoom) * self.zoom
        while x <= shown.right():
            painter.drawLine(QPointF(x, shown.top()), QPointF(x, shown.bottom()))
            x += self.zoom
        y = frame.top() + np.ceil((shown.top() - frame.top()) / self.zoom) * self.zoom
        while y <= shown.bottom():
            painter.drawLine(QPointF(shown.left(), y), QPointF(shown.right(), y))
            y += self.zoom


def _lay_over(screen: QImage, coverage: np.ndarray) -> None:
    """Tint a picture by a mask of any size."""
    height, width = coverage.shape
    ink = theme().colour("bad")
    tint = np.empty((height, width, 4), np.uint8)
    tint[:, :, :3] = (ink.red(), ink.green(), ink.blue())
    tint[:, :, 3] = np.clip(np.nan_to_num(coverage), 0, 1) * 140
    layer = QImage(tint.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888)
    painter = QPainter(screen)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(screen.rect(), layer)
    painter.end()


def _checkers() -> QBrush:
    tile = QImage(16, 16, QImage.Format.Format_RGB32)
    tile.fill(0xFFCDCDCD)
    painter = QPainter(tile)
    painter.fillRect(0, 0, 8, 8, 0xFFEBEBEB)
    painter.fillRect(8, 8, 8, 8, 0xFFEBEBEB)
    painter.end()
    return QBrush(tile)


class ImageView(QWidget):
    """A picture, or one of a list, with the controls around it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._value: Any = None
        self._pixels: np.ndarray | None = None
        self.canvas = Canvas(self)
        self.readout = QLabel(self)
        self.readout.setMinimumWidth(1)
        self.channel = QComboBox(self)
        for name, words in zip(
            _CHANNELS, (_("Colour"), _("Red"), _("Green"), _("Blue"), _("Alpha"), _("Luma")), strict=True
        ):
            self.channel.addItem(words, name)
        self.exposure = QSlider(Qt.Orientation.Horizontal, self)
        self.exposure.setRange(-60, 60)
        self.exposure.setFixedWidth(110)
        self.exposure.setToolTip(_("Exposure, in stops"))
        fit = QToolButton(self)
        fit.setText(_("Fit"))
        natural = QToolButton(self)
        natural.setText("1:1")
        self.range = QComboBox(self)
        self.range.setToolTip(_("Which numbers are shown as black and white"))
        for words, name in ((_("0 to 1"), "unit"), (_("2 % to 98 %"), "most"), (_("All values"), "all")):
            self.range.addItem(words, name)
        self.levels = QToolButton(self)
        self.levels.setText(_("Histogram"))
        self.levels.setCheckable(True)
        self.histogram = Histogram(self.canvas)
        self._overlay: np.ndarray | None = None
        bar = QHBoxLayout()
        bar.setContentsMargins(2 * UNIT, UNIT, 2 * UNIT, UNIT)
        bar.setSpacing(2 * UNIT)
        for widget in (fit, natural, self.channel, self.exposure, self.range, self.levels):
            bar.addWidget(widget)
        bar.addStretch(1)
        self.readout.setContentsMargins(2 * UNIT, 0, 2 * UNIT, UNIT)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.canvas, 1)
        column.addLayout(bar)
        column.addWidget(self.readout)
        fit.clicked.connect(self.canvas.fit)
        natural.clicked.connect(self.canvas.natural)
        self.channel.currentIndexChanged.connect(self._repaint)
        self.exposure.valueChanged.connect(self._repaint)
        self.range.currentIndexChanged.connect(self._repaint)
        self.levels.toggled.connect(self._repaint)
        self.canvas.pointed.connect(self._tell)

    def show_value(self, value: Any) -> None:
        """An Image, Mask or DepthMap."""
        self._value, self._pixels = value, pixels_of(value)
        self._repaint()
        self._tell(-1, -1)

    def set_overlay(self, mask: types.Mask | None) -> None:
        """Tint what a mask covers, in every picture shown, until told otherwise."""
        self._overlay = mask.coverage if mask is not None else None
        self._repaint()

    @property
    def overlaid(self) -> bool:
        return self._overlay is not None

    def span(self) -> tuple[float, float]:
        """The numbers that are shown as black and white."""
        assert self._pixels is not None
        how = self.range.currentData()
        if self._pixels.dtype == np.uint8 or how == "unit":
            return 0.0, 1.0
        held = self._pixels[:, :, :3] if self._pixels.shape[2] == 4 else self._pixels
        known = held[np.isfinite(held)]
        if not len(known):
            return 0.0, 1.0
        if how == "all":
            return float(known.min()), float(known.max())
        low, high = np.percentile(known[:: max(1, len(known) // 1_000_000)], (2, 98))
        return float(low), float(high)

    def _repaint(self) -> None:
        if self._pixels is None:
            return
        depth = isinstance(self._value, types.DepthMap)
        self.range.setVisible(self._pixels.dtype != np.uint8 and not depth)
        span = (0.0, 1.0) if depth else self.span()
        screen = to_screen(self._pixels, self.channel.currentData(), self.exposure.value() / 10, depth, span)
        if self._overlay is not None and isinstance(self._value, types.Image):
            _lay_over(screen, self._overlay)
        self.canvas.show_image(screen)
        self.histogram.setVisible(self.levels.isChecked())
        if self.levels.isChecked():
            eight = self._pixels.dtype == np.uint8
            shown = (0.0, 255.0) if eight else depth_range(self._pixels) if depth else span
            self.histogram.show_counts(counts(self._pixels, shown), shown)
            self.histogram.move(2 * UNIT, 2 * UNIT)

    def _tell(self, x: int, y: int) -> None:
        if self._pixels is None:
            return
        height, width = self._pixels.shape[:2]
        kind = "8 bit" if self._pixels.dtype == np.uint8 else "float"
        words = f"{width} × {height}  {kind}"
        if isinstance(self._value, types.Image) and self._value.name:
            words = f"{self._value.name}  {words}"
        if x >= 0:
            held = ", ".join(f"{part:g}" if kind == "8 bit" else f"{part:.4g}" for part in self._pixels[y, x])
            words = f"({x}, {y})  {held}"
        self.readout.setText(words)
