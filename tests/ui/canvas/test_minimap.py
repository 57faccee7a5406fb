"""The overview: there when it helps, true to the graph, a handle to move by."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QRectF

from meshloom.graph_runtime.edits import Move
from meshloom.ui import theme
from meshloom.ui.canvas import commands
from meshloom.ui.canvas.view import CanvasView
from meshloom.ui.theme import socket_style

from ..hand import RIGHT, click, drag, wheel


def at(view: CanvasView, point: QPointF) -> QPoint:
    """Where a point of the scene is on the overview."""
    _box, scale, offset = view.minimap._room()
    return (point * scale + offset).toPoint()


def away(view: CanvasView) -> None:
    view.show_at(QPointF(4000, 4000), 1.0)


def test_it_is_there_only_while_something_is_out_of_view(view: CanvasView) -> None:
    view.fit()
    assert not view.minimap.isVisible()
    away(view)
    assert view.minimap.isVisible()
    place = view.minimap.geometry()
    assert view.rect().contains(place) and place.right() > view.width() - 20
    view.resize(500, 400)
    assert not view.minimap.isVisible(), "a small window has no room for it"


def test_it_can_be_turned_off(view: CanvasView) -> None:
    away(view)
    commands.toggle_minimap(view)
    assert not view.minimap.isVisible()
    view.pan(QPointF(5, 5))
    assert not view.minimap.isVisible()
    commands.toggle_minimap(view)
    assert view.minimap.isVisible()


def test_a_press_and_a_drag_go_there(view: CanvasView) -> None:
    away(view)
    middle = view.model.bounds(["size"]).center()
    click(view.minimap, at(view, middle))
    _box, scale, _offset = view.minimap._room()
    assert (view.centre() - middle).manhattanLength() <= 1.5 / scale
    target = view.model.bounds(["cloud"]).center()
    drag(view.minimap, at(view, middle), at(view, target))
    assert (view.centre() - target).manhattanLength() <= 1.5 / scale
    held = view.centre()
    click(view.minimap, at(view, middle), RIGHT)
    assert view.centre() == held and view.selection == []


def test_the_wheel_zooms_the_graph_about_its_middle(view: CanvasView) -> None:
    view.show_at(QPointF(300, 0), 1.5)
    assert view.minimap.isVisible()
    held, zoom = view.centre(), view.zoom
    wheel(view.minimap, view.minimap.rect().center(), 2)
    assert view.zoom > zoom and (view.centre() - held).manhattanLength() < 1


def test_nodes_are_painted_where_they_are_and_the_window_around_what_is_seen(view: CanvasView) -> None:
    view.show_at(QPointF(560, 330), 3.0)
    shot = view.minimap.grab().toImage()
    for name in ("size", "cloud"):
        shape = view.model.shapes[name]
        spot = at(view, view.model.bounds([name]).center())
        inks = {socket_style(socket.type)[1].name() for socket in [*shape.inputs, *shape.outputs]}
        assert shot.pixelColor(spot).name() in inks, name
    empty = at(view, QPointF(500, 560))
    assert shot.pixelColor(empty) != shot.pixelColor(at(view, view.model.bounds(["cloud"]).center()))
    seen = view.visible()
    _box, scale, offset = view.minimap._room()
    window = QRectF(seen.topLeft() * scale + offset, seen.size() * scale)
    accent = theme.theme().colour("accent")
    for x in (window.left(), window.right()):
        near = [shot.pixelColor(round(x) + step, round(window.bottom()) - 4) for step in range(-2, 3)]
        assert min(abs(each.red() - accent.red()) + abs(each.blue() - accent.blue()) for each in near) < 60


def test_a_node_that_moves_moves_there_too(view: CanvasView, qtbot) -> None:
    view.show_at(QPointF(0, 0), 2.0)
    view.minimap.grab()
    before = view.minimap._picture
    view.document.do(Move("cloud", (3000.0, 900.0)))
    qtbot.waitUntil(lambda: view.minimap.grab() is not None and view.minimap._picture is not before)
    shot = view.minimap.grab().toImage()
    spot = at(view, view.model.bounds(["cloud"]).center())
    shape = view.model.shapes["cloud"]
    inks = {socket_style(socket.type)[1].name() for socket in [*shape.inputs, *shape.outputs]}
    assert shot.pixelColor(spot).name() in inks


def test_another_theme_repaints_it(view: CanvasView, qapp) -> None:
    away(view)
    dark = view.minimap.grab().toImage()
    theme.use("light", qapp)
    light = view.minimap.grab().toImage()
    theme.use("dark", qapp)
    corner = QPoint(12, 12)
    assert light.pixelColor(corner).lightness() > dark.pixelColor(corner).lightness() + 100


def test_it_has_a_name_for_those_who_cannot_see_it(view: CanvasView) -> None:
    assert view.minimap.accessibleName()
