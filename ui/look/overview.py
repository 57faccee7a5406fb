"""What a node found out on one page: numbers, tables, figures, and its pictures held against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QFont, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from meshloom.graph_runtime import types
from meshloom.graph_runtime.spec import NodeSpec, Port
from meshloom.graph_runtime.types import SCALARS
from meshloom.ui.fields.text import label
from meshloom.ui.look.compare import CompareView
from meshloom.ui.look.image_view import ImageView
from meshloom.ui.look.pages import FigureView, TableView
from meshloom.ui.theme import UNIT, current, theme
from meshloom.ui.words import _

#: From this width on, figures stand side by side.
_WIDE = 820
_FIGURE, _PICTURE, _TABLE = 280, 380, 340
#: Pictures of a list that are loaded.
MOST = 16


@dataclass(frozen=True)
class Part:
    """An output by name, with its values (one, or those of a list)."""

    name: str
    values: tuple[Any, ...]


def can_show(port: Port) -> bool:
    """Whether an output has a place on such a page."""
    base = port.wire.base
    if base is types.Image:
        return True
    return not port.wire.many and (base in (types.Table, types.Figure) or base in SCALARS.values())


def has_overview(spec: NodeSpec) -> bool:
    """Whether a node finds out several things that are best seen together."""
    bases = [port.wire.base for port in spec.outputs if not port.wire.many]
    told = bases.count(types.Table) + bases.count(types.Figure)
    lists = sum(port.wire.many and port.wire.base is types.Image for port in spec.outputs)
    return told >= 2 or (told == 1 and lists >= 1)


def is_report(spec: NodeSpec) -> bool:
    """Whether such a page is what a node is there for: its first output is a table or a figure."""
    first = spec.outputs[0].wire
    return has_overview(spec) and not first.many and first.base in (types.Table, types.Figure)


class Overview(QScrollArea):
    """Sections one below the other; in a wide window figures stand side by side."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.sections: dict[str, QWidget] = {}
        self._names: tuple[str, ...] = ()
        self._page = QWidget()
        self._grid = QGridLayout(self._page)
        self._grid.setContentsMargins(4 * UNIT, 3 * UNIT, 4 * UNIT, 4 * UNIT)
        self._grid.setHorizontalSpacing(4 * UNIT)
        self._grid.setVerticalSpacing(4 * UNIT)
        self.setWidget(self._page)
        self._wide = False
        self._wheel = _Wheel(self)
        self._heads: list[QLabel] = []
        current().changed.connect(self._dress)

    def show_parts(self, parts: Sequence[Part]) -> None:
        """Show the outputs of a node. Of the same node with new values, views and choices are kept."""
        names = tuple(f"{part.name} {_kind(part)}" for part in parts)
        if names != self._names:
            self._names = names
            self._build(parts)
        for part in parts:
            if part.name in self.sections:
                self._fill(part)
        numbers = [part for part in parts if _kind(part) == "number"]
        told = "     ".join(f"{label(part.name)} <b>{_number(part.values[0])}</b>" for part in numbers)
        self._numbers.setText(told.replace("  ", "&nbsp; "))
        self._numbers.setVisible(bool(numbers))

    def _build(self, parts: Sequence[Part]) -> None:
        for old in (*self.sections.values(), *self._page.findChildren(_Section)):
            old.setParent(None)
            old.deleteLater()
        self.sections.clear()
        self._heads.clear()
        self._numbers = QLabel()
        self._numbers.setTextFormat(Qt.TextFormat.RichText)
        self._places: list[tuple[QWidget, bool]] = [(self._numbers, True)]
        for part in parts:
            kind = _kind(part)
            if kind in ("", "number"):
                continue
            widget = {"table": TableView, "figure": FigureView, "picture": ImageView, "pictures": _Pictures}[
                kind
            ]()
            section = _Section(label(part.name), widget)
            section.head.setVisible(kind != "figure")  # it has a title of its own
            self._heads.append(section.head)
            self.sections[part.name] = widget
            self._places.append((section, kind != "figure"))
            if kind in ("picture", "pictures"):
                widget.setFixedHeight(_PICTURE)
            elif kind == "figure":
                widget.setFixedHeight(_FIGURE)
            self._let_scroll(widget)
        self._dress()
        self._place()

    def _fill(self, part: Part) -> None:
        widget: Any = self.sections[part.name]
        if isinstance(widget, _Pictures):
            widget.show_pictures(part.values)
            return
        widget.show_value(part.values[0])
        if isinstance(widget, TableView):
            high = widget.horizontalHeader().sizeHint().height() + 2 * widget.frameWidth()
            high += sum(widget.rowHeight(row) for row in range(widget.rowCount()))
            widget.setFixedHeight(min(high + widget.horizontalScrollBar().sizeHint().height(), _TABLE))

    def _place(self) -> None:
        """Put the sections into one column or two."""
        for widget, _whole in self._places:
            self._grid.removeWidget(widget)
        row = column = 0
        for widget, whole in self._places:
            if whole or not self._wide:
                row, column = (row + 1 if column else row), 0
                self._grid.addWidget(widget, row, 0, 1, 2)
                row += 1
            else:
                self._grid.addWidget(widget, row, column)
                row, column = (row + 1, 0) if column else (row, 1)
        self._grid.setColumnStretch(0, 1)
        self._grid.setColumnStretch(1, 1)
        for each in range(row + 2):
            self._grid.setRowStretch(each, 0)
        self._grid.setRowStretch(row + 1, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.viewport().width() >= _WIDE
        if wide != self._wide:
            self._wide = wide
            if self._names:
                self._place()

    def _dress(self) -> None:
        for head in self._heads:
            head.setStyleSheet(f"color: {theme().dim};")

    def _let_scroll(self, widget: QWidget) -> None:
        for each in (widget, *widget.findChildren(QWidget)):
            each.installEventFilter(self._wheel)
            if each.focusPolicy() == Qt.FocusPolicy.WheelFocus:
                each.setFocusPolicy(Qt.FocusPolicy.StrongFocus)


class _Wheel(QObject):
    """A wheel turns nothing that has not the focus: it scrolls the page.

    Not the page itself, which hears of its own scroll bars in the same way.
    """

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget):
            held = watched.parentWidget() if _is_viewport(watched) else watched
            if held is not None and not held.hasFocus():
                event.ignore()
                return True
        return super().eventFilter(watched, event)


def _is_viewport(widget: QWidget) -> bool:
    parent = widget.parentWidget()
    return isinstance(parent, QAbstractScrollArea) and parent.viewport() is widget


class _Section(QWidget):
    """A heading over a widget."""

    def __init__(self, title: str, widget: QWidget) -> None:
        super().__init__()
        self.head = QLabel(title)
        font = QFont(self.head.font())
        font.setWeight(QFont.Weight.DemiBold)
        self.head.setFont(font)
        widget.setAccessibleName(title)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        column.addWidget(self.head)
        column.addWidget(widget)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)


class _Pictures(QWidget):
    """Two pictures of a list, chosen by name, held against each other."""

    def __init__(self) -> None:
        super().__init__()
        self.values: tuple[Any, ...] = ()
        self.boxes = (QComboBox(), QComboBox())
        self.compare = CompareView()
        bar = QHBoxLayout()
        bar.setContentsMargins(0, 0, 0, UNIT)
        bar.setSpacing(2 * UNIT)
        for words, box in zip(("A", "B"), self.boxes, strict=True):
            name = QLabel(words)
            name.setBuddy(box)
            box.setAccessibleName(_("Picture {place}").format(place=words))
            bar.addWidget(name)
            bar.addWidget(box, 1)
            box.currentIndexChanged.connect(self._show)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(self.compare, 1)
        self.compare.swapped.connect(self._swapped)

    def show_pictures(self, values: tuple[Any, ...]) -> None:
        """Of the same names, those chosen stay chosen."""
        self.values = values
        names = [value.name or str(place + 1) for place, value in enumerate(values)]
        for place, box in enumerate(self.boxes):
            held = [box.itemText(index) for index in range(box.count())]
            if held == names:
                continue
            box.blockSignals(True)
            box.clear()
            box.addItems(names)
            box.setCurrentIndex(min(place, len(names) - 1))
            box.blockSignals(False)
        self._show()

    def _show(self) -> None:
        one, other = (self.values[box.currentIndex()] for box in self.boxes)
        self.compare.show_values(one, other, (self.boxes[0].currentText(), self.boxes[1].currentText()))

    def _swapped(self) -> None:
        first, second = (box.currentIndex() for box in self.boxes)
        for box, index in zip(self.boxes, (second, first), strict=True):
            box.blockSignals(True)
            box.setCurrentIndex(index)
            box.blockSignals(False)


def _kind(part: Part) -> str:
    if not part.values:
        return ""
    first = part.values[0]
    if isinstance(first, types.Image):
        return "pictures" if len(part.values) > 1 else "picture"
    if isinstance(first, types.Table):
        return "table"
    if isinstance(first, types.Figure):
        return "figure"
    return "number" if isinstance(first, (bool, int, float, str)) else ""


def _number(value: Any) -> str:
    import html

    return f"{value:.4g}" if isinstance(value, float) else html.escape(str(value))
