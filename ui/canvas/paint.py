"""How things on the canvas look. Every function paints one thing with the colours of the theme in use."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QApplication

from meshloom.graph_runtime.spec import Colour, Range
from meshloom.ui.canvas.curves import reach
from meshloom.ui.canvas.shape import FIELD, FOOT, HEAD, PAD, THUMB, Field, NodeShape, Socket
from meshloom.ui.running.status import NodeStatus
from meshloom.ui.theme import Theme, socket_style, theme
from meshloom.ui.words import _

RADIUS = 6.0
SOCKET = 5.5

#: The colour of the theme that stands for a state.
MOODS = {
    "running": "busy",
    "waiting": "warn",
    "stale": "warn",
    "failed": "bad",
    "done": "good",
    "cached": "cached",
    "skipped": "dim",
    "muted": "dim",
    "unknown": "dim",
}


@lru_cache(maxsize=8)
def font(points: float, bold: bool = False) -> QFont:
    """The window's font in scene units: ``points`` is a height in logical pixels."""
    made = QFont(QApplication.font())
    made.setPixelSize(round(points))
    made.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    return made


@lru_cache(maxsize=8)
def metrics(points: float, bold: bool = False) -> QFontMetricsF:
    return QFontMetricsF(font(points, bold))


def draw_text(
    painter: QPainter,
    box: QRectF,
    text: str,
    colour: QColor,
    points: float = 12,
    bold: bool = False,
    align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
) -> None:
    """One line in ``box``, elided where it does not fit."""
    painter.setFont(font(points, bold))
    painter.setPen(colour)
    fitting = metrics(points, bold).elidedText(text, Qt.TextElideMode.ElideRight, box.width())
    painter.drawText(box, align | Qt.AlignmentFlag.AlignVCenter, fitting)


def draw_node(painter: QPainter, shape: NodeShape, thumbnail: QImage | None) -> None:
    """A node from its corner at (0, 0): all but its selection, sockets that light up, and its state."""
    colours = theme()
    box = QRectF(0, 0, shape.width, shape.height)
    body = QPainterPath()
    body.addRoundedRect(box, RADIUS, RADIUS)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setOpacity(0.5 if shape.mute else 1.0)
    painter.fillPath(body, colours.colour("node"))
    painter.save()
    painter.setClipPath(body)
    tint = _tint(shape, colours)
    painter.fillRect(QRectF(0, 0, shape.width, HEAD), mixed(tint, colours.colour("node_head"), 0.16))
    painter.fillRect(QRectF(0, 0, shape.width, 3), tint)
    if shape.bypass:
        painter.fillRect(box, QColor.fromRgbF(0.55, 0.45, 0.85, 0.18))
    painter.restore()
    _outline(painter, body, shape, colours)
    _title(painter, shape, colours)
    for field in shape.fields:
        _field(painter, field, shape.width, colours)
    for socket in [*shape.inputs, *shape.outputs]:
        _socket_label(painter, socket, shape.width, colours)
    if thumbnail is not None and shape.thumb_y:
        _thumbnail(painter, shape, thumbnail, colours)
    for socket in [*shape.inputs, *shape.outputs]:
        draw_socket(painter, QPointF(socket.x, socket.y), socket)
    painter.setOpacity(1.0)


def draw_node_small(
    painter: QPainter, shape: NodeShape, thumbnail: QImage | None, titled: bool = True
) -> None:
    """A node to be seen from some way off: its title as large as it goes, its picture, no fields."""
    colours = theme()
    box = QRectF(0, 0, shape.width, shape.height)
    body = QPainterPath()
    body.addRoundedRect(box, RADIUS * 1.5, RADIUS * 1.5)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setOpacity(0.5 if shape.mute else 1.0)
    tint = _tint(shape, colours)
    painter.fillPath(body, mixed(tint, colours.colour("node"), 0.16 if colours.dark else 0.24))
    painter.save()
    painter.setClipPath(body)
    painter.fillRect(QRectF(0, 0, shape.width, 8), tint)
    painter.restore()
    _outline(painter, body, shape, colours)
    room = box.adjusted(PAD + 4, 12, -PAD - 4, -4)
    if thumbnail is not None and shape.height > 150:
        picture = QRectF(PAD, shape.height - THUMB - PAD, shape.width - 2 * PAD, THUMB)
        _fit_picture(painter, picture, thumbnail, colours)
        room.setBottom(picture.top() - 2)
    if titled:
        _large_title(painter, room, shape.title, colours)
    for socket in [*shape.inputs, *shape.outputs]:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(socket_style(socket.type)[1] if socket.type else colours.colour("dim"))
        painter.drawEllipse(QPointF(socket.x, socket.y), SOCKET * 1.3, SOCKET * 1.3)
    painter.setOpacity(1.0)


def _large_title(painter: QPainter, room: QRectF, title: str, colours: Theme) -> None:
    painter.setPen(colours.colour("text"))
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    for size in (32, 27, 22):
        painter.setFont(font(size, bold=True))
        needed = metrics(size, bold=True).boundingRect(room, flags, title)
        if needed.width() <= room.width() and needed.height() <= room.height():
            break
    painter.save()
    painter.setClipRect(room)
    painter.drawText(room, flags, title)
    painter.restore()


def _tint(shape: NodeShape, colours: Theme) -> QColor:
    return QColor(colours.bad) if shape.ghost else socket_style(shape.tint)[1]


def mixed(ink: QColor, ground: QColor, share: float) -> QColor:
    """``share`` of one colour over another, opaque: the raster engine draws that far faster than translucence."""
    pairs = zip(
        (ink.redF(), ink.greenF(), ink.blueF()), (ground.redF(), ground.greenF(), ground.blueF()), strict=True
    )
    return QColor.fromRgbF(*[above * share + below * (1 - share) for above, below in pairs])


def _outline(painter: QPainter, body: QPainterPath, shape: NodeShape, colours: Theme) -> None:
    pen = QPen(colours.colour("bad" if shape.ghost else "node_line"), 1.0)
    if shape.ghost or shape.mute:
        pen.setStyle(Qt.PenStyle.DashLine)
    if shape.group:
        pen.setWidthF(2.5)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(body)


def _title(painter: QPainter, shape: NodeShape, colours: Theme) -> None:
    note = _("muted") if shape.mute else _("bypassed") if shape.bypass else ""
    note = _("missing") if shape.ghost else note
    room = metrics(10).horizontalAdvance(note) + PAD if note else 0.0
    box = QRectF(PAD + 2, 3, shape.width - 2 * PAD - room - 2, HEAD - 3)
    draw_text(painter, box, shape.title, colours.colour("text"), 13, bold=True)
    if note:
        mood = colours.colour("bad" if shape.ghost else "dim")
        right = QRectF(shape.width - room - PAD, 3, room, HEAD - 3)
        draw_text(painter, right, note, mood, 10, align=Qt.AlignmentFlag.AlignRight)


def _socket_label(painter: QPainter, socket: Socket, width: float, colours: Theme) -> None:
    if not socket.label:
        return
    half = width * 0.5
    box = QRectF(PAD + 4 if not socket.outgoing else half, socket.y - 11, half - PAD - 4, 22)
    align = Qt.AlignmentFlag.AlignRight if socket.outgoing else Qt.AlignmentFlag.AlignLeft
    colour = colours.colour("text" if socket.required or socket.linked else "dim")
    draw_text(painter, box, socket.label, colour, 12, align=align)


def _field(painter: QPainter, field: Field, width: float, colours: Theme) -> None:
    box = QRectF(PAD, field.y + 1, width - 2 * PAD, FIELD - 3)
    if field.param is None:
        draw_text(painter, box, field.label, colours.colour("dim"), 11)
        return
    painter.setPen(Qt.PenStyle.NoPen)
    ground = colours.colour("field") if colours.dark else colours.colour("raised")
    painter.setBrush(
        mixed(ground, colours.colour("node"), 0.3 if field.linked else 0.75 if colours.dark else 0.5)
    )
    painter.drawRoundedRect(box, 3, 3)
    hint = field.param.hint
    if not field.linked and isinstance(hint, Range) and isinstance(field.value, (int, float)):
        _filling(painter, box, hint, float(field.value), colours)
    inner = box.adjusted(6, 0, -6, 0)
    if not field.linked and field.param.kind == "bool":
        _switch(painter, inner, bool(field.value), colours)
        draw_text(painter, inner.adjusted(0, 0, -34, 0), field.label, colours.colour("dim"), 12)
        return
    if not field.linked and isinstance(hint, Colour) and field.value is not None:
        swatch = QRectF(inner.right() - 34, inner.top() + 3, 34, inner.height() - 6)
        painter.setPen(colours.colour("line"))
        painter.setBrush(QColor.fromRgbF(*[min(max(float(part), 0.0), 1.0) for part in field.value[:3]]))
        painter.drawRoundedRect(swatch, 2, 2)
        draw_text(painter, inner.adjusted(0, 0, -38, 0), field.label, colours.colour("dim"), 12)
        return
    said = min(metrics(12).horizontalAdvance(field.label), inner.width() * 0.55)
    draw_text(painter, QRectF(inner.left(), inner.top(), said + 1, inner.height()), field.label,
              colours.colour("dim"), 12)  # fmt: skip
    value = QRectF(inner.left() + said + 6, inner.top(), inner.width() - said - 6, inner.height())
    colour = colours.colour("dim" if field.linked else "text")
    draw_text(painter, value, field.text, colour, 12, bold=field.changed, align=Qt.AlignmentFlag.AlignRight)


def _filling(painter: QPainter, box: QRectF, hint: Range, value: float, colours: Theme) -> None:
    if hint.low is None or hint.high is None or hint.high <= hint.low or hint.high > 1e9:
        return
    share = min(max((value - hint.low) / (hint.high - hint.low), 0.0), 1.0)
    painter.save()
    painter.setClipRect(QRectF(box.left(), box.top(), box.width() * share, box.height()))
    painter.setBrush(colours.colour("accent", 0.22))
    painter.drawRoundedRect(box, 3, 3)
    painter.restore()


def _switch(painter: QPainter, box: QRectF, on: bool, colours: Theme) -> None:
    track = QRectF(box.right() - 26, box.center().y() - 6.5, 26, 13)
    painter.setBrush(colours.colour("accent" if on else "line"))
    painter.drawRoundedRect(track, 6.5, 6.5)
    painter.setBrush(colours.colour("panel"))
    painter.drawEllipse(
        QPointF(track.right() - 6.5 if on else track.left() + 6.5, track.center().y()), 4.6, 4.6
    )


def _thumbnail(painter: QPainter, shape: NodeShape, picture: QImage, colours: Theme) -> None:
    _fit_picture(painter, QRectF(PAD, shape.thumb_y, shape.width - 2 * PAD, THUMB), picture, colours)


def _fit_picture(painter: QPainter, box: QRectF, picture: QImage, colours: Theme) -> None:
    painter.fillRect(box, colours.colour("field"))
    size = picture.size()
    scale = min(box.width() / max(1, size.width()), box.height() / max(1, size.height()))
    fitted = QRectF(0, 0, size.width() * scale, size.height() * scale)
    fitted.moveCenter(box.center())
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(fitted, picture)


def draw_socket(painter: QPainter, at: QPointF, socket: Socket, lit: bool = False) -> None:
    """A socket's dot: its shape and colour tell the type, a double outline that it takes or gives a list."""
    form, colour = socket_style(socket.type) if socket.type else ("circle", theme().colour("dim"))
    size = SOCKET * (1.5 if lit else 1.0)
    filled = socket.linked or socket.outgoing or socket.required or lit
    painter.setPen(QPen(theme().colour("node_line") if filled else colour, 1.2))
    painter.setBrush(colour if filled else theme().colour("node"))
    _dot(painter, at, form, size)
    if socket.many:
        painter.setPen(QPen(colour, 1.2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        _dot(painter, at, form, size + 2.6)


def _dot(painter: QPainter, at: QPointF, form: str, size: float) -> None:
    x, y = at.x(), at.y()
    if form == "circle":
        painter.drawEllipse(at, size, size)
    elif form == "ring":
        painter.drawEllipse(at, size, size)
        painter.setBrush(theme().colour("node"))
        painter.drawEllipse(at, size * 0.45, size * 0.45)
    elif form == "square":
        painter.drawRect(QRectF(x - size * 0.85, y - size * 0.85, size * 1.7, size * 1.7))
    elif form == "bar":
        painter.drawRect(QRectF(x - size * 0.6, y - size * 1.15, size * 1.2, size * 2.3))
    else:
        painter.drawPolygon(_polygon(form, size).translated(x, y))


@lru_cache(maxsize=64)
def _polygon(form: str, size: float) -> QPolygonF:
    import math

    corners, turn = {"diamond": (4, 0.0), "triangle": (3, 0.0), "hexagon": (6, 0.0)}.get(form, (5, -90.0))
    size *= 1.2
    angles = [math.radians(turn + 360 * index / corners) for index in range(corners)]
    return QPolygonF([QPointF(size * math.cos(angle), size * math.sin(angle)) for angle in angles])


def link_path(start: QPointF, end: QPointF) -> QPainterPath:
    """The curve of a link, from an output to an input."""
    out = reach(start, end)
    path = QPainterPath(start)
    path.cubicTo(QPointF(start.x() + out, start.y()), QPointF(end.x() - out, end.y()), end)
    return path


def draw_state(painter: QPainter, shape: NodeShape, status: NodeStatus, zoom: float) -> None:
    """The strip at a node's foot: state, progress and seconds; a frame around it while it runs or failed."""
    colours = theme()
    mood = colours.colour(mood_of(status))
    foot = QRectF(0, shape.height - FOOT, shape.width, FOOT)
    if status.state in ("running", "failed"):
        painter.setPen(QPen(mood, max(1.6, 1.2 / zoom)))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(0, 0, shape.width, shape.height), RADIUS, RADIUS)
    if status.state == "running" and status.total > 0:
        share = min(max(status.done / status.total, 0.0), 1.0)
        painter.fillRect(QRectF(1, shape.height - 3, (shape.width - 2) * share, 2.5), mood)
    if zoom < 0.45:
        return
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(mood)
    painter.drawEllipse(QPointF(PAD + 4, foot.center().y() - 1), 3.5, 3.5)
    words, right = state_words(status)
    side = metrics(11).horizontalAdvance(right)
    box = foot.adjusted(PAD + 12, -1, -PAD - side - 4, -1)
    draw_text(painter, box, words, mood if status.state == "failed" else colours.colour("dim"), 11)
    draw_text(painter, foot.adjusted(PAD, -1, -PAD, -1), right, colours.colour("dim"), 11,
              align=Qt.AlignmentFlag.AlignRight)  # fmt: skip


def mood_of(status: NodeStatus) -> str:
    """The colour of the theme that tells how a node stands."""
    warned = status.notes and status.state in ("done", "cached", "stale")
    return "warn" if warned else MOODS[status.state]


def state_words(status: NodeStatus) -> tuple[str, str]:
    """How a node stands in a word or two, and its seconds or per cent."""
    words = {
        "unknown": "",
        "stale": _("will run"),
        "waiting": _("waiting"),
        "running": status.message or _("running"),
        "cached": _("reused"),
        "done": _("done, with a warning") if status.notes else _("done"),
        "failed": status.message or _("failed"),
        "skipped": _("skipped"),
        "muted": _("muted"),
    }[status.state]
    if status.state == "running" and status.total > 0:
        return words, f"{100 * status.done / status.total:.0f} %"
    return words, seconds_word(status.seconds)


def seconds_word(seconds: float) -> str:
    """For a small place: "0.04 s", "1.5 s", "36 s", "2 min 19 s"; nothing of what is too short to care for."""
    if seconds < 0.01:
        return ""
    if seconds < 10:
        return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes:
        return _("{minutes} min {seconds} s").format(minutes=minutes, seconds=f"{rest:02d}")
    return f"{rest} s"


def draw_failed_badge(painter: QPainter, at: QPointF, zoom: float) -> None:
    """A mark whose size on the screen does not shrink with the zoom."""
    size = 9.0 / min(zoom, 1.0)
    painter.setPen(QPen(theme().colour("canvas"), size * 0.14))
    painter.setBrush(theme().colour("bad"))
    painter.drawEllipse(at, size, size)
    painter.setPen(QPen(theme().colour("on_accent"), size * 0.24, c=Qt.PenCapStyle.RoundCap))
    painter.drawLine(QPointF(at.x(), at.y() - size * 0.5), QPointF(at.x(), at.y() + size * 0.08))
    painter.drawPoint(QPointF(at.x(), at.y() + size * 0.48))
