"""Where keys are pressed to be kept, and how keys are written."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QLabel, QWidget

_MODIFIERS = {
    Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr, Qt.Key.Key_CapsLock,
    Qt.Key.Key_NumLock, Qt.Key.Key_ScrollLock, Qt.Key.Key_Super_L, Qt.Key.Key_Super_R, Qt.Key.Key_Hyper_L,
    Qt.Key.Key_Hyper_R, Qt.Key.Key_unknown,
}  # fmt: skip


def same(one: str, other: str) -> bool:
    """Whether two ways of writing keys mean the same keys."""
    return QKeySequence(one) == QKeySequence(other)


def shown(key: str) -> str:
    """Keys as this platform writes them."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


def caps(key: str) -> list[str]:
    """The key caps of "Ctrl+Shift++": Ctrl, Shift, +."""
    sequence = QKeySequence(key)
    if sequence.isEmpty():
        return []
    whole = sequence.toString(QKeySequence.SequenceFormat.NativeText)
    last = QKeySequence(sequence[0].key()).toString(QKeySequence.SequenceFormat.NativeText)
    held = whole.removesuffix(last)
    return [*(part for part in held.split("+") if part), last]


class KeyCatcher(QLabel):
    """While it has the focus, the next keys pressed are taken, whatever they do elsewhere."""

    #: Keys, as Qt writes them.
    caught = Signal(str)
    #: Escape, or the focus went elsewhere.
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setWordWrap(True)
        self.catching = False

    def begin(self) -> None:
        """Take the next keys."""
        self.catching = True
        self.setFocus()

    def end(self) -> None:
        self.catching = False

    def event(self, event: QEvent) -> bool:
        if self.catching and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        # Here and not in keyPressEvent: the Tab key does not arrive there.
        if self.catching and event.type() == QEvent.Type.KeyPress:
            self._take(event)  # type: ignore[arg-type]
            return True
        return super().event(event)

    def _take(self, event: QKeyEvent) -> None:
        event.accept()
        key = event.key()
        if key in _MODIFIERS or key == 0:
            return
        self.catching = False
        if key == Qt.Key.Key_Escape and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            self.left.emit()
            return
        combination = event.keyCombination()
        if key == Qt.Key.Key_Backtab:
            combination = Qt.Modifier.SHIFT | Qt.Key.Key_Tab
        self.caught.emit(QKeySequence(combination).toString(QKeySequence.SequenceFormat.PortableText))

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if self.catching:
            self.catching = False
            self.left.emit()
