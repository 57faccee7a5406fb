"""The name of a model: typed, or chosen from those on this machine."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QCompleter, QToolButton, QWidget

from meshloom.graph_runtime.spec import Param
from meshloom.ui.fields.field import Field, no_wheel_focus
from meshloom.ui.models.asking import asking
from meshloom.ui.models.shelf import Row, Shelf
from meshloom.ui.words import _


class ModelField(Field):
    """A text, with the models on this machine under it, and a button that leads to the window of models."""

    def __init__(self, param: Param, parent: QWidget | None = None) -> None:
        super().__init__(param, parent)
        self.box = QComboBox(self)
        self.box.setEditable(True)
        self.box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.box.setMinimumContentsLength(12)
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        completer = self.box.completer()
        if completer is not None:
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
            completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        no_wheel_focus(self.box)
        self.more = QToolButton(self)
        self.more.setText("…")
        self.more.setToolTip(_("Models on this machine, and fetching more"))
        self.hold_row(self.box, self.more)
        self._shelf = Shelf(self)
        self._shelf.told.connect(self._offer_rows)
        self.box.lineEdit().textEdited.connect(self._edited)
        self.box.lineEdit().editingFinished.connect(self._finished)
        self.box.activated.connect(self._chosen)
        self.more.clicked.connect(self._ask)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._shelf.look()

    def show_value(self, value: Any) -> None:
        text = "" if value is None else str(value)
        if text != self.box.currentText():
            self.box.setEditText(text)
            self.box.setToolTip(text)
            self.box.lineEdit().setCursorPosition(0)

    def offered(self) -> list[str]:
        """The models that can be chosen."""
        return [self.box.itemText(index) for index in range(self.box.count())]

    def _offer_rows(self, rows: list[Row]) -> None:
        names = list(dict.fromkeys(row.source for row in rows if row.loadable))
        if names == self.offered():
            return
        typed, at = self.box.currentText(), self.box.lineEdit().cursorPosition()
        modified = self.box.lineEdit().isModified()
        self.box.clear()
        self.box.addItems(names)
        self.box.setCurrentIndex(-1)
        self.box.setEditText(typed)
        self.box.lineEdit().setCursorPosition(at)
        self.box.lineEdit().setModified(modified)

    def _edited(self, text: str) -> None:
        self.offer(text, done=False)

    def _finished(self) -> None:
        line = self.box.lineEdit()
        if line.isModified():
            line.setModified(False)
            self.offer(line.text(), done=True)

    def _chosen(self, index: int) -> None:
        if index >= 0:
            self.box.lineEdit().setModified(False)
            self.offer(self.box.itemText(index), done=True)

    def _ask(self) -> None:
        asking().wanted.emit(self.box.currentText().strip())
