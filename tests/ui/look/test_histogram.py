"""Levels, ranges and masks over pictures."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.types import Image, Mask
from meshloom.ui.look.histogram import BINS, counts
from meshloom.ui.look.image_view import ImageView


def test_every_pixel_is_counted_once_in_its_place() -> None:
    pixels = np.zeros((4, BINS, 3), np.uint8)
    pixels[:, :, 0] = np.arange(BINS) * 2
    held = counts(pixels, (0.0, 255.0))
    assert held.sum(axis=1).tolist() == [4 * BINS] * 3
    assert held[0].max() <= 8 and held[1, 0] == 4 * BINS


def test_what_is_no_number_is_not_counted_and_what_is_outside_counts_at_the_ends() -> None:
    pixels = np.array([[[-5.0], [0.5], [np.nan], [np.inf], [7.0]]], np.float32)
    held = counts(pixels, (0.0, 1.0))
    assert held.sum() == 4 or held.sum() == 3
    assert held[0, 0] == 1 and held[0, BINS // 2] == 1 and held[0, -1] >= 1


@pytest.fixture
def view(qtbot: QtBot) -> ImageView:
    made = ImageView()
    qtbot.addWidget(made)
    made.resize(500, 400)
    made.show()
    return made


def middle(view: ImageView) -> tuple[int, int, int]:
    shot = view.canvas.grab().toImage()
    colour = shot.pixelColor(shot.width() // 2, shot.height() // 2)
    return colour.red(), colour.green(), colour.blue()


def test_floats_are_shown_in_the_range_chosen(view: ImageView) -> None:
    pixels = np.full((100, 100, 3), 3.0, np.float32)
    pixels[:10], pixels[90:] = 2.0, 4.0
    view.show_value(Image(pixels))
    assert view.range.isVisible() and middle(view) == (255, 255, 255)
    view.range.setCurrentIndex(view.range.findData("all"))
    assert view.span() == (2.0, 4.0) and abs(middle(view)[0] - 128) <= 1
    view.show_value(Image(np.full((100, 100, 3), 90, np.uint8)))
    assert not view.range.isVisible() and middle(view) == (90, 90, 90)


def test_a_mask_tints_what_it_covers_also_at_another_size(view: ImageView) -> None:
    view.show_value(Image(np.full((100, 100, 3), 90, np.uint8)))
    coverage = np.zeros((50, 50), np.float32)
    coverage[20:30, 20:30] = 1.0
    view.set_overlay(Mask(coverage))
    tinted = middle(view)
    assert tinted[0] > 130 and tinted[0] > tinted[1] + 40
    view.set_overlay(None)
    assert middle(view) == (90, 90, 90)


def test_the_histogram_is_shown_when_asked_for(view: ImageView) -> None:
    view.show_value(Image(np.random.default_rng(0).integers(0, 255, (60, 60, 3), dtype=np.uint8)))
    assert not view.histogram.isVisible()
    before = view.canvas.grab().toImage()
    view.levels.click()
    assert view.histogram.isVisible() and view.canvas.grab().toImage() != before
