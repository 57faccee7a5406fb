"""What a hand does to a widget: presses, drags, turns the wheel, drops files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
PLAIN = Qt.KeyboardModifier.NoModifier
_NONE = Qt.MouseButton.NoButton


def _send(
    widget: QWidget,
    kind: QEvent.Type,
    at: QPoint,
    button: Qt.MouseButton,
    held: Qt.MouseButton,
    modifiers: Qt.KeyboardModifier,
) -> None:
    event = QMouseEvent(kind, QPointF(at), QPointF(widget.mapToGlobal(at)), button, held, modifiers)
    QApplication.sendEvent(widget, event)


def press(
    widget: QWidget, at: QPoint, button: Qt.MouseButton = LEFT, modifiers: Qt.KeyboardModifier = PLAIN
) -> None:
    _send(widget, QEvent.Type.MouseButtonPress, at, button, button, modifiers)


def hold(
    widget: QWidget, at: QPoint, button: Qt.MouseButton = LEFT, modifiers: Qt.KeyboardModifier = PLAIN
) -> None:
    """Move with a button held."""
    _send(widget, QEvent.Type.MouseMove, at, _NONE, button, modifiers)


def release(
    widget: QWidget, at: QPoint, button: Qt.MouseButton = LEFT, modifiers: Qt.KeyboardModifier = PLAIN
) -> None:
    _send(widget, QEvent.Type.MouseButtonRelease, at, button, _NONE, modifiers)


def drag(
    widget: QWidget,
    start: QPoint,
    end: QPoint,
    button: Qt.MouseButton = LEFT,
    modifiers: Qt.KeyboardModifier = PLAIN,
    steps: int = 5,
) -> None:
    press(widget, start, button, modifiers)
    for step in range(1, steps + 1):
        hold(widget, start + (end - start) * step / steps, button, modifiers)
    release(widget, end, button, modifiers)


def point(widget: QWidget, at: QPoint) -> None:
    """Move there with no button held."""
    _send(widget, QEvent.Type.MouseMove, at, _NONE, _NONE, PLAIN)


def click(
    widget: QWidget, at: QPoint, button: Qt.MouseButton = LEFT, modifiers: Qt.KeyboardModifier = PLAIN
) -> None:
    press(widget, at, button, modifiers)
    release(widget, at, button, modifiers)


def double_click(widget: QWidget, at: QPoint) -> None:
    click(widget, at)
    _send(widget, QEvent.Type.MouseButtonDblClick, at, LEFT, LEFT, PLAIN)
    release(widget, at)


def wheel(widget: QWidget, at: QPoint, notches: int) -> None:
    """Turn the wheel as the window system tells it: over a place of the window, whoever has the focus."""
    window = widget.window()
    QTest.wheelEvent(window.windowHandle(), QPointF(widget.mapTo(window, at)), QPoint(0, 120 * notches))
    QApplication.processEvents()


def drop(widget: QWidget, files: Sequence[Path]) -> bool:
    """Drop files from the desktop; whether the widget took them."""
    held = QMimeData()
    held.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    action = Qt.DropAction.CopyAction
    at = widget.rect().center()
    enter = QDragEnterEvent(at, action, held, LEFT, PLAIN)
    enter.ignore()
    QApplication.sendEvent(widget, enter)
    if not enter.isAccepted():
        return False
    QApplication.sendEvent(widget, QDropEvent(QPointF(at), action, held, LEFT, PLAIN))
    return True
