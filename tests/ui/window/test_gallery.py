"""Cards: what they say to eyes and to screen readers, and how they are opened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from meshloom.ui import theme
from meshloom.ui.window.gallery import Card, Gallery

from ..hand import click, double_click


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Left half red, right half blue, wider than a card."""
    image = QImage(400, 100, QImage.Format.Format_RGB32)
    image.fill(QColor("#ff0000"))
    for x in range(200, 400):
        for y in range(100):
            image.setPixelColor(x, y, QColor("#0000ff"))
    file = tmp_path / "p.png"
    assert image.save(str(file))
    return file


@pytest.fixture
def gallery(qtbot: QtBot, picture: Path) -> Iterator[Gallery]:
    made = Gallery()
    qtbot.addWidget(made)
    made.resize(760, 520)
    made.show_cards(
        [
            Card(
                "a",
                "Photos to model",
                "From photographs to a textured mesh.",
                picture,
                "Runs here now",
                "good",
            ),
            Card("b", "Second", "With no picture. " * 20),
            Card("c", "Third", picture=picture.with_name("gone.png")),
            Card("d", "Fourth"),
            Card("e", "Fifth"),
        ]
    )
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    yield made
    made.close()


def box(gallery: Gallery, row: int) -> QRect:
    return gallery.visualRect(gallery.model().index(row, 0))


def test_cards_wrap_to_the_width(gallery: Gallery, qtbot: QtBot) -> None:
    tops = [box(gallery, row).top() for row in range(5)]
    assert tops[0] == tops[1] == tops[2] < tops[3] == tops[4]
    gallery.resize(300, 520)
    qtbot.waitUntil(lambda: len({box(gallery, row).top() for row in range(5)}) == 5)
    assert not any(box(gallery, a).intersects(box(gallery, b)) for a in range(5) for b in range(a))


def test_a_double_click_opens(gallery: Gallery, qtbot: QtBot) -> None:
    told: list[str] = []
    gallery.opened.connect(told.append)
    click(gallery.viewport(), box(gallery, 1).center())
    assert told == [], "one click only chooses"
    double_click(gallery.viewport(), box(gallery, 1).center())
    assert told == ["b"]


def test_keys_walk_and_open(gallery: Gallery, qtbot: QtBot) -> None:
    told: list[str] = []
    gallery.opened.connect(told.append)
    gallery.setFocus()
    qtbot.keyClick(gallery, Qt.Key.Key_Return)
    qtbot.keyClick(gallery, Qt.Key.Key_Right)
    qtbot.keyClick(gallery, Qt.Key.Key_Return)
    qtbot.keyClick(gallery, Qt.Key.Key_Down)
    qtbot.keyClick(gallery, Qt.Key.Key_Enter)
    assert told == ["a", "b", "e"]


def test_an_empty_gallery_opens_nothing(qtbot: QtBot) -> None:
    gallery = Gallery()
    qtbot.addWidget(gallery)
    told: list[str] = []
    gallery.opened.connect(told.append)
    gallery.show_cards([])
    qtbot.keyClick(gallery, Qt.Key.Key_Return)
    assert told == [] and gallery.cards() == []


def test_a_card_speaks(gallery: Gallery) -> None:
    said = gallery.model().index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    for part in ("Photos to model", "textured mesh", "Runs here now"):
        assert part in said


def test_the_picture_fills_its_place_from_the_middle(gallery: Gallery) -> None:
    shot = gallery.viewport().grab(box(gallery, 0)).toImage()
    left, right = shot.pixelColor(30, 30), shot.pixelColor(shot.width() - 30, 30)
    assert left == QColor("#ff0000") and right == QColor("#0000ff")
    assert shot.pixelColor(shot.width() // 2 - 20, 30) == QColor("#ff0000")
    assert shot.pixelColor(shot.width() // 2 + 20, 30) == QColor("#0000ff")


@pytest.mark.parametrize("name", ["dark", "light"])
def test_a_card_without_a_picture_shows_its_letter_in_the_theme(gallery: Gallery, name: str, qapp) -> None:
    theme.use(name, qapp)
    for row in (1, 2):  # none, and one whose file is gone
        shot = gallery.viewport().grab(box(gallery, row)).toImage()
        place = shot.copy(10, 10, shot.width() - 20, 100)
        colours = {place.pixelColor(x, y).name() for x in range(place.width()) for y in range(place.height())}
        assert theme.theme().canvas in colours and theme.theme().line in colours
    theme.use("dark", qapp)


def test_a_changed_picture_is_read_again(gallery: Gallery, picture: Path) -> None:
    gallery.viewport().grab()
    green = QImage(50, 50, QImage.Format.Format_RGB32)
    green.fill(QColor("#00ff00"))
    picture.unlink()
    assert green.save(str(picture))
    shot = gallery.viewport().grab(box(gallery, 0)).toImage()
    assert shot.pixelColor(30, 30) == QColor("#00ff00")


def test_new_cards_replace_the_old_and_the_first_is_chosen(gallery: Gallery) -> None:
    gallery.show_cards([Card("z", "Last")])
    assert [card.key for card in gallery.cards()] == ["z"] and gallery.currentIndex().row() == 0
