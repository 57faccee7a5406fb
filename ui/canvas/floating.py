"""Editors that open over the canvas, one at a time: of a painted field, a title, a note.

They are real widgets, so typing, input methods and the clipboard work; they go on Enter, Escape, or when the focus
leaves them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt
from PySide6.QtWidgets import QApplication, QFrame, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from meshloom.graph_runtime.edits import Set, Title
from meshloom.ui.canvas import decor
from meshloom.ui.canvas.gestures import decor_edit
from meshloom.ui.canvas.shape import FIELD, HEAD, PAD, Field
from meshloom.ui.fields.make import make_field
from meshloom.ui.fields.number import NumberField
from meshloom.ui.theme import UNIT, theme
from meshloom.ui.words import _

if TYPE_CHECKING:
    from meshloom.ui.canvas.view import CanvasView


class Floating(QFrame):
    """A frame over the canvas around an editor. ``take`` is called with what was entered, on the way out."""

    def __init__(self, view: CanvasView, editor: QWidget, box: QRectF) -> None:
        for old in view.viewport().findChildren(Floating):
            old.leave()
        super().__init__(view.viewport())
        self.setObjectName("floating")
        self.setStyleSheet(
            f"#floating {{ background: {theme().panel}; border: 1px solid {theme().accent}; border-radius: 6px; }}"
        )
        self.editor = editor
        self._left = False
        column = QVBoxLayout(self)
        column.setContentsMargins(UNIT, UNIT, UNIT, UNIT)
        column.addWidget(editor)
        self.setFixedWidth(max(220, round(box.width()) + 2 * UNIT))
        self.adjustSize()
        area = view.viewport().rect()
        left = min(max(round(box.left()) - UNIT, 0), max(0, area.width() - self.width()))
        top = min(max(round(box.top()) - UNIT, 0), max(0, area.height() - self.height()))
        self.move(left, top)
        self.show()
        editor.setFocus()
        for each in (editor, *editor.findChildren(QWidget)):
            each.installEventFilter(self)
        QApplication.instance().focusChanged.connect(self._focus_moved)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Escape:  # type: ignore[attr-defined]
            self.leave()
            return True
        return False

    def _focus_moved(self, old: QWidget | None, now: QWidget | None) -> None:
        if (
            now is not None
            and now.window() is self.window()
            and now is not self
            and not self.isAncestorOf(now)
        ):
            self.leave()

    def leave(self, *_said: object) -> None:
        """Close; what was entered and is right has been taken already."""
        if self._left:
            return
        self._left = True
        QApplication.instance().focusChanged.disconnect(self._focus_moved)
        focused = QApplication.focusWidget()
        if focused is not None and self.isAncestorOf(focused):
            self.parentWidget().parentWidget().setFocus()
        self.hide()
        self.deleteLater()


def _in_view(view: CanvasView, box: QRectF) -> QRectF:
    return QRectF(
        view.mapFromScene(box.topLeft()).toPointF(), view.mapFromScene(box.bottomRight()).toPointF()
    )


def edit_field(view: CanvasView, name: str, field: Field) -> Floating | None:
    """The editor of a parameter, over where it is painted."""
    if field.param is None:
        return None
    shape = view.model.shapes[name]
    box = QRectF(shape.x + PAD, shape.y + field.y, shape.width - 2 * PAD, FIELD)
    editor = make_field(field.param)
    editor.set_value(field.value)
    merge = f"field {name}.{field.name} {id(editor)}"
    scope = view.scope
    document = view.document

    def take(value: Any) -> None:
        document.do(
            Set(name, field.name, value, scope), _("Set {field}").format(field=field.label), merge=merge
        )

    editor.changed.connect(take)
    editor.committed.connect(take)
    floating = Floating(view, editor, _in_view(view, box))
    editor.committed.connect(floating.leave)
    if isinstance(editor, NumberField):
        editor.type()
    return floating


def edit_title(view: CanvasView) -> Floating | None:
    """The title of the selected node."""
    if not view.selection:
        return None
    name = view.selection[0]
    shape = view.model.shapes[name]
    line = QLineEdit(shape.title)
    line.selectAll()
    before = view.document.document.node(name, view.scope).title
    scope, document = view.scope, view.document

    def take() -> None:
        text = line.text().strip()
        if text not in (before, shape.title):
            document.do(Title(name, text, scope), _("Title"))

    line.editingFinished.connect(take)
    floating = Floating(view, line, _in_view(view, QRectF(shape.x, shape.y, shape.width, HEAD)))
    line.returnPressed.connect(floating.leave)
    return floating


def edit_decor(view: CanvasView, at: QPointF) -> bool:
    """Edit the frame's title or the note at a point of the scene, if there is one."""
    note, frame = decor.note_at(view.model, at), decor.frame_at(view.model, at)
    if note is not None:
        held = decor.held(view.model, "notes")[note]
        page = QPlainTextEdit(str(held.get("text", "")))
        page.setMinimumHeight(120)
        Floating(view, page, _in_view(view, decor.box_of(held)))
        page.textChanged.connect(lambda: _write(view, "notes", note, "text", page.toPlainText()))
    elif frame is not None:
        held = decor.held(view.model, "frames")[frame]
        box = decor.box_of(held)
        line = QLineEdit(str(held.get("title", "")))
        line.selectAll()
        floating = Floating(view, line, _in_view(view, QRectF(box.left(), box.top(), 240, decor.FRAME_HEAD)))
        line.returnPressed.connect(floating.leave)
        line.editingFinished.connect(lambda: _write(view, "frames", frame, "title", line.text()))
    return note is not None or frame is not None


def _write(view: CanvasView, kind: str, index: int, key: str, text: str) -> None:
    listed = [dict(each) for each in decor.held(view.model, kind)]
    if index < len(listed) and listed[index].get(key) != text:
        listed[index][key] = text
        view.document.do(decor_edit(view, kind, listed), _("Write"), merge=f"{kind} {view.scope} {index}")
