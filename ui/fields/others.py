"""Everything that is not a number: switches, choices, texts, files, colours, lists."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QMimeData, QObject, Qt, Signal
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QColorDialog,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QStyledItemDelegate,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from meshloom.graph_runtime.spec import Choice, OpenFile, OpenFolder, Param
from meshloom.ui.fields.field import Field, no_wheel_focus
from meshloom.ui.fields.refusals import refusals
from meshloom.ui.fields.text import digits, option
from meshloom.ui.theme import UNIT, theme
from meshloom.ui.words import _


class SwitchField(Field):
    """A bool."""

    def __init__(self, param: Param, parent: QWidget | None = None) -> None:
        super().__init__(param, parent)
        self.box = QCheckBox(_("on"), self)
        self.hold(self.box)
        self.box.clicked.connect(self._clicked)

    def show_value(self, value: Any) -> None:
        self.box.setChecked(bool(value))

    def _clicked(self, on: bool) -> None:
        self.offer(on, done=True)


class _Options(QComboBox):
    """Tells when its list is about to be seen."""

    opening = Signal()

    def showPopup(self) -> None:
        self.opening.emit()
        super().showPopup()


class ChoiceField(Field):
    """One of several options; those that cannot be used here are greyed, with the reason, once the list is opened."""

    def __init__(self, param: Param, parent: QWidget | None = None) -> None:
        super().__init__(param, parent)
        self.box = _Options(self)
        no_wheel_focus(self.box)
        for each in param.options:
            self.box.addItem(option(each), each)
        self.hold(self.box)
        self.box.activated.connect(self._chosen)
        if isinstance(param.hint, Choice) and param.hint.refusals:
            self._module = param.hint.refusals
            self.box.setItemDelegate(
                QStyledItemDelegate(self.box)
            )  # the usual one draws menus, which know no colours
            self.box.opening.connect(self._ask)

    def show_value(self, value: Any) -> None:
        index = next((row for row, each in enumerate(self.param.options) if each == value), -1)
        self.box.setCurrentIndex(index)

    def _chosen(self, index: int) -> None:
        self.offer(self.box.itemData(index), done=True)

    def _ask(self) -> None:
        self.box.opening.disconnect(self._ask)
        self._refusals = refusals(self._module)
        if self._refusals.reasons is None:
            self._refusals.told.connect(self._grey)
        else:
            self._grey()

    def _grey(self) -> None:
        """They can be chosen all the same: a workflow may be for another machine."""
        reasons = self._refusals.reasons or {}
        for row, each in enumerate(self.param.options):
            if each in reasons:
                self.box.setItemText(row, f"{option(each)} – {reasons[each]}")
                self.box.setItemData(row, reasons[each], Qt.ItemDataRole.ToolTipRole)
                self.box.setItemData(row, QColor(theme().dim), Qt.ItemDataRole.ForegroundRole)
        view = self.box.view()
        view.setMinimumWidth(min(view.sizeHintForColumn(0) + 6 * UNIT, 720))


class LineField(Field):
    """Text in a line; also lists of numbers and words, with commas between."""

    def __init__(self, param: Param, parent: QWidget | None = None) -> None:
        super().__init__(param, parent)
        self.line = QLineEdit(self)
        self.hold(self.line)
        if param.kind in ("floats", "ints", "strs"):
            self.line.setPlaceholderText(_("values with commas between"))
        self.line.textEdited.connect(self._edited)
        self.line.editingFinished.connect(self._finished)

    def show_value(self, value: Any) -> None:
        if isinstance(value, (list, tuple)):
            value = ", ".join(digits(item) if isinstance(item, float) else str(item) for item in value)
        text = "" if value is None else str(value)
        if text != self.line.text():
            self.line.setText(text)

    def _read(self) -> Any:
        text = self.line.text()
        if self.param.kind == "str":
            return text
        words = [word.strip() for word in text.split(",") if word.strip()]
        if self.param.kind == "strs":
            return words
        kind = int if self.param.kind == "ints" else float
        try:
            return [kind(word) for word in words]
        except ValueError:
            return words

    def _edited(self, text: str) -> None:
        self.offer(self._read(), done=False)

    def _finished(self) -> None:
        if self.line.isModified():
            self.line.setModified(False)
            self.offer(self._read(), done=True)


class TextField(Field):
    """Text of several lines."""

    def __init__(self, param: Param, parent: QWidget | None = None) -> None:
        super().__init__(param, parent)
        self.page = QPlainTextEdit(self)
        self.page.setTabChangesFocus(True)
        self.page.setFixedHeight(self.page.fontMetrics().lineSpacing() * 5 + 4 * UNIT)
        self.hold(self.page)
        self.page.textChanged.connect(self._edited)

    def show_value(self, value: Any) -> None:
        if value != self.page.toPlainText():
            self.page.blockSignals(True)
            self.page.setPlainText(value or "")
            self.page.blockSignals(False)

    def _edited(self) -> None:
        self.offer(self.page.toPlainText(), done=False)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut and watched is self.page:
            self.offer(self.page.toPlainText(), done=True)
        return super().eventFilter(watched, event)


class PathField(Field):
    """A file or folder: typed, picked or dropped."""

    def __init__(self, param: Param, parent: QWidget | None = None) -> None:
        super().__init__(param, parent)
        self.line = QLineEdit(self)
        self.line.setAcceptDrops(False)
        folder = isinstance(param.hint, OpenFolder)
        self.line.setPlaceholderText(_("Drop a folder here") if folder else _("Drop a file here"))
        pick = QToolButton(self)
        pick.setText("…")
        pick.setToolTip(_("Choose a folder") if folder else _("Choose a file"))
        pick.clicked.connect(self.pick)
        self.hold_row(self.line, pick)
        self.setAcceptDrops(True)
        self.line.editingFinished.connect(self._finished)

    def show_value(self, value: Any) -> None:
        text = "" if value is None or Path(str(value)) == Path() else str(value)
        if text != self.line.text():
            self.line.setText(text)
            self.line.setToolTip(text)

    def pick(self) -> None:
        """Open the system's chooser; what is chosen there is taken."""
        dialog = QFileDialog(self, _("Choose a folder") if self._folder else _("Choose a file"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if self._folder:
            dialog.setFileMode(QFileDialog.FileMode.Directory)
        else:
            dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
            if isinstance(self.param.hint, OpenFile):
                wanted = " ".join(self.param.hint.patterns)
                dialog.setNameFilters([f"{_('Fitting files')} ({wanted})", f"{_('All files')} (*)"])
        if self.value:
            dialog.setDirectory(str(Path(str(self.value)).parent))
        dialog.fileSelected.connect(self._take)
        dialog.open()

    @property
    def _folder(self) -> bool:
        return isinstance(self.param.hint, OpenFolder)

    def _take(self, path: str) -> None:
        if self.offer(path, done=True):
            self.show_value(path)

    def _finished(self) -> None:
        if self.line.isModified():
            self.line.setModified(False)
            self.offer(self.line.text(), done=True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _local_files(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = Path(_local_files(event.mimeData())[0])
        if self._folder and path.is_file():
            path = path.parent
        self._take(str(path))
        event.acceptProposedAction()


class PathsField(Field):
    """A list of files."""

    def __init__(self, param: Param, parent: QWidget | None = None) -> None:
        super().__init__(param, parent)
        box = QWidget(self)
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        self.list = QListWidget(box)
        self.list.setFixedHeight(96)
        self.list.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        column.addWidget(self.list)
        row = QHBoxLayout()
        for text, work in ((_("Add…"), self.pick), (_("Remove"), self._remove)):
            button = QPushButton(text, box)
            button.clicked.connect(work)
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)
        self.hold(box)
        self.setFocusProxy(self.list)
        self.setAcceptDrops(True)

    def show_value(self, value: Any) -> None:
        self.list.clear()
        self.list.addItems([str(path) for path in value or ()])

    def pick(self) -> None:
        dialog = QFileDialog(self, _("Choose files"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(self.add)
        dialog.open()

    def add(self, paths: list[str]) -> None:
        """Put files at the end of the list, each once."""
        given = list(dict.fromkeys([*map(str, self.value or ()), *paths]))
        if self.offer(given, done=True):
            self.show_value(given)

    def _remove(self) -> None:
        gone = {index.row() for index in self.list.selectedIndexes()}
        given = [path for row, path in enumerate(map(str, self.value or ())) if row not in gone]
        if self.offer(given, done=True):
            self.show_value(given)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _local_files(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.add(_local_files(event.mimeData()))
        event.acceptProposedAction()


class ColourField(Field):
    """An sRGB colour, three numbers from 0 to 1."""

    def __init__(self, param: Param, parent: QWidget | None = None) -> None:
        super().__init__(param, parent)
        self.button = QPushButton(self)
        self.button.setFixedHeight(26)
        self.hold(self.button)
        self.button.clicked.connect(self._ask)

    def show_value(self, value: Any) -> None:
        colour = _colour(value)
        ink = "#000" if colour.lightnessF() > 0.5 else "#fff"
        self.button.setText(colour.name())
        self.button.setStyleSheet(f"QPushButton {{ background: {colour.name()}; color: {ink}; }}")

    def _ask(self) -> None:
        dialog = QColorDialog(_colour(self.value), self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.currentColorChanged.connect(self._trying)
        dialog.colorSelected.connect(self._taken)
        dialog.rejected.connect(partial(self._put_back, self.value))
        dialog.open()

    def _trying(self, colour: QColor) -> None:
        self.offer(_parts(colour), done=False)
        self.show_value(self.value)

    def _put_back(self, before: Any) -> None:
        if self.value != before:
            self.offer(before, done=True)
            self.show_value(before)

    def _taken(self, colour: QColor) -> None:
        self.offer(_parts(colour), done=True)
        self.show_value(self.value)


def _local_files(held: QMimeData) -> list[str]:
    return [url.toLocalFile() for url in held.urls() if url.isLocalFile()]


def _colour(value: Any) -> QColor:
    parts = [min(max(float(part), 0.0), 1.0) for part in (value or (0, 0, 0))[:3]]
    return QColor.fromRgbF(*parts)


def _parts(colour: QColor) -> list[float]:
    return [round(part, 4) for part in (colour.redF(), colour.greenF(), colour.blueF())]
