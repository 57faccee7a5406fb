"""What is on the canvas beside nodes and links: frames, notes, badges, tooltips, notices.

Frames and notes are extras of the document, by scope: ``{"frames": {"": [{"title", "colour", "box"}]},
"notes": {"": [{"text", "box"}]}}``, a box being [x, y, width, height].
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QTextDocument

from meshloom.ui.canvas.hits import PLAIN, Hit
from meshloom.ui.canvas.model import CanvasModel
from meshloom.ui.canvas.paint import draw_text, font, metrics, state_words
from meshloom.ui.canvas.scopes import title_at
from meshloom.ui.fields.text import doc
from meshloom.ui.running.reasons import told
from meshloom.ui.theme import theme
from meshloom.ui.words import _

if TYPE_CHECKING:
    from meshloom.ui.canvas.view import CanvasView

#: The bar of a frame that holds its title, in scene units; it is what the frame is dragged by.
FRAME_HEAD = 30.0
FRAME_COLOURS = ("#4d6fa8", "#4f8a5b", "#a07b3f", "#8a4f7d", "#a3524c", "#5d666f")


def held(model: CanvasModel, kind: str) -> list[dict[str, Any]]:
    """The frames or notes of the scope shown, those that make sense."""
    found = model.document.document.extras.get(kind, {})
    listed = found.get(model.scope, []) if isinstance(found, Mapping) else []
    return [each for each in listed if isinstance(each, dict) and _box(each) is not None]


def _box(each: Mapping[str, Any]) -> QRectF | None:
    box = each.get("box")
    if not isinstance(box, (list, tuple)) or len(box) != 4:
        return None
    if not all(isinstance(side, (int, float)) and abs(side) < 1e9 for side in box):
        return None
    return QRectF(*map(float, box))


def box_of(each: Mapping[str, Any]) -> QRectF:
    """The box of a frame or note from :func:`held`."""
    found = _box(each)
    assert found is not None
    return found


def frame_at(model: CanvasModel, point: QPointF) -> int | None:
    """The frame whose title bar is at a point of the scene."""
    for index, each in reversed(list(enumerate(held(model, "frames")))):
        box = box_of(each)
        if QRectF(box.left(), box.top(), box.width(), FRAME_HEAD).contains(point):
            return index
    return None


def note_at(model: CanvasModel, point: QPointF) -> int | None:
    """The note at a point of the scene."""
    found = [index for index, each in enumerate(held(model, "notes")) if box_of(each).contains(point)]
    return found[-1] if found else None


def paint_frames(painter: QPainter, view: CanvasView, visible: QRectF) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for each in held(view.model, "frames"):
        box = box_of(each)
        if not box.intersects(visible):
            continue
        colour = QColor(str(each.get("colour", "")))
        colour = colour if colour.isValid() else QColor(FRAME_COLOURS[0])
        fill = QColor(colour)
        fill.setAlphaF(0.16)
        painter.setPen(QPen(colour, 1.2))
        painter.setBrush(fill)
        painter.drawRoundedRect(box, 8, 8)
        title = QRectF(box.left() + 10, box.top(), box.width() - 20, FRAME_HEAD)
        size = 15.0 if view.zoom >= PLAIN else min(15.0 / view.zoom * 0.6, FRAME_HEAD)
        draw_text(painter, title, _(str(each.get("title", ""))), theme().colour("text"), size, bold=True)


def paint_notes(painter: QPainter, view: CanvasView, visible: QRectF) -> None:
    for each in held(view.model, "notes"):
        box = box_of(each)
        if not box.intersects(visible):
            continue
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme().colour("line"), 1.0))
        painter.setBrush(theme().colour("raised"))
        painter.drawRoundedRect(box, 4, 4)
        if view.zoom < 0.3:
            continue
        page = QTextDocument()
        page.setDefaultFont(font(13))
        page.setDefaultStyleSheet(f"* {{ color: {theme().text}; }} a {{ color: {theme().accent}; }}")
        page.setTextWidth(box.width() - 20)
        markdown = QTextDocument()
        markdown.setMarkdown(str(each.get("text", "")), QTextDocument.MarkdownFeature.MarkdownNoHTML)
        page.setHtml(markdown.toHtml())
        painter.save()
        painter.translate(box.left() + 10, box.top() + 6)
        page.drawContents(painter, QRectF(0, 0, box.width() - 20, box.height() - 12))
        painter.restore()


def paint_converter(painter: QPainter, at: QPointF) -> None:
    """The badge of a link whose value is changed into another type on its way."""
    painter.setPen(QPen(theme().colour("dim"), 1.0))
    painter.setBrush(theme().colour("raised"))
    painter.drawEllipse(at, 9, 9)
    draw_text(painter, QRectF(at.x() - 9, at.y() - 9, 18, 18), "⇢", theme().colour("text"), 12,
              align=Qt.AlignmentFlag.AlignHCenter)  # fmt: skip
    painter.setBrush(Qt.BrushStyle.NoBrush)


def paint_notice(painter: QPainter, view: QRect, text: str, at: QPointF) -> None:
    """A message beside the pointer, within the view."""
    lines = [line.strip() for line in text.splitlines() if line.strip()][:4]
    width = min(max(metrics(13).horizontalAdvance(line) for line in lines) + 24, view.width() - 16.0)
    height = 20.0 * len(lines) + 14
    left = min(max(at.x() + 14, 8.0), view.width() - width - 8)
    top = min(max(at.y() + 18, 8.0), view.height() - height - 8)
    box = QRectF(left, top, width, height)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme().colour("bad"), 1.2))
    painter.setBrush(theme().colour("raised"))
    painter.drawRoundedRect(box, 6, 6)
    for index, line in enumerate(lines):
        row = QRectF(box.left() + 12, box.top() + 7 + 20 * index, box.width() - 24, 20)
        draw_text(painter, row, line, theme().colour("text" if index == 0 else "dim"), 13)


def tooltip(model: CanvasModel, hit: Hit) -> str:
    """What is told of the thing under the pointer, as HTML; empty for nothing."""
    if hit.link is not None:
        words = f"{hit.link.source}.{hit.link.output} → {hit.link.target}.{hit.link.socket}"
        more = _("converted on the way") if hit.link.converts else _(hit.link.type)
        return f"{html.escape(words)}<br>{html.escape(more)}"
    if hit.node is None or hit.node not in model.shapes:
        return ""
    shape = model.shapes[hit.node]
    spec = model.document.specs.get(shape.type)
    if hit.socket is not None:
        port = None
        if spec is not None:
            port = (spec.output if hit.socket.outgoing else spec.input)(hit.socket.name)
        kind = _(hit.socket.type)
        kind = _("list of {type}").format(type=kind) if hit.socket.many else kind
        about = doc(port.doc) if port is not None else ""
        need = "" if hit.socket.outgoing or hit.socket.required else f" · {_('optional')}"
        return _page(hit.socket.label or hit.socket.name, f"{kind}{need}", about)
    if hit.field is not None and hit.field.param is not None:
        return _page(hit.field.label, hit.field.text, doc(hit.field.param.doc))
    status = model.statuses.get(hit.node)
    lines = [f"{hit.node} · {shape.type}"]
    if shape.ghost:
        lines.append(_("No node of this type is installed. Select it to choose a replacement."))
    if status is not None:
        words, right = state_words(status)
        lines.append(" · ".join(part for part in (words, right) if part))
        lines += [
            part
            for part in (
                told(status.why, partial(title_at, model.document.document)),
                status.hint,
                *status.notes,
            )
            if part
        ]
        if status.bytes:
            lines.append(_("result: {size}").format(size=human_bytes(status.bytes)))
        if status.peak_bytes:
            lines.append(_("most memory: {size}").format(size=human_bytes(status.peak_bytes)))
    return _page(shape.title, *lines)


def _page(title: str, *lines: str) -> str:
    body = "<br>".join(html.escape(line) for line in lines if line)
    return f"<b>{html.escape(title)}</b><div style='max-width: 360px'>{body}</div>"


def human_bytes(count: float) -> str:
    """1536 as "1.5 kB"."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"
