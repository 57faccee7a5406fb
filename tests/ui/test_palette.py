"""Finding nodes: what ranks first, what fits a socket, what is remembered; all of it from the keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.listing import Listing
from meshloom.graph_runtime.plan import fit
from meshloom.graph_runtime.types import VALUES
from meshloom.ui import words
from meshloom.ui.palette import Palette, Remembered, rank

from .hand import click


@pytest.fixture
def palette(qtbot: QtBot, catalog: Catalog, tmp_path: Path) -> Iterator[Palette]:
    made = Palette(catalog, Remembered(tmp_path / "palette.json"))
    qtbot.addWidget(made)
    made.open_at(QPoint(10, 30))
    qtbot.waitExposed(made)
    yield made
    made.close()


def shown(palette: Palette) -> list[str]:
    """The ids of the lines, from the top."""
    model = palette.list.model()
    return [model.index(row, 0).data(Qt.ItemDataRole.UserRole).listing.id for row in range(model.rowCount())]


def current(palette: Palette) -> str:
    return palette.list.currentIndex().data(Qt.ItemDataRole.UserRole).listing.id


def test_the_better_answer_comes_first() -> None:
    blur = Listing("image.blur", "Blur", "Smooth a picture.", ("gaussian", "soften"))
    ranks = [
        rank(words, blur, "Blur")
        for words in ("blur", "bl", "gauss", "lur", "br", "smooth picture", "nothing of this")
    ]
    assert ranks[-1] is None
    told = [each for each in ranks if each is not None]
    assert len(told) == 6 and told == sorted(told) and len(set(told)) == 6
    assert rank("", blur, "Blur") is not None, "without words everything is offered"


def test_several_words_may_begin_words_of_the_title() -> None:
    sample = Listing("mesh.sample_points", "Sample points", "Points spread over a surface.")
    other = Listing("mesh.other", "Spread", "Sample points of something.")
    found, second = rank("sam poi", sample, sample.title), rank("sam poi", other, other.title)
    assert found is not None and second is not None and found < second


def test_typing_narrows_and_the_best_is_chosen_by_enter(qtbot: QtBot, palette: Palette) -> None:
    everything = len(shown(palette))
    assert everything > 100
    assert QApplication.focusWidget() is palette.line or palette.focusWidget() is palette.line
    qtbot.keyClicks(palette.line, "Blur")
    found = shown(palette)
    assert found[0] == "image.blur" and 0 < len(found) < everything
    assert current(palette) == "image.blur"
    with qtbot.waitSignal(palette.chosen) as told:
        qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    assert told.args == ["image.blur", ""] and not palette.isVisible()


def test_aliases_and_skipped_letters_are_found(qtbot: QtBot, palette: Palette, catalog: Catalog) -> None:
    aliased = [(listing.id, alias) for listing in palette._all for alias in listing.aliases if len(alias) > 3]
    assert len(aliased) > 40
    for node_id, alias in aliased:
        ids = [choice.listing.id for choice in palette.choices(alias)]
        assert node_id in ids[:12], f"{alias!r} does not lead to {node_id}: {ids[:12]}"
    qtbot.keyClicks(palette.line, "smplpnts")
    assert "mesh.sample_points" in shown(palette)


def test_every_title_finds_its_own_node_first(palette: Palette) -> None:
    titles: dict[str, set[str]] = {}
    for listing in palette._all:
        titles.setdefault(listing.title.lower(), set()).add(listing.id)
    for title, ids in titles.items():
        assert palette.choices(title)[0].listing.id in ids


def test_the_keyboard_reaches_every_line(qtbot: QtBot, palette: Palette) -> None:
    order = shown(palette)
    for key, row in (
        (Qt.Key.Key_Down, 1),
        (Qt.Key.Key_Down, 2),
        (Qt.Key.Key_Up, 1),
        (Qt.Key.Key_PageDown, 16),
        (Qt.Key.Key_PageUp, 1),
        (Qt.Key.Key_PageUp, 0),
        (Qt.Key.Key_Up, 0),
    ):
        qtbot.keyClick(palette.line, key)
        assert current(palette) == order[row]
    for _ in range(len(order) // 15 + 1):
        qtbot.keyClick(palette.line, Qt.Key.Key_PageDown)
    assert current(palette) == order[-1]
    assert palette.list.visualRect(palette.list.currentIndex()).intersects(palette.list.viewport().rect())
    with qtbot.waitSignal(palette.chosen) as told:
        qtbot.keyClick(palette.line, Qt.Key.Key_Enter)
    assert told.args[0] == order[-1]


def test_escape_closes_and_chooses_nothing(qtbot: QtBot, palette: Palette) -> None:
    told: list[str] = []
    palette.chosen.connect(lambda node_id, socket: told.append(node_id))
    qtbot.keyClick(palette.line, Qt.Key.Key_Escape)
    assert not palette.isVisible() and told == [] and palette.remembered.recent == []


def test_no_answer_says_so_and_enter_does_nothing(qtbot: QtBot, palette: Palette) -> None:
    told: list[str] = []
    palette.chosen.connect(lambda node_id, socket: told.append(node_id))
    qtbot.keyClicks(palette.line, "qqqqzz")
    assert shown(palette) == [] and "No node" in palette.side._words.text()
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Return):
        qtbot.keyClick(palette.line, key)
    qtbot.keyClick(palette.line, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert told == [] and palette.isVisible() and palette.remembered.favourites == []


def test_a_click_chooses_too(qtbot: QtBot, palette: Palette) -> None:
    third = shown(palette)[2]
    at = palette.list.visualRect(palette.list.model().index(2, 0)).center()
    with qtbot.waitSignal(palette.chosen) as told:
        click(palette.list.viewport(), at)
    assert told.args[0] == third


@pytest.mark.parametrize("direction", ["in", "out"])
@pytest.mark.parametrize("type_name", ["Image", "Mesh", "Cameras", "PointCloud", "Text"])
def test_only_what_fits_the_socket_is_offered_equal_types_first(
    palette: Palette, catalog: Catalog, type_name: str, direction: str
) -> None:
    palette.open_at(QPoint(10, 30), type_name, direction)
    held = VALUES[type_name]
    choices = palette.choices()
    assert choices

    def fits(node_id: str, equal: bool) -> bool:
        spec = catalog[node_id]
        for port in spec.inputs if direction == "in" else spec.outputs:
            given, taken = (held, port.wire.base) if direction == "in" else (port.wire.base, held)
            if port.wire.base is held or (not equal and fit(given, taken)[0]):
                return True
        return False

    for choice in choices:
        spec = catalog[choice.listing.id]
        port = spec.input(choice.socket) if direction == "in" else spec.output(choice.socket)
        assert port is not None, f"{choice.listing.id} has no {choice.socket}"
        assert fits(choice.listing.id, equal=False)
    assert {choice.listing.id for choice in choices} == {
        listing.id for listing in palette._all if fits(listing.id, equal=False)
    }
    equal = [fits(choice.listing.id, equal=True) for choice in choices]
    assert equal == sorted(equal, reverse=True), "conversions come after what needs none"
    assert palette._for.isVisible() and type_name in palette._for.text()


def test_the_socket_that_fits_comes_with_the_choice(qtbot: QtBot, palette: Palette) -> None:
    palette.open_at(QPoint(10, 30), "Mesh", "in")
    qtbot.keyClicks(palette.line, "sample points")
    with qtbot.waitSignal(palette.chosen) as told:
        qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    assert told.args == ["mesh.sample_points", "mesh"]
    palette.open_at(QPoint(10, 30))
    assert not palette._for.isVisible() and palette.line.text() == "" and len(shown(palette)) > 100


def test_what_was_added_last_and_favourites_come_first_and_are_kept(
    qtbot: QtBot, palette: Palette, catalog: Catalog
) -> None:
    file = palette.remembered._file
    qtbot.keyClicks(palette.line, "mesh")
    before = shown(palette)
    late = before[-1]
    while current(palette) != late:
        qtbot.keyClick(palette.line, Qt.Key.Key_PageDown)
    qtbot.keyClick(palette.line, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert palette.remembered.favourites == [late] and palette.side.star.text() == "★"
    palette.line.clear()
    assert shown(palette)[0] == late
    palette.line.setText("resize")
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    palette.open_at(QPoint(10, 30))
    assert set(shown(palette)[:2]) == {late, palette.remembered.recent[0]}
    again = Remembered(file)
    assert again.favourites == [late] and again.recent == palette.remembered.recent != []
    click(palette.side.star, palette.side.star.rect().center())
    qtbot.keyClick(palette.line, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert late in Remembered(file).favourites, "twice is back"


def test_a_favourite_does_not_beat_a_better_answer(palette: Palette) -> None:
    palette.remembered.toggle("image.blend")
    assert palette.choices("blur")[0].listing.id == "image.blur"


def test_no_more_recents_than_fit_and_the_newest_first(tmp_path: Path) -> None:
    held = Remembered(tmp_path / "p.json")
    for index in range(40):
        held.used(f"a.n{index}")
    held.used("a.n35")
    assert held.recent[:2] == ["a.n35", "a.n39"] and len(held.recent) == len(set(held.recent)) == 12


@pytest.mark.parametrize("text", ["", "{", "[]", '{"favourites": 3}', '{"recent": null}', "\0\1"])
def test_a_damaged_memory_costs_only_itself(tmp_path: Path, text: str) -> None:
    file = tmp_path / "p.json"
    file.write_text(text)
    held = Remembered(file)
    assert held.favourites == [] and held.recent == []
    held.used("image.blur")
    assert Remembered(file).recent == ["image.blur"]


def test_a_folder_that_cannot_be_written_costs_only_the_memory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    held = Remembered(tmp_path / "file" / "p.json")
    held.used("image.blur")
    assert held.recent == ["image.blur"]


def test_it_opens_where_all_of_it_can_be_seen(palette: Palette) -> None:
    area = palette.screen().availableGeometry()
    for corner in (area.topLeft(), area.bottomRight(), area.bottomLeft()):
        palette.open_at(corner)
        place = palette.frameGeometry()
        assert place.left() >= area.left() and place.right() <= max(area.right(), area.left() + place.width())


def test_the_side_tells_of_the_current_node(qtbot: QtBot, palette: Palette, catalog: Catalog) -> None:
    qtbot.keyClicks(palette.line, "blur")
    assert palette.side._title.text() == "Blur"
    assert palette.side._words.text() == catalog["image.blur"].summary
    picture = palette.side._picture.grab().toImage()
    colours = {
        picture.pixelColor(x, y).name() for x in range(0, picture.width(), 4) for y in range(20, 120, 4)
    }
    assert len(colours) > 5, "the node is painted"
    qtbot.keyClick(palette.line, Qt.Key.Key_Down)
    assert palette.side._title.text() != "Blur"


def test_another_language_is_searched_as_well_as_english(palette: Palette, monkeypatch) -> None:
    monkeypatch.setattr("meshloom.ui.palette._", lambda text: "Weichzeichnen" if text == "Blur" else text)
    assert palette.choices("weich")[0].listing.id == "image.blur"
    assert palette.choices("blur")[0].listing.id == "image.blur"
    assert words._("Blur") == "Blur"
