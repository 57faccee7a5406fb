"""The pinned parameters of a graph as plain fields, under the titles of their nodes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from meshloom.graph_runtime.document import DEFAULT, ROOT, Document
from meshloom.graph_runtime.edits import Edit, Extra, Set
from meshloom.graph_runtime.graph import GROUP_PREFIX, NodeData
from meshloom.graph_runtime.spec import Param
from meshloom.ui.document import OpenDocument
from meshloom.ui.fields.field import Field
from meshloom.ui.fields.make import make_field
from meshloom.ui.fields.text import doc, label
from meshloom.ui.locks import is_locked
from meshloom.ui.promoted import params_of
from meshloom.ui.theme import UNIT, theme
from meshloom.ui.words import _

#: Room at the right for a scroll bar.
GUTTER = 3 * UNIT


def pinned(document: Document) -> list[str]:
    """The places pinned (``node.param``), each once, in their order."""
    held = document.extras.get("pins", ())
    listed = held if isinstance(held, (list, tuple)) else ()
    return list(dict.fromkeys(place for place in listed if isinstance(place, str)))


def param_at(document: Document, place: str) -> tuple[NodeData, Param] | None:
    """The node and the parameter that a pin leads to; ``None`` when it leads nowhere."""
    node, _dot, name = place.partition(".")
    if node not in document.names(ROOT):
        return None
    data = document.node(node, ROOT)
    found = next((param for param in params_of(document, data) if param.name == name), None)
    return (data, found) if found is not None else None


class FormFields(QScrollArea):
    """Follows the document: what is set elsewhere is shown, what is set here is a step of its undo stack."""

    #: The user wants to see the graph (to pin something).
    graph_wanted = Signal()

    def __init__(self, document: OpenDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalScrollBar().rangeChanged.connect(self._keep_gutter)
        self._document = document
        self._shown: tuple[Any, ...] = ()
        self.fields: dict[str, Field] = {}
        self.resets: dict[str, QToolButton] = {}

    # ------------------------------------------------------------------------------------------- showing

    def follow(self, changes: Iterable[tuple[str, str, str]] = ()) -> None:
        """Bring the fields to what the document holds; they are made anew only when others are needed."""
        if not self._shown or any(what != "param" for what, _scope, _node in changes):
            sketch = self._sketch()
            if sketch != self._shown:
                self._show_page(sketch)
                return
        for place, field in self.fields.items():
            value, at_default = self._value(place)
            if value != field.value:
                field.set_value(value)
            self.resets[place].setVisible(not at_default)

    def _sketch(self) -> tuple[Any, ...]:
        document = self._document.document
        held: list[Any] = []
        for place in pinned(document):
            found = param_at(document, place)
            node, _dot, name = place.partition(".")
            if found is None:
                held.append((place,))
                continue
            data, param = found
            locked = is_locked(document, ROOT, node, name)
            held.append((place, data.type, data.title, param, data.links.get(name), locked))
        return (tuple(held), theme().name)

    def _value(self, place: str) -> tuple[Any, bool]:
        found = param_at(self._document.document, place)
        assert found is not None
        data, param = found
        value = data.params.get(param.name, param.default)
        return (
            str(value) if param.kind == "path" and value is not None else value
        ), param.name not in data.params

    def _show_page(self, sketch: tuple[Any, ...]) -> None:
        at = self.verticalScrollBar().value()
        self._shown, self.fields, self.resets = sketch, {}, {}
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, GUTTER, 0)
        column.setSpacing(UNIT)
        document = self._document.document
        places = pinned(document)
        nodes = dict.fromkeys(place.partition(".")[0] for place in places)
        lost = [place for place in places if param_at(document, place) is None]
        for node in nodes:
            here = [p for p in places if p.partition(".")[0] == node and p not in lost]
            if here:
                column.addWidget(self._heading(node))
                for place in here:
                    self._add(column, place)
                column.addSpacing(3 * UNIT)
        for place in lost:
            column.addWidget(self._lost(place))
        if not places:
            self._say_nothing_is_pinned(column)
        column.addStretch(1)
        old = self.takeWidget()
        if old is not None:  # it may be the one whose button was just pressed
            old.hide()
            old.deleteLater()
        self.setWidget(page)
        self.verticalScrollBar().setValue(at)

    def _keep_gutter(self, _low: int, high: int) -> None:
        """The fields end where they end, with a scroll bar beside them or without."""
        page = self.widget()
        layout = page.layout() if page is not None else None
        if layout is not None:
            bar = self.verticalScrollBar().sizeHint().width() if high > 0 else 0
            layout.setContentsMargins(0, 0, max(0, GUTTER - bar), 0)

    def _heading(self, node: str) -> QLabel:
        data = self._document.document.node(node, ROOT)
        spec = self._document.specs.get(data.type)
        plain = _(spec.title) if spec is not None else data.type.removeprefix(GROUP_PREFIX)
        made = QLabel(data.title or plain)
        font = QFont(made.font())
        font.setWeight(QFont.Weight.DemiBold)
        made.setFont(font)
        made.setToolTip(_(spec.summary) if spec is not None else "")
        return made

    def _add(self, column: QVBoxLayout, place: str) -> None:
        found = param_at(self._document.document, place)
        assert found is not None
        data, param = found
        named = label(param.name)
        head = QHBoxLayout()
        head.setSpacing(UNIT)
        name = QLabel(named)
        name.setToolTip(doc(param.doc))
        name.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        name.customContextMenuRequested.connect(partial(self._offer, name, place))
        name.setProperty("mood", "dim")
        head.addWidget(name, 1)
        column.addLayout(head)
        link = data.links.get(param.name)
        if link is not None:
            words = QLabel(_("from {node}.{output}").format(node=link.node, output=link.output))
            column.addWidget(words)
            return
        reset = QToolButton()
        reset.setText("↺")
        reset.setToolTip(_("Back to the default"))
        reset.setAccessibleName(_("Reset {field}").format(field=named))
        reset.setAutoRaise(True)
        reset.setStyleSheet("padding: 0 2px;")
        kept = reset.sizePolicy()
        kept.setRetainSizeWhenHidden(True)
        reset.setSizePolicy(kept)
        reset.clicked.connect(partial(self._reset, place))
        head.addWidget(reset)
        field = make_field(param)
        value, at_default = self._value(place)
        field.set_value(value)
        field.setToolTip(doc(param.doc))
        field.setAccessibleName(named)
        reset.setVisible(not at_default)
        merge = f"form {place} {id(field)}"
        field.changed.connect(partial(self._set, place, merge))
        field.committed.connect(partial(self._set, place, merge))
        column.addWidget(field)
        if is_locked(self._document.document, ROOT, place.partition(".")[0], param.name):
            field.setEnabled(False)
            reset.setEnabled(False)
            field.setToolTip(_("Locked: it cannot be changed by accident"))
        self.fields[place] = field
        self.resets[place] = reset

    def _lost(self, place: str) -> QWidget:
        row = QWidget()
        across = QHBoxLayout(row)
        across.setContentsMargins(0, 0, 0, 0)
        words = QLabel(_("{place} is pinned, but is not in the graph any more.").format(place=place))
        words.setWordWrap(True)
        words.setStyleSheet(f"color: {theme().warn};")
        across.addWidget(words, 1)
        button = QPushButton(_("Unpin"))
        button.clicked.connect(partial(self._unpin, place))
        across.addWidget(button)
        return row

    def _say_nothing_is_pinned(self, column: QVBoxLayout) -> None:
        title = QLabel(_("Nothing is pinned yet"))
        font = QFont(title.font())
        font.setWeight(QFont.Weight.DemiBold)
        title.setFont(font)
        words = QLabel(
            _(
                "This is the graph as a plain form, for those who only want to use it. It shows the settings "
                "that you pin: select a node in the graph and click ○ beside a setting in the inspector."
            )
        )
        words.setWordWrap(True)
        words.setProperty("mood", "dim")
        back = QPushButton(_("Back to the graph"))
        back.clicked.connect(self.graph_wanted)
        column.addWidget(title)
        column.addWidget(words)
        column.addSpacing(2 * UNIT)
        column.addWidget(back, 0, Qt.AlignmentFlag.AlignLeft)

    # ---------------------------------------------------------------------------------------------- setting

    def _do(self, edit: Edit, words: str, merge: str = "") -> None:
        self._document.do(edit, words, merge=merge)

    def _set(self, place: str, merge: str, value: Any) -> None:
        node, _dot, name = place.partition(".")
        data = self._document.document.node(node, ROOT)
        if data.params.get(name, DEFAULT) != value:
            self._do(Set(node, name, value, ROOT), _("Set {field}").format(field=label(name)), merge)

    def _reset(self, place: str) -> None:
        node, _dot, name = place.partition(".")
        self._do(Set(node, name, DEFAULT, ROOT), _("Reset {field}").format(field=label(name)))

    def _unpin(self, place: str) -> None:
        pins = [each for each in pinned(self._document.document) if each != place]
        self._do(Extra("pins", pins or None), _("Unpin {place}").format(place=place))

    def _move(self, place: str, by: int) -> None:
        pins = pinned(self._document.document)
        at = pins.index(place)
        to = max(0, min(at + by, len(pins) - 1))
        pins.insert(to, pins.pop(at))
        self._do(Extra("pins", pins), _("Move {place}").format(place=place))

    def _offer(self, name: QLabel, place: str, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(_("Move up"), partial(self._move, place, -1))
        menu.addAction(_("Move down"), partial(self._move, place, 1))
        menu.addAction(_("Unpin"), partial(self._unpin, place))
        menu.popup(name.mapToGlobal(at))
