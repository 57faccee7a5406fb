"""The canvas: a view of one scope of the document, painted whole, moved with mouse, pad and keys.

There are no graphics items: ``scene.py`` paints. What the user does with the mouse is in ``gestures.py``, what they
do by name in ``commands.py``.
"""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QCursor,
    QFocusEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QGraphicsScene, QGraphicsView, QToolTip, QWidget

from meshloom.graph_runtime.document import ROOT
from meshloom.ui.canvas import decor, dots, floating, gestures, scopes
from meshloom.ui.canvas.bars import Breadcrumb, FindBar
from meshloom.ui.canvas.hits import PLAIN, Hit, hit_at
from meshloom.ui.canvas.minimap import Minimap
from meshloom.ui.canvas.model import CanvasModel, LinkShape, rect_of
from meshloom.ui.canvas.notices import Notices
from meshloom.ui.canvas.pictures import Pictures
from meshloom.ui.canvas.scene import paint_scene
from meshloom.ui.canvas.shape import Field, Socket
from meshloom.ui.canvas.standing import Standing
from meshloom.ui.document import OpenDocument
from meshloom.ui.running.status import NodeStatus
from meshloom.ui.theme import UNIT, current
from meshloom.ui.words import _

MIN_ZOOM, MAX_ZOOM = 0.02, 4.0


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
        #: What the pointer is over.
        self.hover: Hit | None = None
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
        self.notices = Notices(self)
        self.notices.changed.connect(self.viewport().update)
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
        scope, reached = scopes.led_to(self.document.document, instances)
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

    def _show_trail(self) -> None:
        self.breadcrumb.show_trail([_("Graph"), *scopes.titles(self.document.document, self.instances)])
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
        failed = [path for path in self.standing.failed() if scopes.place_of(self.document.document, path)]
        if not failed:
            return None
        failed.sort()
        here = "/".join([*self.instances, *self.selection[:1]])
        return failed[(failed.index(here) + 1) % len(failed)] if here in failed else failed[0]

    # ---------------------------------------------------------------------------------------- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        try:
            paint_scene(painter, self)
        finally:  # a painter that is left open takes the process with it
            painter.end()
        if self.pictures.late:
            QTimer.singleShot(0, self.viewport(), self.viewport().update)

    # --------------------------------------------------------------------------------------- what is under

    def at(self, point: QPointF) -> Hit:
        """What lies under a point of the viewport."""
        return hit_at(self.model, self.mapToScene(point.toPoint()), self.zoom, self.visible())

    # ---------------------------------------------------------------------------------------- mouse, keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.notices.end()
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
        before = self.hover.link if self.hover is not None else None
        self.hover = hit
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
        self.notices.say(text, at)

    @property
    def noticed(self) -> str:
        """What is being said."""
        return self.notices.said[0] if self.notices.said is not None else ""

    def _refused(self, error: object) -> None:
        at = self._gesture.position if self._gesture is not None else None
        self.notice(str(error), at)
