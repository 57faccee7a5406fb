"""Numbers: dragged sideways, typed exactly, filled as far as they are between their limits."""

from __future__ import annotations

import random
from typing import Any

from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QLineEdit, QToolButton, QWidget

from meshloom.graph_runtime.spec import Param, Range, Seed
from meshloom.ui.fields.field import Field
from meshloom.ui.fields.text import digits, shown
from meshloom.ui.theme import theme
from meshloom.ui.words import _


class Bar(QWidget):
    """A number that is dragged; a click asks for it to be typed."""

    dragged = Signal(object)
    dropped = Signal(object)
    typing_wanted = Signal()

    def __init__(self, param: Param, parent: QWidget) -> None:
        super().__init__(parent)
        self._param = param
        self.value: Any = param.default
        hint = param.hint if isinstance(param.hint, Range) else Range()
        self._low, self._high, self._step = hint.low, hint.high, hint.step
        self._from: tuple[float, Any] | None = None
        self._moved = False
        self.setMinimumHeight(26)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.SizeHorCursor)

    @property
    def bounded(self) -> bool:
        return self._low is not None and self._high is not None and self._high - self._low < 1e7

    def stepped(self, by: float, coarse: float = 1.0) -> Any:
        """The value ``by`` pixels (or tenths of a notch) further, within the limits, in the parameter's kind."""
        start = self._from[1] if self._from is not None else self.value
        start = start if isinstance(start, (int, float)) else 0
        if self.bounded and self._low is not None and self._high is not None:
            given: Any = start + by / max(60, self.width()) * (self._high - self._low) * coarse
        else:
            given = start + by * coarse * max(abs(start), 1 if self._param.kind == "int" else 0.1) / 100
        return self._kept(given)

    def _kept(self, given: float) -> Any:
        if self._step:
            given = round(given / self._step) * self._step
        if self._param.kind != "int":  # before the limits: those have as many digits as they have
            given = float(f"{given:.5g}")
        given = given if self._low is None else max(self._low, given)
        given = given if self._high is None else min(self._high, given)
        return round(given) if self._param.kind == "int" else float(given)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._from, self._moved = (event.position().x(), self.value), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._from is None:
            return
        by = event.position().x() - self._from[0]
        if self._moved or abs(by) > 3:
            self._moved = True
            fine = 0.1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
            self.value = self.stepped(by, fine)
            self.dragged.emit(self.value)
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._from is None or event.button() != Qt.MouseButton.LeftButton:
            return
        self._from = None
        if self._moved:
            self.dropped.emit(self.value)
        else:
            self.typing_wanted.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / 120
        self.value = self._kept((self.value or 0) + notches * self._notch())
        self.dropped.emit(self.value)
        self.update()

    def _notch(self) -> float:
        if self._step:
            return self._step
        if self._param.kind == "int":
            return 1
        if self.bounded and self._low is not None and self._high is not None:
            return (self._high - self._low) / 50
        return max(abs(self.value or 0) / 20, 0.01)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Down: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: 1}
        if event.key() in steps:
            self.value = self._kept((self.value or 0) + steps[Qt.Key(event.key())] * self._notch())
            self.dropped.emit(self.value)
            self.update()
        elif (
            event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) or event.text().strip("+-.,0123456789") == ""
        ):
            self.typing_wanted.emit()
        else:
            event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(colours.colour("accent" if self.hasFocus() else "line"))
        painter.setBrush(colours.colour("field"))
        painter.drawRoundedRect(box, 4, 4)
        if self.bounded and isinstance(self.value, (int, float)):
            share = (self.value - (self._low or 0)) / max(1e-12, (self._high or 0) - (self._low or 0))
            painter.setClipRect(
                QRectF(box.left(), box.top(), box.width() * min(max(share, 0), 1), box.height())
            )
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colours.colour("accent", 0.28))
            painter.drawRoundedRect(box, 4, 4)
            painter.setClipping(False)
        painter.setPen(colours.colour("text"))
        text = shown(self._param, self.value)
        painter.drawText(box.adjusted(8, 0, -8, 0), Qt.AlignmentFlag.AlignCenter, text)

    def changeEvent(self, event: QEvent) -> None:
        self.update()
        super().changeEvent(event)


class NumberField(Field):
    """An int or float. A seed has a die beside it."""

    def __init__(self, param: Param, parent: QWidget | None = None) -> None:
        super().__init__(param, parent)
        self.bar = Bar(param, self)
        self.entry = QLineEdit(self)
        self.entry.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.entry.hide()
        buttons = []
        if isinstance(param.hint, Seed):
            die = QToolButton(self)
            die.setText("⚄")
            die.setToolTip(_("Another random seed"))
            die.clicked.connect(self._throw)
            buttons.append(die)
        self.hold_row(self.bar, self.entry, *buttons)
        self.bar.dragged.connect(self._dragged)
        self.bar.dropped.connect(self._dropped)
        self.bar.typing_wanted.connect(self.type)
        self.entry.editingFinished.connect(self._typed)

    def show_value(self, value: Any) -> None:
        self.bar.value = value
        self.bar.update()

    def type(self) -> None:
        """Offer the exact number for typing."""
        self.entry.setText(
            ""
            if self.value is None
            else digits(self.value)
            if isinstance(self.value, float)
            else str(self.value)
        )
        # First the focus, then out of sight: a widget that goes with the focus hands it to just anybody.
        self.entry.show()
        self.entry.setFocus()
        self.bar.hide()
        self.entry.selectAll()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.entry.isVisible():
            self.entry.setText("")
            self._back()
            return
        super().keyPressEvent(event)

    def _typed(self) -> None:
        if self.entry.isHidden():
            return
        text = self.entry.text().strip().replace(",", ".")
        if not text:
            self._back()
            return
        try:
            given: Any = int(text) if self.param.kind == "int" else float(text)
        except ValueError:
            self.tell(_("is {text}; expected a number").format(text=text))
            return
        if self.offer(given, done=True):
            self._back()

    def _back(self) -> None:
        self.tell("")
        self.bar.show()
        self.show_value(self.value)
        if self.entry.hasFocus():
            self.bar.setFocus()
        self.entry.hide()

    def _dragged(self, value: Any) -> None:
        self.offer(value, done=False)

    def _dropped(self, value: Any) -> None:
        self.offer(value, done=True)

    def _throw(self) -> None:
        high = self.param.hint.high if isinstance(self.param.hint, Seed) else None
        self.offer(random.randrange(int(min(high or 2**31, 2**31))), done=True)
        self.show_value(self.value)
