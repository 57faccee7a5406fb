"""Unfinished results: their picture and their plot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.types import Figure, Series
from meshloom.ui.look.live_view import LiveView
from meshloom.ui.running.status import NodeStatus

STATUS = NodeStatus("running", done=30, total=120, message="iteration 30 of 120, about 4 s left")


def picture(level: int) -> QImage:
    made = QImage(64, 48, QImage.Format.Format_RGB888)
    made.fill(level * 0x010101)
    return made


def plot(*values: float) -> Figure:
    return Figure(
        "Training", "iteration", "", (Series("dB", np.arange(len(values)) * 1.0, np.array(values)),)
    )


@pytest.fixture
def view(qtbot: QtBot) -> LiveView:
    made = LiveView()
    qtbot.addWidget(made)
    made.resize(400, 500)
    made.show()
    qtbot.waitExposed(made)
    return made


def middle(view: LiveView) -> int:
    return view.picture.grab().toImage().pixelColor(view.picture.rect().center()).red()


def test_the_newest_picture_is_seen_with_how_far_it_is(view: LiveView) -> None:
    view.show_status(replace(STATUS, preview=picture(40)))
    assert view.words.text() == STATUS.message and view.progress.value() == 250
    assert abs(middle(view) - 40) <= 1
    view.show_status(replace(STATUS, preview=picture(200), done=60))
    assert view.progress.value() == 500 and abs(middle(view) - 200) <= 1


def test_a_plot_comes_under_it_and_grows(view: LiveView) -> None:
    view.show_status(replace(STATUS, preview=picture(40)))
    assert view.plot is None
    view.show_status(replace(STATUS, preview=picture(40), plot=plot(20.0, 22.0)))
    assert view.plot is not None and view.plot.isVisible() and view.picture.isVisible()
    assert view.plot.y() + view.plot.parentWidget().y() > view.picture.y()
    view.show_status(replace(STATUS, preview=picture(40), plot=plot(20.0, 22.0, 23.0)))
    (curve,) = view.plot.plot.getPlotItem().listDataItems()
    assert curve.getData()[1].tolist() == [20.0, 22.0, 23.0]


def test_another_node_does_not_show_what_the_one_before_had(view: LiveView) -> None:
    view.show_status(replace(STATUS, preview=picture(40), plot=plot(20.0)))
    view.show_status(replace(STATUS, plot=plot(1.0, 2.0), total=0.0, message=""))
    assert not view.picture.isVisible() and not view.progress.isVisible()
    assert view.words.text() == "Running…"
    view.show_status(replace(STATUS, preview=picture(90)))
    assert view.plot is not None and not view.plot.isVisible() and abs(middle(view) - 90) <= 1


def test_a_small_picture_is_enlarged_softly(view: LiveView) -> None:
    made = QImage(4, 2, QImage.Format.Format_RGB888)
    made.fill(0)
    for row in range(2):
        made.setPixelColor(3, row, QColor(250, 250, 250))
    view.show_status(replace(STATUS, preview=made))
    shown = view.picture.grab().toImage()
    frame = view.picture.frame()
    levels = {
        shown.pixelColor(x, int(frame.center().y())).red()
        for x in range(int(frame.left()) + 2, int(frame.right()) - 2)
    }
    assert frame.width() > 0.9 * view.picture.width() and len(levels) > 20, "no squares"
