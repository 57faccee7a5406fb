"""The painting of what is in view: the grid, frames, links, nodes and what the mouse is about.

Close up, each node is a cached picture at a few scales; from far away all of them are a handful of batched calls.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from meshloom.ui.canvas import decor, dots, gestures, named_links, paint
from meshloom.ui.canvas.curves import seen
from meshloom.ui.canvas.hits import FAR, PLAIN
from meshloom.ui.canvas.model import rect_of
from meshloom.ui.canvas.shape import NodeShape
from meshloom.ui.theme import socket_style, theme

if TYPE_CHECKING:
    from meshloom.ui.canvas.view import CanvasView

GRID = 24.0
#: Links longer than this on the screen are cut to the view before they are drawn.
LONG = 400.0
#: More links than this at once are drawn straight when seen from some way off.
MOST_CURVES = 250
#: A scope of no more nodes than this is painted node by node from any distance.
MOST_PICTURES = 400


def paint_scene(painter: QPainter, view: CanvasView) -> None:
    """Paint all that is in view."""
    painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
    painter.fillRect(view.viewport().rect(), theme().colour("canvas"))
    visible = view.visible()
    painter.setTransform(view.viewportTransform())
    zoom = view.zoom
    if zoom >= FAR:
        _paint_grid(painter, visible, zoom)
    decor.paint_frames(painter, view, visible)
    shapes = view.model.near(visible) if zoom >= FAR or len(view.model.shapes) <= MOST_PICTURES else []
    if zoom < FAR and not shapes:
        _paint_far(painter, view, zoom)
    else:
        view.pictures.begin_frame()
        _paint_links(painter, view, visible, zoom)
        for shape in shapes:
            _paint_node(painter, view, shape, zoom)
    decor.paint_notes(painter, view, visible)
    _paint_failed(painter, view, visible, zoom)
    _paint_gesture(painter, view, zoom)


def _paint_grid(painter: QPainter, visible: QRectF, zoom: float) -> None:
    step = GRID if zoom >= 0.7 else GRID * 4
    left = math.floor(visible.left() / step) * step
    top = math.floor(visible.top() / step) * step
    pen = QPen(theme().colour("grid"), 0)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(pen)
    lines = []
    x = left
    while x < visible.right():
        lines.append(QLineF(x, visible.top(), x, visible.bottom()))
        x += step
    y = top
    while y < visible.bottom():
        lines.append(QLineF(visible.left(), y, visible.right(), y))
        y += step
    painter.drawLines(lines)


def _paint_far(painter: QPainter, view: CanvasView, zoom: float) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    boxes, lines = view.model.far()
    ground = theme().colour("canvas")
    for type_, held in lines.items():
        painter.setPen(QPen(paint.mixed(_link_colour(type_), ground, 0.5), 0))
        painter.drawLines(held)
    painter.setPen(Qt.PenStyle.NoPen)
    for type_, rects in boxes.items():
        painter.setBrush(paint.mixed(_link_colour(type_), ground, 0.75))
        painter.drawRects(rects)
    loose = view.model.loose
    if loose:
        painter.setPen(QPen(theme().colour("accent"), 0))
        painter.drawLines(view.model.loose_lines())
    chosen = [
        rect_of(view.model.shapes[name]) for name in {*view.selection, *loose} if name in view.model.shapes
    ]
    if chosen:
        painter.setPen(QPen(theme().colour("accent"), 2.0 / zoom))
        painter.setBrush(theme().colour("accent", 0.4))
        painter.drawRects(chosen)


def _paint_links(painter: QPainter, view: CanvasView, visible: QRectF, zoom: float) -> None:
    near = list(view.model.links_near(visible))
    straight = zoom < PLAIN and len(near) > MOST_CURVES
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, not straight)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    chosen = set(view.selection)
    hovered = view.hover.link if view.hover is not None else None
    lines: dict[str, list[QLineF]] = defaultdict(list)
    long: dict[tuple[str, bool, bool], list[tuple[QPointF, QPointF]]] = defaultdict(list)
    converters: list[QPointF] = []
    rerouted = dots.by_link(view.model)
    named = named_links.held(view.model)
    if named:
        named_links.paint(painter, view.model, named, visible)
        painter.setBrush(Qt.BrushStyle.NoBrush)
    for key, through in rerouted.items():
        if key in named:
            continue
        link = view.model.links[key]
        start, end = view.model.ends(link)
        muted = view.model.shapes[link.source].mute or view.model.shapes[link.target].mute
        bright = link.source in chosen or link.target in chosen or link is hovered
        painter.setPen(_link_pen(link.type, muted, bright, zoom))
        painter.drawPath(dots.path_of(start, through, end))
        dots.paint(painter, link, through)
        painter.setBrush(Qt.BrushStyle.NoBrush)
    for link, start, end in near:
        if (link.target, link.socket) in rerouted or (link.target, link.socket) in named:
            continue
        if straight:
            lines[link.type].append(QLineF(start, end))
            continue
        muted = view.model.shapes[link.source].mute or view.model.shapes[link.target].mute
        bright = link.source in chosen or link.target in chosen or link is hovered or link is view.drop_link
        if abs(end.x() - start.x()) + abs(end.y() - start.y()) > LONG / zoom:
            long[link.type, muted, bright].append((start, end))
        else:
            painter.setPen(_link_pen(link.type, muted, bright, zoom))
            painter.drawPath(paint.link_path(start, end))
        if link.converts:
            converters.append((start + end) / 2)
    for (type_, muted, bright), ends in long.items():
        painter.setPen(_link_pen(type_, muted, bright, zoom))
        painter.drawLines(seen(ends, visible))
    for type_, held in lines.items():
        painter.setPen(QPen(_link_colour(type_), 0))
        painter.drawLines(held)
    for at in converters:
        decor.paint_converter(painter, at)


def _paint_node(painter: QPainter, view: CanvasView, shape: NodeShape, zoom: float) -> None:
    status = view.model.statuses.get(shape.name)
    ratio = view.devicePixelRatioF()
    view.pictures.draw(painter, shape, status.picture if status is not None else None, zoom, ratio)
    painter.save()
    painter.translate(shape.x, shape.y)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if status is not None:
        paint.draw_state(painter, shape, status, zoom)
    if shape.name in view.selection:
        painter.setPen(QPen(theme().colour("accent"), max(2.0, 1.6 / zoom)))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(-1, -1, shape.width + 2, shape.height + 2), paint.RADIUS, paint.RADIUS)
    if view.loose_link is not None and zoom >= FAR:
        _light_sockets(painter, view, shape)
    painter.restore()


def _light_sockets(painter: QPainter, view: CanvasView, shape: NodeShape) -> None:
    assert view.loose_link is not None
    name, held, _ = view.loose_link
    takers = [
        socket
        for socket in (shape.inputs if held.outgoing else shape.outputs)
        if shape.name != name and gestures.may_fit(held, socket)
    ]
    for socket in takers:
        paint.draw_socket(painter, QPointF(socket.x, socket.y), socket, lit=True)
    if not takers and shape.name != name:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().colour("canvas", 0.55))
        painter.drawRoundedRect(QRectF(0, 0, shape.width, shape.height), paint.RADIUS, paint.RADIUS)


def _paint_failed(painter: QPainter, view: CanvasView, visible: QRectF, zoom: float) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for name, status in view.model.statuses.items():
        if status.state == "failed" and name in view.model.shapes:
            shape = view.model.shapes[name]
            at = QPointF(shape.x + shape.width - 4, shape.y + 4)
            if visible.contains(at):
                paint.draw_failed_badge(painter, at, zoom)


def _paint_gesture(painter: QPainter, view: CanvasView, zoom: float) -> None:
    colours = theme()
    if view.loose_link is not None:
        name, socket, end = view.loose_link
        shape = view.model.shapes[name]
        start = QPointF(shape.x + socket.x, shape.y + socket.y)
        painter.setPen(QPen(_link_colour(socket.type), 2.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(paint.link_path(start, end) if socket.outgoing else paint.link_path(end, start))
    if view.rubber is not None:
        painter.setPen(QPen(colours.colour("accent"), 0))
        painter.setBrush(colours.colour("accent", 0.12))
        painter.drawRect(view.rubber)
    if view.notices.said is not None:
        painter.resetTransform()
        decor.paint_notice(painter, view.viewport().rect(), *view.notices.said)


def _link_pen(type_: str, muted: bool, bright: bool, zoom: float) -> QPen:
    share = 0.35 if muted else 1.0 if bright else 0.72
    colour = paint.mixed(_link_colour(type_), theme().colour("canvas"), share)
    pen = QPen(colour, 3.0 if bright else 2.0 if zoom > 0.7 else 0.0)
    if muted:
        pen.setStyle(Qt.PenStyle.DashLine)
    return pen


def _link_colour(type_: str) -> QColor:
    return socket_style(type_)[1] if type_ else theme().colour("dim")
