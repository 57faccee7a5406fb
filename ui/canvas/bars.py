"""Bars over the canvas: the way back out of groups, and finding nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QToolButton

from meshloom.ui.theme import UNIT, theme
from meshloom.ui.words import _

if TYPE_CHECKING:
    from meshloom.ui.canvas.view import CanvasView


class _Bar(QFrame):
    def __init__(self, view: CanvasView) -> None:
        super().__init__(view)
        self._view = view
        self.setObjectName("bar")
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(UNIT, UNIT // 2, UNIT, UNIT // 2)
        self.row.setSpacing(UNIT // 2)
        self.restyle()
        self.hide()

    def restyle(self) -> None:
        """Put on the colours of the theme in use."""
        colours = theme()
        self.setStyleSheet(
            f"#bar {{ background: {colours.panel}; border: 1px solid {colours.line}; border-radius: 6px; }}"
        )


class Breadcrumb(_Bar):
    """Graph › Group › Group: each a button that leads there."""

    def show_trail(self, titles: list[str]) -> None:
        """``titles`` from the outermost scope to the one shown; hidden where there is only one."""
        while self.row.count():
            widget = self.row.takeAt(0).widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for depth, title in enumerate(titles):
            if depth:
                between = QLabel("›", self)
                self.row.addWidget(between)
                between.show()  # what is added to a bar that is shown counts for its size only when shown itself
            button = QToolButton(self)
            button.setText(title)
            button.setProperty("depth", depth)
            button.setEnabled(depth < len(titles) - 1)
            button.setToolTip(_("Leave to {place}").format(place=title))
            button.clicked.connect(self._leave)
            self.row.addWidget(button)
            button.show()
        self.setVisible(len(titles) > 1)
        self.adjustSize()

    def _leave(self) -> None:
        self._view.leave_to(int(self.sender().property("depth")))


class FindBar(_Bar):
    """Nodes by title, name, type, or the text of a field; Enter goes to the next, Shift+Enter to the one before."""

    def __init__(self, view: CanvasView) -> None:
        super().__init__(view)
        self.line = QLineEdit(self)
        self.line.setPlaceholderText(_("Find in the graph"))
        self.line.setClearButtonEnabled(True)
        self.line.setMinimumWidth(240)
        self.count = QLabel(self)
        self.count.setMinimumWidth(64)
        self.count.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.row.addWidget(self.line)
        self.row.addWidget(self.count)
        self._found: list[str] = []
        self._at = -1
        self.line.textChanged.connect(self._search)
        self.line.installEventFilter(self)
        self.adjustSize()

    def open(self) -> None:
        """Show it, ready to type."""
        self._view.place_bars()
        self.show()
        self.raise_()
        self.line.setFocus()
        self.line.selectAll()
        self._search(self.line.text())

    def _search(self, text: str) -> None:
        words = text.casefold().split()
        found = []
        for shape in self._view.model.shapes.values() if words else ():
            page = " ".join(
                [shape.name, shape.title, shape.type, *(f"{each.label} {each.text}" for each in shape.fields)]
            ).casefold()
            if all(word in page for word in words):
                found.append((shape.x, shape.y, shape.name))
        self._found = [name for _x, _y, name in sorted(found)]
        self._at = -1
        if self._found:
            self._go(1)
        else:
            self.count.setText(_("none") if words else "")

    def _go(self, step: int) -> None:
        self._found = [name for name in self._found if name in self._view.model.shapes]
        if self._found:
            self._at = (self._at + step) % len(self._found)
            self.count.setText(_("{index} of {count}").format(index=self._at + 1, count=len(self._found)))
            self._view.show_node(self._found[self._at])

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key.Key_Escape:
                self.hide()
                self._view.setFocus()
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._go(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
                return True
        return False
