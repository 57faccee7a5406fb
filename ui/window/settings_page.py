"""A page of settings: headings, and rows of a name, what is chosen with, and what it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QSizePolicy,
    QSpinBox,
    QWidget,
)

from meshloom.ui.theme import UNIT, theme
from meshloom.ui.words import _

_FIELD = 220
Spin = TypeVar("Spin", QSpinBox, QDoubleSpinBox)


class SettingsPage(QWidget):
    """Filled from the top by :meth:`section` and :meth:`row`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(6 * UNIT, 4 * UNIT, 6 * UNIT, 4 * UNIT)
        self._grid.setHorizontalSpacing(5 * UNIT)
        self._grid.setVerticalSpacing(UNIT)
        self._grid.setColumnStretch(1, 1)
        self._at = 0
        #: What each setting means, and the colour of the theme that it is told in.
        self._notes: list[tuple[QLabel, str]] = []
        self._lines: list[QFrame] = []

    def section(self, title: str) -> None:
        """A heading, with a line above it unless it is the first."""
        if self._at:
            line = QFrame()
            line.setFixedHeight(1)
            self._lines.append(line)
            self._gap(2)
            self._grid.addWidget(line, self._at, 0, 1, 2)
            self._at += 1
            self._gap(2)
        label = QLabel(title)
        font = QFont(label.font())
        font.setWeight(QFont.Weight.DemiBold)
        font.setPointSizeF(font.pointSizeF() * 1.1)
        label.setFont(font)
        self._grid.addWidget(label, self._at, 0, 1, 2)
        self._at += 1
        self._gap(1)

    def row(self, name: str, widget: QWidget, meaning: str) -> QLabel:
        """A setting; returns the label that tells its meaning."""
        label = QLabel(name)
        label.setMinimumWidth(140)
        label.setBuddy(widget.focusProxy() or widget)
        for each in (widget, widget.focusProxy()):
            if each is not None and not each.accessibleName():
                each.setAccessibleName(name)
                each.setAccessibleDescription(meaning if meaning != "-" else "")
        label.setFixedHeight(max(28, widget.sizeHint().height()))
        self._grid.addWidget(label, self._at, 0, Qt.AlignmentFlag.AlignTop)
        if widget.sizePolicy().horizontalPolicy() == QSizePolicy.Policy.Expanding:
            self._grid.addWidget(widget, self._at, 1)
        else:
            self._grid.addWidget(widget, self._at, 1, Qt.AlignmentFlag.AlignLeft)
        self._at += 1
        note = QLabel(meaning)
        note.setWordWrap(True)
        note.setAlignment(Qt.AlignmentFlag.AlignTop)
        if meaning:
            self._notes.append((note, "dim"))
            self._grid.addWidget(note, self._at, 1)
            self._at += 1
        self._gap(1)
        return note

    def end(self) -> None:
        """No more rows: what room is left stays below."""
        self._grid.setRowStretch(self._at, 1)

    def _gap(self, units: int) -> None:
        self._grid.setRowMinimumHeight(self._at, units * UNIT)
        self._at += 1

    def mood(self, note: QLabel, colour: str) -> None:
        """Tell what a setting means in another colour of the theme from now on."""
        self._notes = [(each, colour if each is note else mood) for each, mood in self._notes]
        self.dress()

    def dress(self) -> None:
        """Take on the colours of the theme."""
        for note, mood in self._notes:
            note.setStyleSheet(f"color: {getattr(theme(), mood)};")
        for line in self._lines:
            line.setStyleSheet(f"background: {theme().line}; border: none;")


def choices(named: Mapping[str, str]) -> QComboBox:
    """A box to choose from: data by what it is called."""
    box = QComboBox()
    box.setFixedWidth(_FIELD)
    for name, title in named.items():
        box.addItem(title, name)
    return box


def number(box: Spin, low: float, high: float, unit: str) -> Spin:
    """A number that is told when it has been entered, not at each digit."""
    if isinstance(box, QSpinBox):
        box.setRange(round(low), round(high))
    else:
        box.setRange(low, high)
        box.setSingleStep(0.5)
        box.setDecimals(1)
    box.setSuffix(unit)
    box.setKeyboardTracking(False)
    box.lineEdit().setTextMargins(UNIT, 0, 0, 0)
    box.setFixedWidth(_FIELD)
    return box


def beside(first: QWidget, second: QWidget, wide: bool = False) -> QWidget:
    """Two widgets in a row; ``wide``: the first takes the room there is."""
    held = QWidget()
    held.setFocusProxy(first if first.focusPolicy() != Qt.FocusPolicy.NoFocus else second)
    row = QHBoxLayout(held)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(2 * UNIT)
    row.addWidget(first, 1 if wide else 0)
    row.addWidget(second)
    if wide:
        held.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    return held


def by_environment(name: str) -> str:
    """Why a setting cannot be chosen."""
    return _("Set by {name} in the environment.").format(name=name)


def question(parent: QWidget, text: str, more: str, verb: str) -> QMessageBox:
    """Ask whether to do something that cannot be undone; ``accepted`` tells that it was agreed to."""
    box = QMessageBox(QMessageBox.Icon.NoIcon, parent.windowTitle(), text, parent=parent)
    box.setInformativeText(more)
    box.addButton(verb, QMessageBox.ButtonRole.AcceptRole).setAutoDefault(False)
    leave = box.addButton(_("Cancel"), QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(leave)
    box.setEscapeButton(leave)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
    return box
