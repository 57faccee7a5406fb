"""All of the selected node: how it stands, every parameter, what went wrong, what it is."""

from __future__ import annotations

import contextlib
import difflib
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QGuiApplication
from PySide6.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from meshloom.graph_runtime.document import DEFAULT, ROOT
from meshloom.graph_runtime.edits import Add, Batch, Edit, Extra, NewLink, Remove, Set, Title
from meshloom.graph_runtime.graph import GROUP_PREFIX, Link, NodeData
from meshloom.graph_runtime.spec import NodeSpec, Param
from meshloom.ui.canvas.decor import human_bytes
from meshloom.ui.canvas.paint import mood_of, state_words
from meshloom.ui.canvas.scopes import title_at
from meshloom.ui.document import OpenDocument
from meshloom.ui.fields.field import Field
from meshloom.ui.fields.make import make_field
from meshloom.ui.fields.text import doc, label
from meshloom.ui.library import Library
from meshloom.ui.locks import is_locked, lock_toggled
from meshloom.ui.promoted import is_promoted, params_of, toggled
from meshloom.ui.running.reasons import told
from meshloom.ui.running.status import NodeStatus
from meshloom.ui.theme import UNIT, current, icon, theme
from meshloom.ui.words import _


class Inspector(QScrollArea):
    """Shows the nodes named in :meth:`show_nodes`; several of one kind are edited together."""

    #: F1, or the button: the docs of a node type are wanted.
    docs_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(280)
        self._document: OpenDocument | None = None
        self._scope = ROOT
        self._names: list[str] = []
        self._shown: tuple[Any, ...] = ()
        self._stroke = 0
        self._told: NodeStatus | None = None
        self.fields: dict[str, Field] = {}
        self._resets: dict[str, QToolButton] = {}
        self._status = QLabel()
        self._show_page()
        current().changed.connect(self._themed)

    def _themed(self) -> None:
        status = self._told
        self._show_page()
        self.set_status(status)

    # ---------------------------------------------------------------------------------------- what is shown

    def set_document(self, document: OpenDocument | None) -> None:
        """Follow another document."""
        if self._document is not None:
            self._document.changed.disconnect(self._changed)
        self._document = document
        if document is not None:
            document.changed.connect(self._changed)
        self.show_nodes([], ROOT)

    def show_nodes(self, names: list[str], scope: str) -> None:
        """Show these nodes of a scope."""
        self._names, self._scope, self._told = list(names), scope, None
        self._show_page()

    def _changed(self, changes: object) -> None:
        assert self._document is not None
        there = self._scope in self._document.document.scopes
        present = set(self._document.document.names(self._scope)) if there else set()
        self._names = [name for name in self._names if name in present]
        if self._sketch() != self._shown:
            self._show_page()
            return
        for name, field in self.fields.items():
            value, at_default = self._value(field.param)
            if value != field.value:
                field.set_value(value)
            self._resets[name].setVisible(not at_default)

    def _sketch(self) -> tuple[Any, ...]:
        """What decides which widgets there are; values are put into those."""
        if self._document is None:
            return ()
        data = [self._document.document.node(name, self._scope) for name in self._names]
        pins = (
            tuple(self._document.document.extras.get("pins", ())),
            str(self._document.document.extras.get("locks", "")),
        )
        return (
            tuple(self._names),
            tuple((each.type, each.title, tuple(each.links), each.mute, each.bypass) for each in data),
            pins,
        )

    def _data(self) -> list[NodeData]:
        assert self._document is not None
        return [self._document.document.node(name, self._scope) for name in self._names]

    def _value(self, param: Param) -> tuple[Any, bool]:
        held = self._data()[0].params
        value = held.get(param.name, param.default)
        return (str(value) if param.kind == "path" and value is not None else value), param.name not in held

    def _show_page(self) -> None:
        self.fields, self._resets = {}, {}
        self._status = QLabel()  # that of the page before goes with it
        self._shown = self._sketch()
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(4 * UNIT, 3 * UNIT, 4 * UNIT, 3 * UNIT)
        column.setSpacing(2 * UNIT)
        if self._document is None or not self._names:
            hint = QLabel(_("Select a node to see all of its settings."))
            hint.setProperty("mood", "dim")
            hint.setWordWrap(True)
            column.addWidget(hint)
        else:
            self._fill(column)
        column.addStretch(1)
        old = self.takeWidget()
        if old is not None:  # setWidget would delete it at once: it may be in the middle of losing the focus
            old.hide()
            old.deleteLater()
        self.setWidget(page)
        if self._told is not None:
            self.set_status(self._told)

    def _fill(self, column: QVBoxLayout) -> None:
        assert self._document is not None
        data = self._data()
        spec = self._document.specs.get(data[0].type)
        column.addLayout(self._head(data, spec))
        self._status = QLabel()
        self._status.setWordWrap(True)
        self._status.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._status.hide()
        column.addWidget(self._status)
        if spec is None and not data[0].type.startswith(GROUP_PREFIX):
            self._offer_replacements(column, self._names[0], data[0])
            return
        if len({each.type for each in data}) > 1:
            words = QLabel(_("{count} nodes of several kinds are selected.").format(count=len(data)))
            words.setWordWrap(True)
            column.addWidget(words)
            return
        if spec is not None:
            about = QLabel(_(spec.summary))
            about.setWordWrap(True)
            about.setProperty("mood", "dim")
            column.addWidget(about)
        params = params_of(self._document.document, data[0])
        if params:
            column.addLayout(self._sets_row(data[0]))
        for param in params:
            self._add_param(column, param, data[0])

    def _head(self, data: list[NodeData], spec: NodeSpec | None) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(UNIT)
        if len(data) == 1:
            title = QLineEdit(data[0].title or (_(spec.title) if spec is not None else self._names[0]))
            title.setToolTip(f"{self._names[0]} · {data[0].type}")
            title.editingFinished.connect(partial(self._titled, title))
        else:
            title = QLineEdit(_("{count} nodes").format(count=len(data)))
            title.setReadOnly(True)
        font = QFont(title.font())
        font.setWeight(QFont.Weight.DemiBold)
        title.setFont(font)
        row.addWidget(title, 1)
        if spec is not None:
            docs = QToolButton()
            docs.setText("?")
            docs.setToolTip(_("What this node does (F1)"))
            docs.clicked.connect(partial(self.docs_wanted.emit, spec.id))
            row.addWidget(docs)
        return row

    def _titled(self, line: QLineEdit) -> None:
        if not line.isModified() or self._document is None:
            return
        line.setModified(False)
        self._document.do(Title(self._names[0], line.text().strip(), self._scope), _("Title"))

    def _add_param(self, column: QVBoxLayout, param: Param, data: NodeData) -> None:
        name = QLabel(label(param.name))
        name.setToolTip(doc(param.doc))
        head = QHBoxLayout()
        head.setSpacing(UNIT)
        head.addWidget(name, 1)
        pinned = QToolButton()
        place = f"{self._names[0]}.{param.name}"
        assert self._document is not None
        held = self._document.document
        if self._scope == ROOT:
            is_pinned = place in held.extras.get("pins", ())
            tip = _("Pin to the form view")
        else:
            is_pinned = is_promoted(held, self._scope, self._names[0], param.name)
            tip = _("Make it a setting of the group")
        pinned.setText("●" if is_pinned else "○")
        pinned.setToolTip(tip)
        pinned.setAccessibleName(f"{tip}: {param.name}")
        pinned.setAutoRaise(True)
        pinned.setStyleSheet(f"color: {theme().accent if is_pinned else theme().dim}; padding: 0 2px;")
        pinned.clicked.connect(partial(self._toggle_pin, place))
        reset = QToolButton()
        reset.setText("↺")
        reset.setToolTip(_("Back to the default"))
        reset.setAutoRaise(True)
        reset.setStyleSheet("padding: 0 2px;")
        reset.clicked.connect(partial(self._reset, param.name))
        head.addWidget(reset)
        if len(self._names) == 1:
            head.addWidget(self._lock_button(param.name))
            head.addWidget(pinned)
        else:
            pinned.deleteLater()
        column.addLayout(head)
        if param.name in data.links:
            link = data.links[param.name]
            words = QLabel(_("from {node}.{output}").format(node=link.node, output=link.output))
            words.setProperty("mood", "dim")
            column.addWidget(words)
            reset.hide()
            return
        field = make_field(param)
        value, at_default = self._value(param)
        field.set_value(value)
        field.setToolTip(doc(param.doc))
        reset.setVisible(not at_default)
        merge = f"inspector {self._scope} {self._names} {param.name} {id(field)}"
        field.changed.connect(partial(self._set, param.name, merge))
        field.committed.connect(partial(self._set, param.name, merge))
        field.committed.connect(self._end_stroke)
        column.addWidget(field)
        if self._is_locked(param.name):
            field.setEnabled(False)
            reset.setEnabled(False)
        self.fields[param.name] = field
        self._resets[param.name] = reset

    # ---------------------------------------------------------------------------------- locks, sets, promotion

    def _is_locked(self, param: str) -> bool:
        assert self._document is not None
        return is_locked(self._document.document, self._scope, self._names[0], param)

    def _lock_button(self, param: str) -> QToolButton:
        locked = self._is_locked(param)
        button = QToolButton()
        button.setIcon(icon("locked" if locked else "unlocked"))
        button.setProperty("locked", locked)
        button.setToolTip(_("Locked: it cannot be changed by accident") if locked else _("Lock"))
        button.setAutoRaise(True)
        button.setStyleSheet("padding: 0 2px;")
        button.setAccessibleName(f"{button.toolTip()}: {param}")
        button.clicked.connect(partial(self._toggle_lock, param))
        return button

    def _toggle_lock(self, param: str) -> None:
        assert self._document is not None
        self._document.do(
            lock_toggled(self._document.document, self._scope, self._names[0], param), _("Lock")
        )

    def _sets_row(self, data: NodeData) -> QHBoxLayout:
        """Named sets of the node's parameters."""
        row = QHBoxLayout()
        words = QLabel(_("Presets"))
        words.setProperty("mood", "dim")
        row.addWidget(words, 1)
        button = QToolButton()
        button.setText(_("Choose"))
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        menu.aboutToShow.connect(partial(self._fill_sets, menu, data.type))
        button.setMenu(menu)
        row.addWidget(button)
        return row

    def _fill_sets(self, menu: QMenu, type_: str) -> None:
        menu.clear()
        library = Library()
        sets = library.sets(type_)
        for name, params in sets.items():
            menu.addAction(name, partial(self._take_set, name, params))
        if sets:
            menu.addSeparator()
        menu.addAction(_("All at their defaults"), partial(self._take_set, _("Defaults"), {}))
        menu.addAction(_("Keep as a preset…"), partial(self._ask_set_name, type_))
        if sets:
            forget = menu.addMenu(_("Forget"))
            for name in sets:
                forget.addAction(name, partial(library.keep_set, type_, name, None))

    def _ask_set_name(self, type_: str) -> None:
        dialog = QInputDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(_("Keep as a preset"))
        dialog.setLabelText(_("Name"))
        dialog.textValueSelected.connect(partial(self._keep_set, type_))
        dialog.open()

    def _keep_set(self, type_: str, name: str) -> None:
        if name.strip():
            with contextlib.suppress(OSError):
                Library().keep_set(type_, name.strip(), self._data()[0].params)

    def _take_set(self, name: str, params: dict[str, Any]) -> None:
        assert self._document is not None
        known = {param.name for param in params_of(self._document.document, self._data()[0])}
        edits: list[Edit] = []
        for node, data in zip(self._names, self._data(), strict=True):
            free = [each for each in known if each not in data.links]
            for param in sorted(free):
                if is_locked(self._document.document, self._scope, node, param):
                    continue
                wanted = params.get(param, DEFAULT)
                if data.params.get(param, DEFAULT) != wanted:
                    edits.append(Set(node, param, wanted, self._scope))
        self._document.do(Batch(tuple(edits), _("Preset {name}").format(name=name)))

    # --------------------------------------------------------------------------------------------- changing

    def _end_stroke(self, *_said: object) -> None:
        """What is dragged next is a step of its own."""
        self._stroke += 1

    def _set(self, param: str, merge: str, value: Any) -> None:
        assert self._document is not None
        merge = f"{merge} {self._stroke}"
        edits = tuple(
            Set(name, param, value, self._scope)
            for name, data in zip(self._names, self._data(), strict=True)
            if data.params.get(param, DEFAULT) != value
        )
        if edits:
            self._document.do(Batch(edits, _("Set {field}").format(field=label(param))), merge=merge)

    def _reset(self, param: str) -> None:
        assert self._document is not None
        edits = tuple(Set(name, param, DEFAULT, self._scope) for name in self._names)
        self._document.do(Batch(edits, _("Reset {field}").format(field=label(param))))

    def _toggle_pin(self, place: str) -> None:
        assert self._document is not None
        if self._scope != ROOT:
            node, _dot, param = place.rpartition(".")
            label_ = _("Setting of the group")
            self._document.do(toggled(self._document.document, self._scope, node, param), label_)
            self._show_page()
            return
        pins = list(self._document.document.extras.get("pins", ()))
        pins.remove(place) if place in pins else pins.append(place)
        self._document.do(Extra("pins", pins or None), _("Pin {place}").format(place=place))

    # --------------------------------------------------------------------------------------------- statuses

    def _title_at(self, path: str) -> str:
        return title_at(self._document.document, path) if self._document is not None else path

    def set_status(self, status: NodeStatus | None) -> None:
        """How the (first) node shown stands."""
        self._told = status
        if status is None or status.state == "unknown" or not self._names:
            self._status.hide()
            return
        words, right = state_words(status)
        lines = [" · ".join(part for part in (words, right) if part)]
        lines += [
            part
            for part in (status.hint, told(status.why, self._title_at), *status.notes)
            if part and part != words
        ]
        if status.bytes:
            lines.append(_("result: {size}").format(size=human_bytes(status.bytes)))
        if status.peak_bytes:
            lines.append(_("most memory: {size}").format(size=human_bytes(status.peak_bytes)))
        self._status.setText("\n".join(lines))
        mood = getattr(theme(), mood_of(status))
        self._status.setStyleSheet(
            f"border-left: 3px solid {mood}; padding: 4px 8px; background: {theme().field}; border-radius: 3px;"
        )
        self._status.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._status.setToolTip(_("Right-click to copy the details") if status.details else "")
        self._details = status.details
        if status.details and not self._status.property("wired"):
            self._status.setProperty("wired", True)
            self._status.customContextMenuRequested.connect(self._offer_details)
        self._status.show()

    def _offer_details(self, at: Any) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(_("Copy details"), partial(QGuiApplication.clipboard().setText, self._details))
        menu.popup(self._status.mapToGlobal(at))

    # ------------------------------------------------------------------------------------------- ghosts

    def _offer_replacements(self, column: QVBoxLayout, name: str, data: NodeData) -> None:
        assert self._document is not None
        words = QLabel(
            _(
                "No node called {type} is installed. Its settings and links are kept. Install the pack it "
                "comes from, or replace it:"
            ).format(type=data.type)
        )
        words.setWordWrap(True)
        column.addWidget(words)
        for near in difflib.get_close_matches(data.type, list(self._document.specs), 4, 0.5):
            spec = self._document.specs[near]
            button = QPushButton(f"{_(spec.title)}  ({near})")
            button.clicked.connect(partial(self._replace, name, near))
            column.addWidget(button)
        form = QFormLayout()
        for param, value in data.params.items():
            held = QLabel(str(value))
            held.setWordWrap(True)
            form.addRow(label(param), held)
        column.addLayout(form)

    def _replace(self, name: str, type_: str) -> None:
        """Put a node of another type in a node's place, with the settings and links that it has too."""
        assert self._document is not None
        document = self._document.document
        spec = self._document.specs[type_]
        data = document.node(name, self._scope)
        links: dict[str, Link] = {
            socket: link for socket, link in data.links.items() if spec.input(socket) or spec.param(socket)
        }
        params = {key: value for key, value in data.params.items() if spec.param(key) is not None}
        outgoing = [each for each in document.links_from(name, self._scope) if spec.output(each[0])]
        edits: list[Edit] = [
            Remove(name, self._scope),
            Add(name, NodeData(type_, params, links, title=data.title), document.position(name, self._scope),
                self._scope),
        ]  # fmt: skip
        edits += [NewLink(name, output, target, socket, self._scope) for output, target, socket in outgoing]
        self._document.do(Batch(tuple(edits), _("Replace {node}").format(node=name)))
