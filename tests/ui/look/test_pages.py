"""Tables that sort and copy, texts, figures."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.types import Figure, Series, Table, Text
from meshloom.ui import theme
from meshloom.ui.look.pages import FigureView, TableView, TextView

from ..hand import click, wheel

TABLE = Table(
    ("name", "error", "count"),
    (
        ("b.jpg", 10.25, 2),
        ("A.jpg", 9.5, None),
        ("c, d.jpg", -1.0, 30),
        ("e.jpg", 0.1234567890123, 100),
        (None, None, 7),
    ),
)


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[TableView]:
    made = TableView()
    qtbot.addWidget(made)
    made.resize(500, 300)
    made.show_value(TABLE)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    yield made
    made.close()


def column(view: TableView, index: int) -> list[str]:
    return [view.item(row, index).text() for row in range(view.rowCount())]


def sort(view: TableView, index: int) -> None:
    header = view.horizontalHeader()
    at = QPoint(header.sectionViewportPosition(index) + 12, header.height() // 2)
    click(header.viewport(), at)


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_rows_come_in_their_own_order(view: TableView) -> None:
    assert column(view, 0) == ["b.jpg", "A.jpg", "c, d.jpg", "e.jpg", ""]
    assert [view.horizontalHeaderItem(each).text() for each in range(3)] == ["name", "error", "count"]


def test_numbers_sort_as_numbers_and_nothing_is_last_either_way(view: TableView) -> None:
    sort(view, 2)
    assert column(view, 2) == ["2", "7", "30", "100", ""]
    assert column(view, 0)[0] == "b.jpg", "whole rows move"
    sort(view, 2)
    assert column(view, 2) == ["100", "30", "7", "2", ""]
    sort(view, 1)
    assert column(view, 1) == ["-1", "0.123457", "9.5", "10.25", ""]
    sort(view, 0)
    assert column(view, 0) == ["A.jpg", "b.jpg", "c, d.jpg", "e.jpg", ""]


def test_what_is_no_number_is_last_too(view: TableView) -> None:
    view.show_value(Table(("x",), ((float("nan"),), (2.0,), (float("inf"),), (1,), (float("nan"),), (0.5,))))
    sort(view, 0)
    assert column(view, 0) == ["0.5", "1", "2", "inf", "nan", "nan"]


def test_texts_and_numbers_of_one_column_keep_apart(view: TableView) -> None:
    view.show_value(Table(("x",), (("b",), (2,), ("a",), (10,))))
    sort(view, 0)
    assert column(view, 0) == ["2", "10", "a", "b"]


def test_another_table_is_not_sorted_like_the_last(view: TableView) -> None:
    sort(view, 2)
    view.show_value(Table(("k",), ((3,), (1,), (2,))))
    assert column(view, 0) == ["3", "1", "2"] and view.columnCount() == 1


def test_all_is_copied_as_csv_in_the_order_shown_with_every_digit(view: TableView, qtbot: QtBot) -> None:
    sort(view, 2)
    view.setFocus()
    view.clearSelection()
    qtbot.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    copied = rows(QGuiApplication.clipboard().text())
    assert copied[0] == ["name", "error", "count"]
    assert copied[1:] == [
        ["b.jpg", "10.25", "2"],
        ["", "", "7"],
        ["c, d.jpg", "-1.0", "30"],
        ["e.jpg", "0.1234567890123", "100"],
        ["A.jpg", "9.5", ""],
    ]


def test_selected_rows_are_copied(view: TableView, qtbot: QtBot) -> None:
    for row in (1, 3):
        at = view.visualItemRect(view.item(row, 0)).center()
        modifiers = Qt.KeyboardModifier.ControlModifier if row == 3 else Qt.KeyboardModifier.NoModifier
        click(view.viewport(), at, modifiers=modifiers)
    qtbot.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert [row[0] for row in rows(QGuiApplication.clipboard().text())] == ["name", "A.jpg", "e.jpg"]


def test_nothing_can_be_written_into_a_result(view: TableView, qtbot: QtBot) -> None:
    view.setCurrentCell(0, 0)
    qtbot.keyClick(view, Qt.Key.Key_F2)
    qtbot.keyClicks(view, "zzz")
    assert column(view, 0)[0] == "b.jpg"


def test_an_empty_table(view: TableView) -> None:
    view.show_value(Table(("a", "b"), ()))
    assert view.rowCount() == 0 and view.as_csv() == "a,b\n"


@pytest.mark.parametrize(
    ("value", "text"), [(Text("two\nlines"), "two\nlines"), (2.5, "2.5"), (True, "True")]
)
def test_texts_and_numbers(qtbot: QtBot, value: Any, text: str) -> None:
    view = TextView()
    qtbot.addWidget(view)
    view.show_value(value)
    assert view.toPlainText() == text
    qtbot.keyClicks(view, "x")
    assert view.toPlainText() == text


FIGURE = Figure(
    "Errors",
    "round",
    "px",
    (
        Series("mean", np.arange(5.0), np.array([4.0, 3, 2, 2, 1])),
        Series("worst", np.arange(5.0), np.array([9.0, 8, 8, 7, 6]), "points"),
    ),
)


@pytest.fixture
def figure(qtbot: QtBot) -> Iterator[FigureView]:
    made = FigureView()
    qtbot.addWidget(made)
    made.resize(500, 400)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()


def test_a_figure_shows_its_numbers_names_and_axes(figure: FigureView) -> None:
    figure.show_value(FIGURE)
    item = figure.plot.getPlotItem()
    curves = item.listDataItems()
    assert [curve.name() for curve in curves] == ["mean", "worst"]
    for curve, series in zip(curves, FIGURE.series, strict=True):
        x, y = curve.getData()
        assert (x == series.x).all() and (y == series.y).all()
    assert curves[0].opts["pen"] is not None and curves[1].opts["symbol"] == "o"
    assert item.titleLabel.text == "Errors"
    assert (item.getAxis("bottom").labelText, item.getAxis("left").labelText) == ("round", "px")
    figure.plot.grab()
    (low_x, high_x), (low_y, high_y) = item.viewRange()
    assert low_x <= 0 and high_x >= 4 and low_y <= 1 and high_y >= 9


def test_a_figure_changes_with_the_theme(figure: FigureView, qapp: QApplication) -> None:
    figure.show_value(FIGURE)
    theme.use("light", qapp)
    item = figure.plot.getPlotItem()
    assert figure.plot.backgroundBrush().color() == theme.LIGHT.colour("panel")
    assert item.getAxis("left").textPen().color() == theme.LIGHT.colour("dim")
    assert theme.LIGHT.text in figure.legend.styleSheet()


@pytest.mark.parametrize("size", [2e-7, 1.0, 3e5])
def test_ticks_tell_numbers_as_they_are(figure: FigureView, size: float) -> None:
    figure.show_value(
        Figure("Errors", "ms", "error", (Series("a", np.arange(3.0), size * np.array([1.0, 1.5, 2.0])),))
    )
    figure.plot.grab()
    axis = figure.plot.getPlotItem().getAxis("left")
    low, high = axis.range
    values = [value for _step, ticks in axis.tickValues(low, high, 300)[:1] for value in ticks]
    step = axis.tickSpacing(low, high, 300)[0][0]
    told = axis.tickStrings(values, axis.autoSIPrefixScale * axis.scale, step)
    assert [float(text) for text in told] == pytest.approx(values, rel=1e-3, abs=size * 1e-6)
    assert "x" not in axis.labelString().partition("error")[2]


def test_curves_are_named_beside_the_plot(figure: FigureView) -> None:
    figure.show_value(FIGURE)
    assert "mean" in figure.legend.text() and "worst" in figure.legend.text() and figure.legend.isVisible()
    figure.show_value(Figure("One", "", "", FIGURE.series[:1]))
    assert not figure.legend.isVisible()


def test_another_figure_replaces_it(figure: FigureView) -> None:
    figure.show_value(FIGURE)
    alone = Figure("Bars", "", "", (Series("n", np.array([1.0, 2, 4]), np.array([5.0, 6, 7]), "bars"),))
    figure.show_value(alone)
    item = figure.plot.getPlotItem()
    assert len(item.items) == 1
    assert list(item.items[0].opts["height"]) == [5, 6, 7] and item.items[0].opts["width"] == 0.8
    assert item.legend is None or not item.legend.items
    figure.show_value(Figure("One", "", "", (Series("n", np.array([1.0]), np.array([5.0]), "bars"),)))
    assert len(item.items) == 1


def test_the_wheel_zooms_a_figure_and_another_shows_all_again(figure: FigureView, qtbot: QtBot) -> None:
    figure.show_value(FIGURE)
    figure.plot.grab()
    item = figure.plot.getPlotItem()
    (low, high), _y = item.viewRange()
    wheel(figure.plot.viewport(), figure.plot.viewport().rect().center(), 2)
    (nearer_low, nearer_high), _y = item.viewRange()
    assert nearer_high - nearer_low < high - low
    wide = Figure("Wide", "", "", (Series("n", np.array([0.0, 1000]), np.array([0.0, 1000])),))
    kept = item.viewRange()
    figure.show_value(FIGURE)
    figure.plot.grab()
    assert item.viewRange() == kept, "new numbers in the same figure leave the view alone"
    figure.show_value(wide)
    figure.plot.grab()
    assert item.viewRange()[0][1] >= 1000


def test_what_is_no_number_leaves_a_gap(figure: FigureView, qtbot: QtBot) -> None:
    held = Series("n", np.arange(4.0), np.array([1.0, np.nan, 3.0, np.inf]))
    figure.show_value(Figure("Gaps", "", "", (held,)))
    assert not figure.plot.grab().isNull()


def test_nothing_to_plot(figure: FigureView) -> None:
    figure.show_value(Figure("Empty", "", "", (Series("n", np.zeros(0), np.zeros(0)),)))
    figure.show_value(Figure("Empty", "", "", ()))
    figure.show_value(Figure("Empty", "", "", (Series("n", np.zeros(0), np.zeros(0), "bars"),)))
    assert figure.plot.getPlotItem().titleLabel.text == "Empty"
