"""All that a node found out on one page."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.types import Figure, Image, Series, Table
from meshloom.ui.look.compare import CompareView
from meshloom.ui.look.overview import Overview, Part, has_overview, is_report
from meshloom.ui.look.pages import FigureView, TableView

from ..hand import wheel

TABLE = Table(("kernel", "verdict"), (("one", "baseline"), ("two", "faster"), ("three", "failed: no")))
SPEED = Figure("Speed", "n", "TFLOP/s", (Series("one", np.arange(3.0), np.arange(3.0)),))
ROUNDS = Figure("Rounds", "round", "ms", (Series("one", np.arange(3.0), np.arange(3.0), "points"),))


def picture(level: float, name: str) -> Image:
    return Image(np.full((20, 30, 3), level, np.float32), name)


def parts(*levels: float) -> list[Part]:
    pictures = tuple(picture(level, f"arm {index}") for index, level in enumerate(levels))
    return [
        Part("table", (TABLE,)),
        Part("speed", (SPEED,)),
        Part("rounds", (ROUNDS,)),
        Part("share", (41.25,)),
        *([Part("pictures", pictures)] if pictures else []),
    ]


@pytest.fixture
def page(qtbot: QtBot) -> Iterator[Overview]:
    made = Overview()
    qtbot.addWidget(made)
    made.resize(1000, 700)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()


def test_each_output_has_its_place(page: Overview) -> None:
    page.show_parts(parts(0.2, 0.4, 0.9))
    kinds = {name: type(widget).__name__ for name, widget in page.sections.items()}
    assert kinds == {
        "table": "TableView",
        "speed": "FigureView",
        "rounds": "FigureView",
        "pictures": "_Pictures",
    }
    assert "41.25" in page._numbers.text()
    table = page.sections["table"]
    assert isinstance(table, TableView) and table.rowCount() == 3
    colours = [table.item(row, 1).foreground().color().name() for row in range(3)]
    assert len(set(colours)) == 3, "verdicts are told by colour as well"


def test_two_pictures_are_held_against_each_other(page: Overview, qtbot: QtBot) -> None:
    page.show_parts(parts(0.2, 0.4, 0.9))
    held = page.sections["pictures"]
    compare = held.findChild(CompareView)
    assert compare.titles == ["arm 0", "arm 1"]
    held.boxes[1].setCurrentIndex(2)
    assert compare.titles == ["arm 0", "arm 2"]
    assert compare.numbers["max"] == pytest.approx(0.7)
    compare.swap()
    assert [box.currentIndex() for box in held.boxes] == [2, 0]
    page.show_parts(parts(0.3, 0.4, 0.9))
    assert [box.currentIndex() for box in held.boxes] == [2, 0], "new values of the same node keep the choice"
    assert compare.numbers["max"] == pytest.approx(0.6)


def test_figures_stand_beside_each_other_where_there_is_room(page: Overview, qtbot: QtBot) -> None:
    page.show_parts(parts())

    def tops() -> list[int]:
        return [page.sections[name].mapTo(page.widget(), QPoint()).y() for name in ("speed", "rounds")]

    qtbot.waitUntil(lambda: tops()[0] == tops()[1] > 0)
    page.resize(500, 700)
    qtbot.waitUntil(lambda: tops()[0] < tops()[1])


def test_another_node_replaces_it(page: Overview) -> None:
    page.show_parts(parts(0.2, 0.4))
    page.show_parts([Part("scores", (TABLE,)), Part("picture", (picture(0.5, "one"),))])
    assert list(page.sections) == ["scores", "picture"] and not page._numbers.isVisible()


def test_the_wheel_scrolls_the_page_and_zooms_no_figure(page: Overview, qtbot: QtBot) -> None:
    page.show_parts(parts(0.2, 0.4))
    figure = page.sections["speed"]
    assert isinstance(figure, FigureView)
    view = figure.plot.viewport()
    qtbot.waitUntil(lambda: page.verticalScrollBar().maximum() > 0)
    page.setFocus()
    figure.plot.grab()
    (low, high), _y = figure.plot.getPlotItem().viewRange()
    wheel(view, view.rect().center(), -2)
    (now_low, now_high), _y = figure.plot.getPlotItem().viewRange()
    assert now_high - now_low == pytest.approx(high - low, rel=0.01)
    assert page.verticalScrollBar().value() > 0


def test_which_nodes_have_one(catalog: Catalog) -> None:
    def said(node: str) -> tuple[bool, bool]:
        spec = catalog.get(node)
        assert spec is not None
        return has_overview(spec), is_report(spec)

    assert (
        said("kernels.compare") == said("kernels.compare_in_model") == said("kernels.census") == (True, True)
    )
    assert said("splats.train") == (True, False)
    assert said("image.blur") == said("models.load") == (False, False)
