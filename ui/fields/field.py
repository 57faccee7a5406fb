"""What every editor of a parameter has in common."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QScrollBar, QToolButton, QVBoxLayout, QWidget

from meshloom.graph_runtime.params import check_param
from meshloom.graph_runtime.spec import Param
from meshloom.ui.theme import UNIT, theme


class Field(QWidget):
    """Edits one value. Only values that the parameter takes ever leave it.

    ``changed`` while the user is at it (a slider dragged), ``committed`` when they are done.
    """

    changed = Signal(object)
    committed = Signal(object)

    def __init__(self, param: Param, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.param = param
        self._value: Any = param.default
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self._fault = QLabel(self)
        self._fault.setWordWrap(True)
        self._fault.hide()

    def hold(self, widget: QWidget) -> None:
        """Put the widget that edits in place, with room for a message below."""
        self._column.addWidget(widget)
        self._column.addWidget(self._fault)
        self.setFocusProxy(widget)
        for each in (widget, *widget.findChildren(QWidget)):
            if not isinstance(each, QScrollBar):  # its list or text hands the wheel on to it
                each.installEventFilter(self)

    def hold_row(self, *widgets: QWidget) -> None:
        """Put several beside each other in place: buttons as small as they are, the first with the focus."""
        row = QWidget(self)
        across = QHBoxLayout(row)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(UNIT)
        for widget in widgets:
            across.addWidget(widget, 0 if isinstance(widget, QToolButton) else 1)
        self.hold(row)
        self.setFocusProxy(widgets[0])

    @property
    def value(self) -> Any:
        return self._value

    @property
    def fault(self) -> str:
        """What is wrong with what is typed; empty if nothing is."""
        return "" if self._fault.isHidden() else self._fault.text()

    def set_value(self, value: Any) -> None:
        """Show a value from outside; nothing is emitted."""
        self._value = value
        self.tell("")
        self.show_value(value)

    def show_value(self, value: Any) -> None:
        """Bring the widget to ``value``."""
        raise NotImplementedError

    def offer(self, given: Any, done: bool) -> bool:
        """What the user made: taken and told if the parameter takes it, else the reason is shown."""
        try:
            taken = check_param(self.param, given)
        except ValueError as error:
            self.tell(str(error))
            return False
        self.tell("")
        given = str(taken) if self.param.kind == "path" else given
        fresh = given != self._value
        self._value = given
        if done:
            self.committed.emit(given)
        elif fresh:
            self.changed.emit(given)
        return True

    def tell(self, fault: str) -> None:
        """Show what is wrong, or that nothing is."""
        self._fault.setText(fault)
        self._fault.setStyleSheet(f"color: {theme().bad};")
        self._fault.setVisible(bool(fault))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A wheel turns nothing that has not the focus: it scrolls what is around."""
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)


def no_wheel_focus(widget: QWidget) -> None:
    """A wheel over the widget must not give it the focus either."""
    widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
