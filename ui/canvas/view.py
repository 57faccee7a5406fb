"""The canvas: a view of one scope of the document, painted whole, moved with mouse, pad and keys.

There are no graphics items. Close up, each node is a cached picture at a few scales; from far away all of them are
a handful of batched calls. What the user does with the mouse is in ``gestures.py``, what they do by name in
``commands.py``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable

from PySide6.QtCore import QEvent, QLineF, QPoint, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QCursor,
    QFocusEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QGraphicsScene, QGraphicsView, QToolTip, QWidget

from meshloom.graph_runtime.document import ROOT
from meshloom.graph_runtime.graph import GROUP_PREFIX
from meshloom.ui.canvas import decor, dots, floating, gestures, named_links, paint
from meshloom.ui.canvas.bars import Breadcrumb, FindBar
from meshloom.ui.canvas.curves import seen
from meshloom.ui.canvas.hits import FAR, PLAIN, Hit, hit_at
from meshloom.ui.canvas.minimap import Minimap
from meshloom.ui.canvas.model import CanvasModel, LinkShape, rect_of
from meshloom.ui.canvas.pictures import Pictures
from meshloom.ui.canvas.shape import Field, NodeShape, Socket
from meshloom.ui.canvas.standing import Standing
from meshloom.ui.document import OpenDocument
from meshloom.ui.running.status import NodeStatus
from meshloom.ui.theme import UNIT, current, socket_style, theme
from meshloom.ui.words import _

MIN_ZOOM, MAX_ZOOM = 0.02, 4.0
GRID = 24.0
#: Links longer than this on the screen are cut to the view before they are drawn.
LONG = 400.0
#: More links than this at once are drawn straight when seen from some way off.
MOST_CURVES = 250
#: A scope of no more nodes than this is painted node by node from any distance.
MOST_PICTURES = 400


class CanvasView(QGraphicsView):
    """A document's graph, for looking at and working on."""

    #: The names of the selected nodes.
    selection_changed = Signal(list)
    #: A node was double-clicked.
    activated = Signal(str)
    #: Where on the screen, the type to fit, and "in" or "out": what the new node must have. Empty: any.
    palette_wanted = Signal(QPoint, str, str)
    #: Another scope is shown.
    scope_changed = Signal(str)
    #: Some node stands differently.
    statuses_changed = Signal()
    #: A menu is about to be shown for a node ("" for none): others may add to it.
    menu_made = Signal(object, str)

    def __init__(self, document: OpenDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self.model = CanvasModel(document, ROOT, self)
        self.selection: list[str] = []
        #: The groups entered, from the outermost: names of nodes, each in the scope of the one before.
        self.instances: list[str] = []
        self.standing = Standing()
        self.pictures = Pictures()
        #: A link being dragged: the fixed end, and where the loose end is (scene).
        self.loose_link: tuple[str, Socket, QPointF] | None = None
        self.rubber: QRectF | None = None
        #: The link that a dragged node would be put on.
        self.drop_link: LinkShape | None = None
        self._gesture: gestures.Gesture | None = None
        self._space = self._space_alone = False
        self._hover: Hit | None = None
        self._notice: tuple[str, QPointF] | None = None
        #: The socket that the palette was opened from: the node chosen there is linked to it.
        self.pending: tuple[str, Socket] | None = None
        self._views: dict[str, tuple[QPointF, float]] = {}
        self._fitted = self._moved = False
        self._centre = QPointF()
        self.setScene(QGraphicsScene(-1e6, -1e6, 2e6, 2e6, self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontSavePainterState)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.viewport().setMouseTracking(True)
        self.setAcceptDrops(True)
        #: Progress repaints gather: ten a second is enough for a bar.
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(100)
        self._later.timeout.connect(self.viewport().update)
        self._notice_ends = QTimer(self)
        self._notice_ends.setSingleShot(True)
        self._notice_ends.setInterval(4000)
        self._notice_ends.timeout.connect(self._end_notice)
        self.breadcrumb = Breadcrumb(self)
        self.find_bar = FindBar(self)
        self.minimap = Minimap(self)
        self.model.changed.connect(self._model_changed)
        document.refused.connect(self._refused)
        current().changed.connect(self._theme_changed)

    # ---------------------------------------------------------------------------------------- the scope

    @property
    def scope(self) -> str:
        return self.model.scope

    def enter(self, instance: str) -> None:
        """Go into a group of the scope shown, by the name of its node."""
        self._go_to([*self.instances, instance])

    def leave_to(self, depth: int) -> None:
        """Go back out, to within this many groups; 0 is the whole graph."""
        here = self.instances[depth] if depth < len(self.instances) else ""
        self._go_to(self.instances[:depth])
        self.select([here] if here else [])

    def _go_to(self, instances: list[str]) -> None:
        """Show the scope that these lead to, where it was left; as far as they exist."""
        scope, reached = ROOT, []
        for name in instances:
            type_ = self.document.document.node(name, scope).type if self._has(name, scope) else ""
            inner = type_.removeprefix(GROUP_PREFIX)
            if inner == type_ or inner not in self.document.document.scopes:
                break
            scope = inner
            reached.append(name)
        if reached == self.instances and scope == self.scope:
            return
        self._abandon()
        self._views["/".join(self.instances)] = (self.centre(), self.zoom)
        self.instances = reached
        self.model.changed.disconnect(self._model_changed)
        self.model.deleteLater()
        self.model = CanvasModel(self.document, scope, self)
        for name, status in self.standing.within("/".join(reached)).items():
            self.model.set_status(name, status)
        self.model.changed.connect(self._model_changed)
        self.select([])
        place = "/".join(reached)
        if place in self._views:
            self.show_at(*self._views[place])
        else:
            self.fit()
        self._show_trail()
        self.minimap.forget()
        self.scope_changed.emit(scope)

    def _has(self, name: str, scope: str) -> bool:
        return name in self.document.document.names(scope)

    def _show_trail(self) -> None:
        titles, scope = [_("Graph")], ROOT
        for name in self.instances:
            data = self.document.document.node(name, scope)
            scope = data.type.removeprefix(GROUP_PREFIX)
            titles.append(data.title or scope)
        self.breadcrumb.show_trail(titles)
        self.place_bars()

    def _model_changed(self) -> None:
        if self.scope not in self.document.document.scopes:
            self._go_to(self.instances)
            return
        gone = [name for name in self.selection if name not in self.model.shapes]
        if gone:
            self.select([name for name in self.selection if name not in gone])
        self.minimap.graph_changed()
        self.viewport().update()

    def _theme_changed(self) -> None:
        self.pictures.clear()
        for bar in (self.breadcrumb, self.find_bar):
            bar.restyle()
        self.minimap.forget()
        self.viewport().update()

    # ------------------------------------------------------------------------------------ the selection

    def select(self, names: Iterable[str]) -> None:
        """Make these the selection, in this order; what does not exist is left out."""
        chosen = [name for name in dict.fromkeys(names) if name in self.model.shapes]
        if chosen != self.selection:
            self.selection = chosen
            self.selection_changed.emit(list(chosen))
            self.viewport().update()

    def reveal(self, path: str) -> None:
        """Show and select a node; ``group/node`` for one inside an instance of a group."""
        *outer, name = path.split("/")
        self._go_to(outer)
        self.show_node(name)

    def show_node(self, name: str) -> None:
        """Select a node of the scope shown, and move there if it is out of view."""
        self.select([name])
        if name in self.model.shapes:
            box = rect_of(self.model.shapes[name])
            if self.zoom < PLAIN or not self.visible().contains(box):
                self.show_at(box.center(), max(self.zoom, 0.8))

    # ------------------------------------------------------------------------------------------ the view

    @property
    def zoom(self) -> float:
        return self.transform().m11()

    def centre(self) -> QPointF:
        return QPointF(self._centre)

    def visible(self) -> QRectF:
        """The part of the scene in the window."""
        return self.mapToScene(self.viewport().rect()).boundingRect()

    def fit(self, names: Iterable[str] | None = None) -> None:
        """Show these nodes, or all, as large as they fit up to their natural size."""
        box = self.model.bounds(names)
        if names is None:
            for kind in ("frames", "notes"):
                for each in decor.held(self.model, kind):
                    box = box.united(decor.box_of(each))
        if box.isEmpty():
            self.show_at(QPointF(0, 0), 1.0)
            return
        box = box.adjusted(-40, -40, 40, 40)
        size = self.viewport().size()
        zoom = min(size.width() / box.width(), size.height() / box.height(), 1.0)
        self.show_at(box.center(), max(zoom, MIN_ZOOM))

    def fit_once(self) -> None:
        """Show everything, unless the user has moved the view already."""
        if not self._moved:
            self.fit()

    def zoom_at(self, factor: float, at: QPointF) -> None:
        """Zoom so that the point of the scene under ``at`` (in the viewport) stays there."""
        self._moved = True
        zoom = min(max(self.zoom * factor, MIN_ZOOM), MAX_ZOOM)
        size = self.viewport().size()
        offset = QPointF(at.x() - size.width() / 2, at.y() - size.height() / 2)
        self.show_at(self._centre + offset / self.zoom - offset / zoom, zoom)

    def pan(self, by: QPointF) -> None:
        """Move what is shown by pixels of the screen."""
        self._moved = True
        self.show_at(self.centre() - by / self.zoom, self.zoom)

    def show_at(self, centre: QPointF, zoom: float | None = None) -> None:
        """Put a point of the scene in the middle, at a zoom or the one there is."""
        zoom = zoom or self.zoom
        self._fitted = True
        # Scroll bars know whole pixels only; small moves would add up to a drift.
        self._centre = QPointF(centre)
        self.resetTransform()
        self.scale(zoom, zoom)
        self.centerOn(centre)
        self.minimap.view_moved()
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.viewport().width() > 50:
            if self._fitted:
                self.show_at(self._centre, self.zoom)
            else:
                self.fit()
        self.place_bars()

    def place_bars(self) -> None:
        """Put what floats over the canvas into its corners."""
        edge = 2 * UNIT
        self.breadcrumb.adjustSize()
        self.breadcrumb.move(edge, edge)
        self.find_bar.adjustSize()
        self.find_bar.move(self.width() - self.find_bar.width() - edge, edge)
        corner = self.rect().bottomRight()
        self.minimap.move(corner.x() - self.minimap.width() - edge, corner.y() - self.minimap.height() - edge)

    # ---------------------------------------------------------------------------------------- statuses

    def set_status(self, path: str, status: NodeStatus) -> None:
        """How a node stands (``group/node`` inside an instance); the groups around it stand as their nodes do."""
        here = "/".join(self.instances)
        for place, told in self.standing.note(path, status):
            outer, _slash, name = place.rpartition("/")
            if outer == here:
                self.model.set_status(name, told)
        self.statuses_changed.emit()
        if not self._later.isActive():
            self._later.start()

    def next_failed(self) -> str | None:
        """The path of a node that failed, each in its turn from the left."""
        failed = [path for path in self.standing.failed() if self._exists(path)]
        if not failed:
            return None
        failed.sort()
        here = "/".join([*self.instances, *self.selection[:1]])
        return failed[(failed.index(here) + 1) % len(failed)] if here in failed else failed[0]

    def _exists(self, path: str) -> bool:
        scope = ROOT
        *outer, name = path.split("/")
        for step in outer:
            if not self._has(step, scope):
                return False
            scope = self.document.document.node(step, scope).type.removeprefix(GROUP_PREFIX)
            if scope not in self.document.document.scopes:
                return False
        return self._has(name, scope)

    # ---------------------------------------------------------------------------------------- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        try:
            self._paint(painter)
        finally:  # a painter that is left open takes the process with it
            painter.end()
        if self.pictures.late:
            QTimer.singleShot(0, self.viewport(), self.viewport().update)

    def _paint(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        painter.fillRect(self.viewport().rect(), theme().colour("canvas"))
        visible = self.visible()
        painter.setTransform(self.viewportTransform())
        zoom = self.zoom
        if zoom >= FAR:
            self._paint_grid(painter, visible, zoom)
        decor.paint_frames(painter, self, visible)
        shapes = self.model.near(visible) if zoom >= FAR or len(self.model.shapes) <= MOST_PICTURES else []
        if zoom < FAR and not shapes:
            self._paint_far(painter, zoom)
        else:
            self.pictures.begin_frame()
            self._paint_links(painter, visible, zoom)
            for shape in shapes:
                self._paint_node(painter, shape, zoom)
        decor.paint_notes(painter, self, visible)
        self._paint_failed(painter, visible, zoom)
        self._paint_gesture(painter, zoom)

    def _paint_grid(self, painter: QPainter, visible: QRectF, zoom: float) -> None:
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

    def _paint_far(self, painter: QPainter, zoom: float) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        boxes, lines = self.model.far()
        ground = theme().colour("canvas")
        for type_, held in lines.items():
            painter.setPen(QPen(paint.mixed(_link_colour(type_), ground, 0.5), 0))
            painter.drawLines(held)
        painter.setPen(Qt.PenStyle.NoPen)
        for type_, rects in boxes.items():
            painter.setBrush(paint.mixed(_link_colour(type_), ground, 0.75))
            painter.drawRects(rects)
        loose = self.model.loose
        if loose:
            painter.setPen(QPen(theme().colour("accent"), 0))
            painter.drawLines(self.model.loose_lines())
        chosen = [
            rect_of(self.model.shapes[name])
            for name in {*self.selection, *loose}
            if name in self.model.shapes
        ]
        if chosen:
            painter.setPen(QPen(theme().colour("accent"), 2.0 / zoom))
            painter.setBrush(theme().colour("accent", 0.4))
            painter.drawRects(chosen)

    def _paint_links(self, painter: QPainter, visible: QRectF, zoom: float) -> None:
        near = list(self.model.links_near(visible))
        straight = zoom < PLAIN and len(near) > MOST_CURVES
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, not straight)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        chosen = set(self.selection)
        hovered = self._hover.link if self._hover is not None else None
        lines: dict[str, list[QLineF]] = defaultdict(list)
        long: dict[tuple[str, bool, bool], list[tuple[QPointF, QPointF]]] = defaultdict(list)
        converters: list[QPointF] = []
        rerouted = dots.by_link(self.model)
        named = named_links.held(self.model)
        if named:
            named_links.paint(painter, self.model, named, visible)
            painter.setBrush(Qt.BrushStyle.NoBrush)
        for key, through in rerouted.items():
            if key in named:
                continue
            link = self.model.links[key]
            start, end = self.model.ends(link)
            muted = self.model.shapes[link.source].mute or self.model.shapes[link.target].mute
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
            muted = self.model.shapes[link.source].mute or self.model.shapes[link.target].mute
            bright = (
                link.source in chosen or link.target in chosen or link is hovered or link is self.drop_link
            )
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

    def _paint_node(self, painter: QPainter, shape: NodeShape, zoom: float) -> None:
        status = self.model.statuses.get(shape.name)
        ratio = self.devicePixelRatioF()
        self.pictures.draw(painter, shape, status.thumbnail if status is not None else None, zoom, ratio)
        painter.save()
        painter.translate(shape.x, shape.y)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if status is not None:
            paint.draw_state(painter, shape, status, zoom)
        if shape.name in self.selection:
            painter.setPen(QPen(theme().colour("accent"), max(2.0, 1.6 / zoom)))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(
                QRectF(-1, -1, shape.width + 2, shape.height + 2), paint.RADIUS, paint.RADIUS
            )
        if self.loose_link is not None and zoom >= FAR:
            self._light_sockets(painter, shape)
        painter.restore()

    def _light_sockets(self, painter: QPainter, shape: NodeShape) -> None:
        assert self.loose_link is not None
        name, held, _ = self.loose_link
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

    def _paint_failed(self, painter: QPainter, visible: QRectF, zoom: float) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for name, status in self.model.statuses.items():
            if status.state == "failed" and name in self.model.shapes:
                shape = self.model.shapes[name]
                at = QPointF(shape.x + shape.width - 4, shape.y + 4)
                if visible.contains(at):
                    paint.draw_failed_badge(painter, at, zoom)

    def _paint_gesture(self, painter: QPainter, zoom: float) -> None:
        colours = theme()
        if self.loose_link is not None:
            name, socket, end = self.loose_link
            shape = self.model.shapes[name]
            start = QPointF(shape.x + socket.x, shape.y + socket.y)
            painter.setPen(QPen(_link_colour(socket.type), 2.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPath(paint.link_path(start, end) if socket.outgoing else paint.link_path(end, start))
        if self.rubber is not None:
            painter.setPen(QPen(colours.colour("accent"), 0))
            painter.setBrush(colours.colour("accent", 0.12))
            painter.drawRect(self.rubber)
        if self._notice is not None:
            painter.resetTransform()
            decor.paint_notice(painter, self.viewport().rect(), *self._notice)

    # --------------------------------------------------------------------------------------- what is under

    def at(self, point: QPointF) -> Hit:
        """What lies under a point of the viewport."""
        return hit_at(self.model, self.mapToScene(point.toPoint()), self.zoom, self.visible())

    # ---------------------------------------------------------------------------------------- mouse, keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._end_notice()
        if self._gesture is not None:
            return
        self._gesture = gestures.begin(self, event, self._space)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._gesture is not None and not event.buttons():  # let go where nobody told
            self._abandon()
        if self._gesture is not None:
            self._gesture.move(event)
            return
        hit = self.at(event.position())
        before = self._hover.link if self._hover is not None else None
        self._hover = hit
        pointing = hit.socket is not None or hit.field is not None
        self.viewport().setCursor(
            Qt.CursorShape.OpenHandCursor
            if self._space
            else Qt.CursorShape.PointingHandCursor
            if pointing
            else Qt.CursorShape.ArrowCursor
        )
        if hit.link is not before:
            self.viewport().update()

    def _abandon(self) -> None:
        """What the mouse was about to do is not done."""
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            gesture.cancel()
            self.viewport().unsetCursor()
            self.viewport().update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._gesture is not None and self._gesture.end(event):
            self._gesture = None
            self.viewport().update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        hit = self.at(event.position())
        if event.button() != Qt.MouseButton.LeftButton or hit.socket is not None or hit.field is not None:
            self.mousePressEvent(event)
            return
        if hit.node is None:
            at = self.mapToScene(event.position().toPoint())
            dot = dots.dot_at(self.model, at, 10 / self.zoom)
            if dot is not None:
                listed = [dict(each) for index, each in enumerate(dots.held(self.model)) if index != dot]
                self.document.do(dots.changed(self, listed), _("Remove a dot"))
                return
            if hit.link is not None:
                self.document.do(dots.added(self, hit.link, at), _("Reroute"))
                return
            if floating.edit_decor(self, self.mapToScene(event.position().toPoint())):
                return
            self.palette_wanted.emit(event.globalPosition().toPoint(), "", "")
            return
        shape = self.model.shapes[hit.node]
        if shape.group and not shape.ghost:
            self.enter(hit.node)
        else:
            self.activated.emit(hit.node)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The menu of what is under the pointer; from the keyboard, of what is selected."""
        from meshloom.ui.canvas.menu import menu_for

        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        if by_key and self.selection:
            shape = self.model.shapes[self.selection[0]]
            hit, scene = Hit(shape.name), QPointF(shape.x, shape.y)
            place = self.viewport().mapToGlobal(self.mapFromScene(scene))
        else:
            hit, place = self.at(QPointF(event.pos())), event.globalPos()
            scene = self.mapToScene(event.pos())
        if hit.node is not None and hit.node not in self.selection:
            self.select([hit.node])
        menu = menu_for(self, hit, scene)
        self.menu_made.emit(menu, hit.node or "")
        menu.popup(place)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)  # an editor that is open would stay behind
        if not event.pixelDelta().isNull() and not event.modifiers():  # two fingers on a pad
            self.pan(QPointF(event.pixelDelta()))
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.pan(QPointF(event.angleDelta().y() or event.angleDelta().x(), 0))
        else:
            self.zoom_at(1.0015 ** event.angleDelta().y(), event.position())
        event.accept()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and self._gesture is not None:
            event.accept()  # while a button is held no command may change what the mouse works on
            return True
        return super().event(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.NativeGesture:
            gesture: QNativeGestureEvent = event  # type: ignore[assignment]
            if gesture.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                self.zoom_at(1.0 + gesture.value(), gesture.position())
                return True
        if event.type() == QEvent.Type.ToolTip:
            text = decor.tooltip(self.model, self.at(QPointF(event.pos())))  # type: ignore[attr-defined]
            if text:
                QToolTip.showText(event.globalPos(), text, self)  # type: ignore[attr-defined]
            else:
                QToolTip.hideText()
            return True
        return super().viewportEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and self._gesture is None and not event.isAutoRepeat():
            self._space = True
            self._space_alone = True
            self.viewport().setCursor(Qt.CursorShape.OpenHandCursor)
        elif event.key() == Qt.Key.Key_Escape:
            if self._gesture is not None:
                self._abandon()
            elif self.selection:
                self.select([])
            elif self.instances:
                self.leave_to(len(self.instances) - 1)
            self.viewport().update()
        else:
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat() and self._space:
            self._space = False
            self.viewport().unsetCursor()
            if self._space_alone:  # tapped: the palette; held and dragged: a pan
                self.palette_wanted.emit(self.cursor_on_screen(), "", "")
            return
        event.ignore()

    def space_used(self) -> None:
        """The space bar was held for a pan, so letting it go opens no palette."""
        self._space_alone = False

    def cursor_on_screen(self) -> QPoint:
        """Where the pointer is, or the middle of the view when it is elsewhere."""
        at = self.viewport().mapFromGlobal(QCursor.pos())
        inside = self.viewport().rect().contains(at)
        return self.viewport().mapToGlobal(at if inside else self.viewport().rect().center())

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.pictures.spare()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._space = False
        super().focusOutEvent(event)

    # -------------------------------------------------------------------------------------------- editing

    def edit_field(self, name: str, field: Field) -> None:
        """Open the editor of a painted field over it."""
        floating.edit_field(self, name, field)

    def edit_title(self) -> None:
        """Let the user type a title for the selected node, or for the frame or note under the pointer."""
        floating.edit_title(self)

    # ------------------------------------------------------------------------------------------- notices

    def notice(self, text: str, at: QPointF | None = None) -> None:
        """Say something for a moment at a point of the viewport (where the pointer is)."""
        at = at or QPointF(self.viewport().mapFromGlobal(self.cursor_on_screen()))
        self._notice = (text, at)
        self._notice_ends.start()
        self.viewport().update()

    @property
    def noticed(self) -> str:
        """What is being said."""
        return self._notice[0] if self._notice is not None else ""

    def _refused(self, error: object) -> None:
        at = self._gesture.position if self._gesture is not None else None
        self.notice(str(error), at)

    def _end_notice(self) -> None:
        if self._notice is not None:
            self._notice = None
            self.viewport().update()


def _link_pen(type_: str, muted: bool, bright: bool, zoom: float) -> QPen:
    share = 0.35 if muted else 1.0 if bright else 0.72
    colour = paint.mixed(_link_colour(type_), theme().colour("canvas"), share)
    pen = QPen(colour, 3.0 if bright else 2.0 if zoom > 0.7 else 0.0)
    if muted:
        pen.setStyle(Qt.PenStyle.DashLine)
    return pen


def _link_colour(type_: str) -> QColor:
    return socket_style(type_)[1] if type_ else theme().colour("dim")
