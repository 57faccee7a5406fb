"""Links shown as a name at both ends, without the line between: for what would cross half the graph.

Kept in the document's extras as ``{"named": {scope: {"node.socket": name}}}``. The link itself stays a link.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from meshloom.graph_runtime.edits import Extra
from meshloom.ui.canvas.model import CanvasModel, LinkKey, LinkShape
from meshloom.ui.canvas.paint import font, metrics
from meshloom.ui.theme import socket_style, theme

if TYPE_CHECKING:
    from meshloom.ui.canvas.view import CanvasView

_SIZE = 11
_PAD = 6.0


def held(model: CanvasModel) -> dict[LinkKey, str]:
    """The names of the links of the scope shown that have one."""
    found = model.document.document.extras.get("named", {})
    mine = found.get(model.scope, {}) if isinstance(found, Mapping) else {}
    if not isinstance(mine, Mapping):
        return {}
    keys = {
        (str(key).rpartition(".")[0], str(key).rpartition(".")[2]): str(name) for key, name in mine.items()
    }
    return {key: name for key, name in keys.items() if key in model.links and name}


def changed(view: CanvasView, link: LinkShape, name: str) -> Extra:
    """The edit that gives a link a name, or (empty) shows it as a line again."""
    mine = {f"{node}.{socket}": each for (node, socket), each in held(view.model).items()}
    mine.pop(f"{link.target}.{link.socket}", None)
    if name:
        mine[f"{link.target}.{link.socket}"] = name
    found = dict(view.document.document.extras.get("named", {}))
    found[view.scope] = mine
    return Extra("named", {scope: each for scope, each in found.items() if each} or None)


def paint(painter: QPainter, model: CanvasModel, names: Mapping[LinkKey, str], visible: QRectF) -> None:
    """A tag at both ends of every named link."""
    given: set[tuple[str, str, str]] = set()
    for key, name in names.items():
        link = model.links[key]
        start, end = model.ends(link)
        colour = socket_style(link.type)[1] if link.type else theme().colour("dim")
        if (link.source, link.output, name) not in given:
            given.add((link.source, link.output, name))
            _tag(painter, start, name, colour, visible, right=True)
        _tag(painter, end, name, colour, visible, right=False)


def tag_at(model: CanvasModel, names: Mapping[LinkKey, str], point: QPointF) -> LinkKey | None:
    """The named link one of whose tags is at a point of the scene."""
    for key, name in names.items():
        start, end = model.ends(model.links[key])
        if any(_box(at, name, right).contains(point) for at, right in ((start, True), (end, False))):
            return key
    return None


def _box(at: QPointF, name: str, right: bool) -> QRectF:
    width = metrics(_SIZE).horizontalAdvance(name) + 2 * _PAD
    return QRectF(at.x() + 14 if right else at.x() - 14 - width, at.y() - 9, width, 18)


def _tag(painter: QPainter, at: QPointF, name: str, colour, visible: QRectF, right: bool) -> None:
    box = _box(at, name, right)
    if not visible.intersects(box):
        return
    painter.setPen(colour)
    painter.drawLine(at, QPointF(box.left() if right else box.right(), at.y()))
    painter.setBrush(theme().colour("panel"))
    painter.drawRoundedRect(box, 9, 9)
    painter.setPen(theme().colour("text"))
    painter.setFont(font(_SIZE))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, name)
