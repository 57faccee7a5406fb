"""What a tour shows over the window: the light on a widget, and the card that points at it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from meshloom.ui.theme import UNIT, current, theme
from meshloom.ui.words import _

#: How far the light reaches beyond the widget, and how long the pointer of the card is.
GLOW = 4
POINTER = 12
_GAP = 6
_EDGE = 3 * UNIT
_WIDTH = 340


class Spot(QWidget):
    """Darkens the window but for some places of it. The mouse goes through."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.places: tuple[QRect, ...] = ()
        current().changed.connect(self.update)

    def show_places(self, *places: QRect) -> None:
        """Light these places; empty ones are none."""
        self.places = tuple(place for place in places if not place.isEmpty())
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        dark = QPainterPath()
        dark.addRect(QRectF(self.rect()))
        shade = theme().colour("canvas" if theme().dark else "text", 0.5 if theme().dark else 0.22)
        light = QPainterPath()
        whole = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        for place in self.places:
            glow = QPainterPath()
            around = QRectF(place).adjusted(-GLOW, -GLOW, GLOW, GLOW).intersected(whole)
            glow.addRoundedRect(around, 6, 6)
            light = light.united(glow)
        painter.fillPath(dark.subtracted(light), shade)
        painter.setPen(QPen(theme().colour("accent"), 2.0))
        painter.drawPath(light)


class Card(QWidget):
    """Title, words and the buttons of a step."""

    next_wanted = Signal()
    back_wanted = Signal()
    leave_wanted = Signal()
    #: A key (QKeyCombination) that the card has no use for.
    key_typed = Signal(object)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        #: The side of the card that its pointer is on ("" for none), and where along that side.
        self.side = ""
        self._along = 0.0
        self.title = QLabel()
        self.words = QLabel()
        self.hint = QLabel()
        self.count = QLabel()
        self.leave = QPushButton(_("Leave"))
        self.back = QPushButton(_("Back"))
        self.next = QPushButton(_("Next"))
        self._lay_out()
        self.next.clicked.connect(self.next_wanted)
        self.back.clicked.connect(self.back_wanted)
        self.leave.clicked.connect(self.leave_wanted)
        current().changed.connect(self._dress)
        self._dress()

    def _lay_out(self) -> None:
        font = QFont(self.title.font())
        font.setWeight(QFont.Weight.DemiBold)
        font.setPointSizeF(font.pointSizeF() * 1.15)
        self.title.setFont(font)
        for label in (self.title, self.words, self.hint):
            label.setWordWrap(True)
            label.setFixedWidth(_WIDTH - 8 * UNIT)
        self.next.setToolTip(_("Alt+→"))
        self.back.setToolTip(_("Alt+←"))
        self.leave.setToolTip(_("F6, then Esc"))
        end = QHBoxLayout()
        end.setSpacing(2 * UNIT)
        end.addWidget(self.leave)
        end.addWidget(self.count)
        end.addStretch(1)
        end.addWidget(self.back)
        end.addWidget(self.next)
        column = QVBoxLayout(self)
        around = 4 * UNIT + POINTER
        column.setContentsMargins(around, around, around, around - UNIT)
        column.setSpacing(2 * UNIT)
        column.addWidget(self.title)
        column.addWidget(self.words)
        column.addWidget(self.hint)
        column.addSpacing(UNIT)
        column.addLayout(end)
        self.setTabOrder(self.next, self.back)
        self.setTabOrder(self.back, self.leave)

    def _dress(self) -> None:
        colours = theme()
        self.count.setStyleSheet(f"color: {colours.dim};")
        self.hint.setStyleSheet(f"color: {colours.accent};")
        self.next.setStyleSheet(
            f"QPushButton {{ background: {colours.accent}; color: {colours.on_accent}; "
            f"border-color: {colours.accent}; }} QPushButton:focus {{ border: 2px solid {colours.text}; }}"
        )
        self.update()

    def tell(self, title: str, words: str, hint: str, at: int, of: int) -> None:
        """Show a step: the one numbered ``at``, from 0."""
        self.title.setText(title)
        self.words.setText(words)
        self.say(hint)
        self.count.setText(_("{step} of {steps}").format(step=at + 1, steps=of))
        self.back.setEnabled(at > 0)
        self.next.setText(_("Skip") if hint else _("Done") if at == of - 1 else _("Next"))
        self.setAccessibleName(title)
        self.setAccessibleDescription(f"{words} {hint}".strip())
        self.next.setAccessibleDescription(f"{title}. {words} {hint}".strip())

    def say(self, hint: str) -> None:
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))

    def stand(self, place: QRect, room: QRect) -> None:
        """Stand beside a place of the window, or in the middle when it is empty."""
        self.layout().activate()
        size = self.layout().sizeHint()
        self.resize(size)
        self.side, at = _beside(place, size, room)
        corner = QPoint(
            min(max(at.x(), room.left()), max(room.left(), room.right() - size.width())),
            min(max(at.y(), room.top()), max(room.top(), room.bottom() - size.height())),
        )
        self.move(corner)
        if self.side in ("left", "right"):
            shared, length = (
                (max(corner.y(), place.top()), min(self.geometry().bottom(), place.bottom())),
                size.height(),
            )
            start = corner.y()
        else:
            shared, length = (
                (max(corner.x(), place.left()), min(self.geometry().right(), place.right())),
                size.width(),
            )
            start = corner.x()
        least = 2 * POINTER + 2 * UNIT
        self._along = float(min(max(sum(shared) // 2 - start, least), length - least))
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.leave_wanted.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            focused = self.focusWidget()
            (focused if isinstance(focused, QPushButton) else self.next).click()
        else:
            event.accept()  # what is typed here is not for the window below, but for what the step is about
            self.key_typed.emit(event.keyCombination())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(POINTER, POINTER, -POINTER, -POINTER)
        shape = QPainterPath()
        shape.addRoundedRect(box, 8, 8)
        if self.side:
            pointer = QPainterPath()
            pointer.addPolygon(self._pointer(box))
            pointer.closeSubpath()
            shape = shape.united(pointer)
        painter.fillPath(shape, theme().colour("raised" if theme().dark else "panel"))
        painter.setPen(QPen(theme().colour("accent"), 1.5))
        painter.drawPath(shape)

    def _pointer(self, box: QRectF) -> QPolygonF:
        at, half = self._along, POINTER * 0.8
        if self.side == "left":
            tip, foot = (
                QPointF(2, at),
                (QPointF(box.left() + 1, at - half), QPointF(box.left() + 1, at + half)),
            )
        elif self.side == "right":
            tip = QPointF(self.width() - 2, at)
            foot = (QPointF(box.right() - 1, at - half), QPointF(box.right() - 1, at + half))
        elif self.side == "top":
            tip, foot = QPointF(at, 2), (QPointF(at - half, box.top() + 1), QPointF(at + half, box.top() + 1))
        else:
            tip = QPointF(at, self.height() - 2)
            foot = (QPointF(at - half, box.bottom() - 1), QPointF(at + half, box.bottom() - 1))
        return QPolygonF([foot[0], tip, foot[1]])


def room_of(window: QWidget) -> QRect:
    """Where a card may stand."""
    return window.rect().adjusted(_EDGE - POINTER, _EDGE - POINTER, POINTER - _EDGE, POINTER - _EDGE)


def _beside(place: QRect, size: QSize, room: QRect) -> tuple[str, QPoint]:
    """The side of the card that points at the place, and where the card would stand."""
    if place.isEmpty():
        return "", room.center() - QPoint(size.width() // 2, size.height() // 2)
    middle = place.center() - QPoint(size.width() // 2, size.height() // 2)
    high = min(middle.y(), place.top() + 8 * UNIT) if place.height() > size.height() else middle.y()
    ways = {
        "left": QPoint(place.right() + _GAP, high),
        "right": QPoint(place.left() - _GAP - size.width(), high),
        "top": QPoint(middle.x(), place.bottom() + _GAP),
        "bottom": QPoint(middle.x(), place.top() - _GAP - size.height()),
    }
    flat = place.width() > 2 * place.height()
    for side in ("top", "bottom", "left", "right") if flat else ("left", "right", "top", "bottom"):
        at = ways[side]
        if side in ("left", "right"):
            fits = room.left() <= at.x() and at.x() + size.width() <= room.right()
        else:
            fits = room.top() <= at.y() and at.y() + size.height() <= room.bottom()
        if fits:
            return side, at
    # The place takes most of the window: stand in it, low, where there is usually least to see.
    return "", QPoint(place.center().x() - size.width() // 2, place.bottom() - size.height() - 3 * UNIT)
