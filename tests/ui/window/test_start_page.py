"""The start page: recent files, templates, and finding among them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.catalog import Catalog
from meshloom.ui.settings import Settings
from meshloom.ui.window.start_page import StartPage, picture_of
from meshloom.ui.window.templates import PRESETS

from ..hand import click, double_click


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    made = []
    for name, age in (("castle", 90), ("garden", 3 * 3600), ("statue", 5 * 86400)):
        file = tmp_path / "graphs" / f"{name}.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text("{}")
        os.utime(file, (time.time() - age,) * 2)
        made.append(file)
    return made


@pytest.fixture
def page(qtbot: QtBot, catalog: Catalog, files: list[Path], tmp_path: Path) -> Iterator[StartPage]:
    settings = Settings(tmp_path / "settings.json")
    settings.remember(tmp_path / "gone.json")
    for file in reversed(files):
        settings.remember(file)
    picture = QImage(60, 40, QImage.Format.Format_RGB32)
    picture.fill(QColor("#3366cc"))
    picture_of(files[0]).parent.mkdir(parents=True)
    assert picture.save(str(picture_of(files[0])))
    made = StartPage(catalog, settings)
    qtbot.addWidget(made)
    made.resize(1000, 800)
    made.refresh()
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    yield made
    made.close()


def test_recent_files_newest_first_without_those_that_are_gone(page: StartPage, files: list[Path]) -> None:
    cards = page.recent.cards()
    assert [card.key for card in cards] == [str(file) for file in files]
    assert [card.title for card in cards] == ["castle", "garden", "statue"]
    assert cards[0].text.startswith("1 min") and cards[1].text.startswith("3 h")
    assert cards[2].text.startswith("5 days") and str(files[2].parent) in cards[2].text


def test_a_recent_file_has_the_picture_that_was_kept_for_it(
    page: StartPage, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    box = page.recent.visualRect(page.recent.model().index(0, 0))
    assert page.recent.viewport().grab(box).toImage().pixelColor(40, 40) == QColor("#3366cc")
    assert picture_of(files[0]) != picture_of(files[1])
    monkeypatch.chdir(files[0].parent)
    assert picture_of(Path(files[0].name)) == picture_of(files[0])


def test_every_template_is_there_and_says_what_keeps_it_from_running(page: StartPage) -> None:
    cards = page.gallery.cards()
    assert {Path(card.key).name for card in cards} == {file.name for file in PRESETS.glob("*.json")}
    for card in cards:
        assert card.note in ("", "Something is missing")


def test_typing_filters_both(qtbot: QtBot, page: StartPage) -> None:
    page.setFocus()
    assert page.filter.hasFocus(), "one can type at once"
    qtbot.keyClicks(page.filter, "gard")
    assert [card.title for card in page.recent.cards()] == ["garden"]
    assert page.gallery.cards() == [] and page._none.isVisible()
    page.filter.clear()
    qtbot.keyClicks(page.filter, "model photo")
    assert "photos_to_model" in {Path(card.key).stem for card in page.gallery.cards()}
    assert not page.recent.isVisible() and not page._recent_title.isVisible() and not page._none.isVisible()
    page.filter.clear()
    assert page.recent.isVisible() and len(page.recent.cards()) == 3


def test_only_what_runs_here(page: StartPage, catalog: Catalog) -> None:
    page._templates[0] = type(page._templates[0])(
        page._templates[0].file, "Cannot run", "about", None, "needs the node zzz.qqq"
    )
    page._show()
    first = page.gallery.cards()[0]
    assert (first.note, first.text) == ("Something is missing", "needs the node zzz.qqq")
    before = len(page.gallery.cards())
    click(page.ready_only, QPoint(8, page.ready_only.height() // 2))
    assert page.ready_only.isChecked()
    cards = page.gallery.cards()
    assert len(cards) < before and all(card.note == "" for card in cards)


def test_cards_and_buttons_say_what_is_wanted(qtbot: QtBot, page: StartPage, files: list[Path]) -> None:
    box = page.recent.visualRect(page.recent.model().index(1, 0))
    with qtbot.waitSignal(page.file_chosen) as told:
        double_click(page.recent.viewport(), box.center())
    assert told.args == [str(files[1])]
    with qtbot.waitSignal(page.template_chosen) as told:
        qtbot.keyClick(page.gallery, Qt.Key.Key_Return)
    assert told.args == [page.gallery.cards()[0].key]
    buttons = {each.text(): each for each in page.findChildren(QPushButton)}
    for text, signal in (
        ("New graph", page.new_wanted),
        ("Open…", page.open_wanted),
        ("Show me around", page.guide_wanted),
    ):
        with qtbot.waitSignal(signal):
            click(buttons[text], buttons[text].rect().center())


def test_tab_goes_from_the_search_to_the_cards(qtbot: QtBot, page: StartPage) -> None:
    page.filter.setFocus()
    reached = []
    for _ in range(12):
        qtbot.keyClick(page.focusWidget(), Qt.Key.Key_Tab)
        reached.append(page.focusWidget())
    assert page.recent in reached and page.gallery in reached and page.ready_only in reached


def test_no_recent_files_leave_no_empty_heading(qtbot: QtBot, catalog: Catalog, tmp_path: Path) -> None:
    made = StartPage(catalog, Settings(tmp_path / "none.json"))
    qtbot.addWidget(made)
    made.refresh()
    made.show()
    assert not made.recent.isVisible() and not made._recent_title.isVisible() and made.gallery.cards()
