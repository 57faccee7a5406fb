"""The tour: goes on by itself when something was done, by mouse and by keys, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QPoint, QRect, Qt
from PySide6.QtGui import QAction, QImage
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLineEdit,
    QMainWindow,
    QPushButton,
    QScrollArea,
    QWidget,
)
from pytestqt.qtbot import QtBot

from meshloom.ui import theme
from meshloom.ui.window.tour import Step, Tour
from meshloom.ui.window.tour_card import Card, Spot

LEFT = Qt.MouseButton.LeftButton
ALT = Qt.KeyboardModifier.AltModifier


class Window(QMainWindow):
    def __init__(self) -> None:
        super().__init__()
        self.resize(1000, 700)
        inside = QWidget(self)
        self.setCentralWidget(inside)
        self.line = QLineEdit(inside)
        self.run = QPushButton("Run", inside)
        self.side = QScrollArea(inside)
        self.line.setGeometry(20, 20, 200, 30)
        self.run.setGeometry(240, 20, 80, 30)
        self.side.setGeometry(700, 0, 300, 700)
        self.tour = Tour(
            inside,
            [
                Step("Welcome", "Look around.", lambda: self.side),
                Step("Run", "Press Run.", lambda: self.run, self.run.clicked),
                Step("Write", "Write a word.", lambda: self.line, lambda: self.line.textEdited),
                Step("The end", "That is all.", lambda: None),
            ],
        )
        self.over: list[bool] = []
        self.tour.finished.connect(self.over.append)

    @property
    def card(self) -> Card:
        assert self.tour.card is not None
        return self.tour.card


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[Window]:
    made = Window()
    qtbot.addWidget(made)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    made.tour.start()
    yield made


def test_next_and_back_by_mouse_and_the_end(window: Window, qtbot: QtBot) -> None:
    card = window.card
    assert card.title.text() == "Welcome" and "1 of 4" in card.count.text() and not card.back.isEnabled()
    qtbot.mouseClick(card.next, LEFT)
    assert card.title.text() == "Run"
    qtbot.mouseClick(card.back, LEFT)
    assert card.title.text() == "Welcome"
    for _ in range(3):
        qtbot.mouseClick(card.next, LEFT)
    assert card.title.text() == "The end" and card.next.text() == "Done" and window.over == []
    qtbot.mouseClick(card.next, LEFT)
    assert window.over == [True] and not window.tour.running
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not window.findChildren(Card) and not window.findChildren(Spot)


def test_it_goes_on_when_it_was_done(window: Window, qtbot: QtBot) -> None:
    window.tour.next()
    card = window.card
    assert card.hint.isVisible() and card.next.text() == "Skip"
    qtbot.mouseClick(window.run, LEFT)
    assert card.title.text() == "Run", "for a moment, to be seen as done"
    qtbot.waitUntil(lambda: card.title.text() == "Write", timeout=3000)
    assert window.line.hasFocus(), "where something is to be written"
    qtbot.mouseClick(window.run, LEFT)
    qtbot.keyClicks(window.line, "abc")
    qtbot.waitUntil(lambda: card.title.text() == "The end", timeout=3000)
    assert card.next.hasFocus() and not card.hint.isVisible()
    qtbot.keyClick(card.next, Qt.Key.Key_Return)
    assert window.over == [True]


def test_a_step_that_was_left_waits_no_more(window: Window, qtbot: QtBot) -> None:
    window.tour.next()
    qtbot.mouseClick(window.run, LEFT)
    window.tour.back()
    qtbot.wait(800)
    assert window.card.title.text() == "Welcome"
    qtbot.mouseClick(window.run, LEFT)
    qtbot.wait(700)
    assert window.card.title.text() == "Welcome"


def test_all_by_keys(window: Window, qtbot: QtBot) -> None:
    card = window.card
    assert card.next.hasFocus()
    qtbot.keyClick(card.next, Qt.Key.Key_Space)
    assert card.title.text() == "Run" and window.run.hasFocus()
    qtbot.keyClick(window.run, Qt.Key.Key_Right, ALT)
    assert card.title.text() == "Write" and window.line.hasFocus()
    qtbot.keyClick(window.line, Qt.Key.Key_Left, ALT)
    assert card.title.text() == "Run"
    qtbot.keyClick(window.run, Qt.Key.Key_F6)
    assert card.next.hasFocus()
    qtbot.keyClick(card.next, Qt.Key.Key_Tab)
    assert card.back.hasFocus()
    qtbot.keyClick(card.back, Qt.Key.Key_Escape)
    assert window.over == [False] and not window.tour.running
    qtbot.keyClick(window, Qt.Key.Key_Right, ALT)
    assert window.over == [False]


def test_it_can_be_had_again(window: Window, qtbot: QtBot) -> None:
    qtbot.mouseClick(window.card.leave, LEFT)
    window.tour.start()
    assert window.tour.index == 0 and window.card.isVisible()
    window.tour.start()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert len(window.findChildren(Card)) == 1


def test_the_light_follows_the_widget_and_the_card_stays_in_the_window(window: Window, qtbot: QtBot) -> None:
    window.tour.next()
    spot = window.tour.spot
    assert spot is not None and spot.places == (QRect(240, 20, 80, 30),) and window.card.side == "top"
    window.run.move(900, 640)
    qtbot.waitUntil(lambda: spot.places == (QRect(900, 640, 80, 30),))
    assert window.rect().contains(window.card.geometry())
    assert not window.card.geometry().adjusted(12, 12, -12, -12).intersects(spot.places[0])
    window.resize(1100, 720)
    qtbot.waitUntil(lambda: spot.size() == window.size())
    window.run.hide()
    qtbot.waitUntil(lambda: not spot.places)
    assert window.card.side == ""


def test_of_a_widget_in_a_scroll_area_only_the_seen_part_is_lit(window: Window) -> None:
    inner = QWidget()
    inner.setLayout(QHBoxLayout())
    inner.setFixedSize(200, 3000)
    window.side.setWidget(inner)
    window.tour.leave()
    tour = Tour(window, [Step("Long", "A long page.", lambda: inner)])
    tour.start()
    assert tour.spot is not None
    (place,) = tour.spot.places
    assert window.rect().contains(place) and place.height() <= 700
    tour.leave()


def test_the_mouse_goes_through_the_dark(window: Window, qtbot: QtBot) -> None:
    told: list[bool] = []
    window.run.clicked.connect(lambda on: told.append(on))
    at = window.run.mapTo(window, QPoint(10, 10))
    assert window.childAt(at) is window.run
    qtbot.mouseClick(window.run, LEFT)
    assert told == [False]


def test_it_is_dark_around_and_light_on_the_widget(window: Window, qapp: QApplication) -> None:
    for name in ("dark", "light"):
        theme.use(name, qapp)
        window.tour.leave()
        plain: QImage = window.grab().toImage()
        window.tour.start()
        window.tour.next()
        lit = window.grab().toImage()
        on, off = QPoint(245, 25), QPoint(60, 600)
        assert lit.pixelColor(on) == plain.pixelColor(on)
        assert lit.pixelColor(off).lightness() < plain.pixelColor(off).lightness()
    theme.use("dark", qapp)


def test_what_tells_may_be_gone(window: Window, qtbot: QtBot) -> None:
    window.tour.next()
    window.run.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    window.tour._steps = (window.tour._steps[0], Step("Gone", "", lambda: None), *window.tour._steps[2:])
    window.tour.next()
    assert window.card.title.text() == "Write"
    window.tour.leave()
    assert window.over == [False]


def test_where_it_is_done_is_lit_too_and_has_the_focus(window: Window) -> None:
    step = Step("Write", "See there.", lambda: window.side, window.line.textEdited, lambda: window.line)
    tour = Tour(window, [step])
    tour.start()
    assert tour.spot is not None and tour.card is not None
    assert tour.spot.places == (QRect(700, 0, 300, 700), QRect(20, 20, 200, 30))
    assert tour.card.side == "right" and window.line.hasFocus()
    tour.leave()


def test_one_tour_at_a_time(window: Window) -> None:
    other = Tour(window, [Step("Other", "Another tour.", lambda: window.line)])
    other.start()
    assert window.over == [False] and not window.tour.running
    assert other.card is not None and other.card.title.text() == "Other"
    other.leave()


def test_closing_the_window_in_a_tour_is_fine(qtbot: QtBot) -> None:
    window = Window()
    window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    window.show()
    window.tour.start()
    window.tour.next()
    with qtbot.waitSignal(window.destroyed):
        window.close()


def test_a_key_for_what_the_step_shows_goes_there_from_the_card(window: Window, qtbot: QtBot) -> None:
    fit = QAction("Fit", window.side)
    fit.setShortcut("F")
    fit.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
    window.side.addAction(fit)
    with qtbot.waitSignal(fit.triggered):
        qtbot.keyClick(window.card.next, Qt.Key.Key_F)
    fit.setEnabled(False)
    with qtbot.assertNotEmitted(fit.triggered):
        qtbot.keyClick(window.card.next, Qt.Key.Key_F)
    assert window.tour.index == 0
