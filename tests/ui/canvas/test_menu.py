"""The menu under the right button, and links shown as names."""

from __future__ import annotations

from PySide6.QtCore import QPoint
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QInputDialog, QMenu
from pytestqt.qtbot import QtBot

from meshloom.ui.canvas import dots, named_links
from meshloom.ui.canvas.view import CanvasView

from .conftest import Hand


def menu_at(view: CanvasView, at: QPoint) -> QMenu:
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, view.viewport().mapToGlobal(at))
    QApplication.sendEvent(view.viewport(), event)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


def choose(menu: QMenu, words: str) -> None:
    action = next(each for each in menu.actions() if words in each.text())
    menu.close()
    action.trigger()


def test_the_menu_of_a_node_selects_it_and_does_what_its_keys_do(view: CanvasView, hand: Hand) -> None:
    menu = menu_at(view, hand.head("blur"))
    assert view.selection == ["blur"]
    choose(menu, "Mute")
    assert view.document.document.node("blur").mute


def test_a_link_is_shown_as_a_name_and_as_a_line_again(view: CanvasView, hand: Hand, qtbot: QtBot) -> None:
    start, end = view.model.ends(view.model.links["blur", "image"])
    before = view.grab().toImage()
    menu = menu_at(view, view.mapFromScene((start + end) / 2))
    choose(menu, "Show as a name")
    dialog = view.findChild(QInputDialog)
    assert dialog.textValue() == "image"
    dialog.setTextValue("photo in")
    dialog.accept()
    assert named_links.held(view.model) == {("blur", "image"): "photo in"}
    assert view.document.document.node("blur").links["image"].node == "photo"
    assert view.grab().toImage() != before
    choose(menu_at(view, view.mapFromScene(end) + QPoint(-30, 0)), "Show as a line")
    assert named_links.held(view.model) == {}
    view.selection.clear()
    assert view.grab().toImage() == before


def test_the_menu_of_a_link_reroutes_and_unlinks(view: CanvasView) -> None:
    start, end = view.model.ends(view.model.links["blur", "image"])
    middle = view.mapFromScene((start + end) / 2)
    choose(menu_at(view, middle), "Reroute")
    assert ("blur", "image") in dots.by_link(view.model)
    choose(menu_at(view, middle), "Unlink")
    assert ("blur", "image") not in view.model.links and dots.by_link(view.model) == {}


def test_the_bare_canvas_offers_to_add(view: CanvasView, qtbot: QtBot) -> None:
    menu = menu_at(view, QPoint(900, 800))
    with qtbot.waitSignal(view.palette_wanted):
        choose(menu, "Add a node")
