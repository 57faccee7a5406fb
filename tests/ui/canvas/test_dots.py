"""Reroute dots by mouse."""

from __future__ import annotations

from PySide6.QtCore import QPointF

from meshloom.ui.canvas import dots
from meshloom.ui.canvas.view import CanvasView

from .conftest import Hand


def middle(view: CanvasView):
    start, end = view.model.ends(view.model.links["blur", "image"])
    return view.mapFromScene((start + end) / 2)


def test_a_double_click_on_a_link_adds_a_dot_that_can_be_dragged_and_taken_away(
    view: CanvasView, hand: Hand
) -> None:
    before = view.document.snapshot()
    hand.double_click(middle(view))
    assert [len(each) for each in dots.by_link(view.model).values()] == [1]
    place = dots.by_link(view.model)["blur", "image"][0]
    hand.drag(view.mapFromScene(place), view.mapFromScene(place + QPointF(20, 200)))
    moved = dots.by_link(view.model)["blur", "image"][0]
    assert abs(moved.y() - place.y() - 200) <= 2 and abs(moved.x() - place.x() - 20) <= 2
    assert (
        view.at(QPointF(view.mapFromScene(moved + QPointF(0, -1)))).link is view.model.links["blur", "image"]
    )
    hand.double_click(view.mapFromScene(moved))
    assert dots.by_link(view.model) == {}
    for _step in range(3):
        view.document.undo_stack.undo()
    assert view.document.snapshot() == before
    assert view.document.undo_stack.undoText() == ""


def test_dots_stay_in_the_order_that_the_link_passes_them(view: CanvasView) -> None:
    link = view.model.links["blur", "image"]
    start, end = view.model.ends(link)
    for share in (0.5, 0.2, 0.8):
        view.document.do(dots.added(view, link, start + (end - start) * share))
    places = [place.x() for place in dots.by_link(view.model)["blur", "image"]]
    assert places == sorted(places) and len(places) == 3


def test_dots_of_a_link_that_is_gone_or_damaged_are_left_out(view: CanvasView) -> None:
    listed = [
        {"link": "nobody.image", "at": [1, 2]},
        {"link": "blur.image", "at": "x"},
        {"link": "blur.image", "at": [1, 1e12]},
        {"link": "blur.image", "at": [250, 90]},
    ]
    view.document.do(dots.changed(view, listed))
    assert dots.by_link(view.model) == {("blur", "image"): [QPointF(250, 90)]}
    view.grab()
