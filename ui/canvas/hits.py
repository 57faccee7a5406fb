"""What lies under a point of the canvas."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath

from meshloom.ui.canvas import dots, named_links
from meshloom.ui.canvas.model import CanvasModel, LinkKey, LinkShape
from meshloom.ui.canvas.paint import link_path
from meshloom.ui.canvas.shape import FIELD, PAD, Field, NodeShape, Socket

#: Below these zooms: titles only and, when there are many, straight links; boxes and lines only.
PLAIN, FAR = 0.45, 0.28
#: How far from a socket or link the pointer may be, in pixels of the screen.
_NEAR = 11.0
_NEAR_LINK = 6.0


@dataclass(frozen=True)
class Hit:
    """The topmost thing: a socket or field of a node, the node, or a link; all ``None`` on bare canvas."""

    node: str | None = None
    socket: Socket | None = None
    field: Field | None = None
    link: LinkShape | None = None


def hit_at(model: CanvasModel, point: QPointF, zoom: float, visible: QRectF) -> Hit:
    """What is at a point of the scene."""
    reach = max(_NEAR, _NEAR / zoom) if zoom >= FAR else 0.0
    around = QRectF(point.x() - reach, point.y() - reach, 2 * reach + 1, 2 * reach + 1)
    shapes = model.near(around)
    for shape in reversed(shapes):
        socket = _socket_at(shape, point, reach)
        if socket is not None:
            return Hit(shape.name, socket)
    for shape in reversed(shapes):
        x, y = point.x() - shape.x, point.y() - shape.y
        if 0 <= x <= shape.width and 0 <= y <= shape.height:
            return Hit(shape.name, field=_field_at(shape, x, y) if zoom >= PLAIN else None)
    if zoom < FAR:
        return Hit()
    return Hit(link=link_at(model, point, _NEAR_LINK / zoom))


def _socket_at(shape: NodeShape, point: QPointF, reach: float) -> Socket | None:
    best, nearest = None, reach
    for socket in (*shape.inputs, *shape.outputs):
        away = abs(point.x() - shape.x - socket.x) + abs(point.y() - shape.y - socket.y)
        if away < nearest:
            best, nearest = socket, away
    return best


def _field_at(shape: NodeShape, x: float, y: float) -> Field | None:
    if not PAD <= x <= shape.width - PAD:
        return None
    return next((each for each in shape.fields if each.param and each.y <= y < each.y + FIELD - 2), None)


def link_at(model: CanvasModel, point: QPointF, reach: float) -> LinkShape | None:
    """The link whose curve passes within ``reach`` of a point of the scene."""
    around = QRectF(point.x() - reach, point.y() - reach, 2 * reach, 2 * reach)
    rerouted = dots.by_link(model)
    named = named_links.held(model)
    tag = named_links.tag_at(model, named, point)
    if tag is not None:
        return model.links[tag]
    for key, through in rerouted.items():
        if key in named:
            continue
        if _passes(dots.path_of(*_with(model, key, through)), point, reach, 41 * (len(through) + 1)):
            return model.links[key]
    for link, start, end in model.links_near(around):
        key = (link.target, link.socket)
        if key not in rerouted and key not in named and _passes(link_path(start, end), point, reach, 41):
            return link
    return None


def _with(model: CanvasModel, key: LinkKey, through: list[QPointF]) -> tuple[QPointF, list[QPointF], QPointF]:
    start, end = model.ends(model.links[key])
    return start, through, end


def _passes(path: QPainterPath, point: QPointF, reach: float, samples: int) -> bool:
    # Between two samples the curve may be closer than at either.
    slack = reach + path.length() / (2.2 * samples)
    for step in range(samples):
        along = path.pointAtPercent(step / (samples - 1)) - point
        if abs(along.x()) + abs(along.y()) < slack:
            return True
    return False
