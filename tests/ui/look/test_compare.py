"""Two pictures held against each other, by mouse and in numbers."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.types import DepthMap, Image, Mask
from meshloom.ui.look.compare import MODES, CompareView
from meshloom.ui.look.measures import fitted_to, levels_of, psnr, ssim

from ..hand import click, drag, point, wheel

RED, BLUE = (200, 30, 20), (20, 40, 220)


def array(image: QImage) -> np.ndarray:
    held = image.convertToFormat(QImage.Format.Format_RGB888)
    flat = np.frombuffer(held.constBits(), np.uint8).reshape(held.height(), held.bytesPerLine())
    return flat[:, : 3 * held.width()].reshape(held.height(), held.width(), 3).copy()


def plain(colour: tuple[int, int, int], height: int = 120, width: int = 160) -> Image:
    return Image(np.full((height, width, 3), colour, np.uint8))


def noise(height: int = 120, width: int = 160, seed: int = 0) -> np.ndarray:
    small = np.random.default_rng(seed).random((height // 8, width // 8, 3))
    return (np.kron(small, np.ones((8, 8, 1))) * 255).astype(np.uint8)


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[CompareView]:
    made = CompareView()
    qtbot.addWidget(made)
    made.resize(700, 560)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()


def choose(view: CompareView, mode: str, qtbot: QtBot) -> None:
    """By key, as a hand would."""
    view.mode.setFocus()
    qtbot.keyClick(view.mode, Qt.Key.Key_Home)
    for _ in range(MODES.index(mode)):
        qtbot.keyClick(view.mode, Qt.Key.Key_Down)
    assert view.mode.currentData() == mode


def sides(view: CompareView) -> np.ndarray:
    """(H, W) of what is painted: 1 where A, 2 where B, 0 elsewhere."""
    shot = array(view.wipe.grab().toImage()).astype(int)
    near = [np.abs(shot - colour).max(axis=2) < 4 for colour in (RED, BLUE)]
    return near[0] * 1 + near[1] * 2


# -------------------------------------------------------------------------------------------------- wipe


def test_the_wipe_follows_the_mouse(view: CompareView) -> None:
    view.show_values(plain(RED), plain(BLUE))
    middle = view.wipe.rect().center()
    held = sides(view)
    assert held[middle.y(), middle.x() - 30] == 1 and held[middle.y(), middle.x() + 30] == 2
    drag(view.wipe, middle, middle + QPoint(120, 15))
    held = sides(view)
    row = held[middle.y() + 40]
    assert row[middle.x() + 110] == 1 and row[middle.x() + 130] == 2
    left, right = view.wipe.frame().left(), view.wipe.frame().right()
    for target, side in ((QPoint(-400, 0), 2), (QPoint(2000, 0), 1)):
        line = QPoint(round(view.wipe._line()[0].x()), middle.y())
        drag(view.wipe, line, middle + target)
        inside = sides(view)[middle.y(), int(left) + 4 : int(right) - 4]
        assert (inside[inside > 0] == side).all() and (inside == side).mean() > 0.95


@pytest.mark.parametrize("degrees", [0, 30, 90, 135, -120, 180])
def test_the_line_is_turned_with_ctrl_to_any_angle(view: CompareView, degrees: float) -> None:
    view.show_values(plain(RED, 400, 400), plain(BLUE, 400, 400))
    middle = view.wipe.rect().center()
    across = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
    away = QPointF(*(across * 60)).toPoint()
    drag(view.wipe, middle, middle + away, modifiers=Qt.KeyboardModifier.ControlModifier)
    held = sides(view)
    ys, xs = np.mgrid[0 : held.shape[0], 0 : held.shape[1]]
    beyond = (xs - middle.x()) * across[0] + (ys - middle.y()) * across[1] - 60
    frame = view.wipe.frame().toRect().adjusted(2, 2, -2, -2)
    inside = np.zeros(held.shape, bool)
    inside[frame.top() : frame.bottom(), frame.left() : frame.right()] = True
    assert (held[inside & (beyond > 10)] == 2).all() and (held[inside & (beyond < -10)] == 1).all()
    assert (inside & (beyond > 10)).sum() > 1000 and (inside & (beyond < -10)).sum() > 1000


def test_away_from_the_line_a_drag_moves_both_pictures(view: CompareView) -> None:
    view.show_values(plain(RED), plain(BLUE))
    before, place = view.wipe.frame(), view.wipe.place
    at = view.wipe.rect().center() + QPoint(-150, 60)
    drag(view.wipe, at, at + QPoint(33, 21))
    assert view.wipe.frame().topLeft() == before.topLeft() + QPointF(33, 21) and view.wipe.place == place
    held = sides(view)
    rows, columns = np.nonzero(held)
    frame = view.wipe.frame()
    assert abs(rows.min() - max(frame.top(), 0)) <= 1 and abs(columns.min() - max(frame.left(), 0)) <= 1
    assert set(np.unique(held)) == {0, 1, 2}


def test_pictures_of_different_size_lie_over_each_other(view: CompareView) -> None:
    large = noise(240, 320)
    small = large[::2, ::2]
    view.show_values(Image(large), Image(small))
    shot = {}
    for place in (0.0, 1.0):
        view.wipe.place = place
        shot[place] = array(view.wipe.grab().toImage()).astype(int)
    frame = view.wipe.frame().toRect().adjusted(14, 14, -14, -14)
    both = [each[frame.top() : frame.bottom(), frame.left() : frame.right()] for each in shot.values()]
    assert np.abs(both[0] - both[1]).mean() < 4, "the same picture on both sides of the line"
    wheel(view.wipe, view.wipe.rect().center() + QPoint(50, 30), 5)
    for place in (0.0, 1.0):
        view.wipe.place = place
        shot[place] = array(view.wipe.grab().toImage()).astype(int)[20:-20, 20:-20]
    assert np.abs(shot[0.0] - shot[1.0]).mean() < 4, "near by too"


# --------------------------------------------------------------------------------------------- side by side


def test_side_by_side_moves_both_from_either_side(view: CompareView, qtbot: QtBot) -> None:
    view.show_values(Image(noise(240, 320)), Image(noise(120, 160)))
    choose(view, "side", qtbot)
    assert view.left.isVisible() and view.right.isVisible() and not view.wipe.isVisible()
    for canvas, other, scale in ((view.left, view.right, 0.5), (view.right, view.left, 2.0)):
        wheel(canvas, canvas.rect().center() + QPoint(40, -20), 3)
        drag(canvas, QPoint(100, 100), QPoint(60, 130))
        assert other.centre.x() == pytest.approx(canvas.centre.x() * scale)
        assert other.centre.y() == pytest.approx(canvas.centre.y() * scale)
        assert other.zoom == pytest.approx(canvas.zoom / scale), "the same part, as large"


def test_the_probe_tells_of_the_place_in_either_picture(view: CompareView, qtbot: QtBot) -> None:
    one = np.zeros((120, 160, 3), np.uint8)
    one[60:, 80:] = (255, 0, 0)
    other = np.zeros((240, 320, 3), np.uint8)
    other[120:, 160:] = (0, 255, 0)
    view.show_values(Image(one), Image(other))
    choose(view, "side", qtbot)
    assert view.numbers

    def at(canvas, x: float, y: float) -> str:
        frame = canvas.frame()
        point(canvas, QPointF(frame.left() + x * canvas.zoom, frame.top() + y * canvas.zoom).toPoint())
        return view.readout.text()

    told = at(view.left, 120, 90)
    assert "A 1.000, 0.000, 0.000" in told and "B 0.000, 1.000, 0.000" in told and "(120, 90)" in told
    told = at(view.right, 240, 180)
    assert "A 1.000, 0.000, 0.000" in told and "B 0.000, 1.000, 0.000" in told
    told = at(view.right, 40, 30)
    assert "A 0.000, 0.000, 0.000" in told and "B 0.000, 0.000, 0.000" in told


# ----------------------------------------------------------------------------------------------------- blink


def test_blinking_shows_one_then_the_other_in_the_same_view(view: CompareView, qtbot: QtBot) -> None:
    view.show_values(plain(RED), plain(BLUE, 60, 80), ("before", "after"))
    view._blink.setInterval(30)
    wheel(view.wipe, view.wipe.rect().center(), 2)
    zoom, centre = view.wipe.zoom, QPointF(view.wipe.centre)
    choose(view, "blink", qtbot)
    seen: list[int] = []

    def both() -> bool:
        held = sides(view)
        only = set(np.unique(held)) - {0}
        assert len(only) == 1, "never both at once"
        seen.append(only.pop())
        return {1, 2} <= set(seen)

    qtbot.waitUntil(both, timeout=3000)
    assert (view.wipe.zoom, view.wipe.centre) == (zoom, centre)
    assert view.readout.text() in ("before", "after")


def test_blinking_rests_while_nobody_looks_and_goes_on_after(view: CompareView, qtbot: QtBot) -> None:
    view.show_values(plain(RED), plain(BLUE))
    choose(view, "blink", qtbot)
    assert view._blink.isActive()
    view.hide()
    assert not view._blink.isActive()
    view.show()
    assert view._blink.isActive()
    choose(view, "wipe", qtbot)
    assert not view._blink.isActive() and set(np.unique(sides(view))) >= {1, 2}


# ------------------------------------------------------------------------------------------------ difference


def test_difference_heat_and_threshold(view: CompareView, qtbot: QtBot) -> None:
    one = np.full((40, 60, 3), 100, np.uint8)
    other = one.copy()
    other[10:20, 10:20] = (110, 100, 100)
    other[30:35, 30:35] = (100, 160, 100)
    view.show_values(Image(one), Image(other))
    view.gain.setValue(0)
    plain_difference = view.difference("difference")
    assert (plain_difference == np.abs(one.astype(int) - other)).all()
    view.gain.setValue(25)
    assert tuple(view.difference("difference")[15, 15]) == (60, 0, 0), "a gain of six"
    assert tuple(view.difference("difference")[32, 32]) == (0, 255, 0), "and no overflow"
    heat = view.difference("heat").astype(int)
    assert heat[0, 0].sum() < heat[15, 15].sum() < heat[32, 32].sum()
    view.gain.setValue(9)
    assert tuple(view.difference("threshold")[15, 15]) == (240, 113, 108)
    view.gain.setValue(10)
    marked = (view.difference("threshold") == (240, 113, 108)).all(axis=2)
    assert marked[32, 32] and not marked[15, 15] and marked.sum() == 25
    for mode in ("difference", "heat", "threshold"):
        choose(view, mode, qtbot)
        assert view.gain.isVisible()
        shot = array(view.wipe.grab().toImage())
        frame = view.wipe.frame()
        at = [round(frame.top() + 32.5 * view.wipe.zoom), round(frame.left() + 32.5 * view.wipe.zoom)]
        assert (shot[at[0] + 3, at[1] + 3] == view.difference(mode)[32, 32]).all()
    choose(view, "wipe", qtbot)
    assert not view.gain.isVisible()


# ---------------------------------------------------------------------------------------------------- numbers


@pytest.mark.parametrize("sigma", [0.5, 4.0, 40.0])
def test_psnr_and_ssim_are_those_of_scikit_image(view: CompareView, sigma: float, qtbot: QtBot) -> None:
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity

    one = noise(seed=3)
    other = np.clip(one + np.random.default_rng(1).normal(0, sigma, one.shape), 0, 255).astype(np.uint8)
    view.show_values(Image(one), Image(other))
    exact = peak_signal_noise_ratio(one, other, data_range=255)
    assert view.numbers["PSNR"] == pytest.approx(exact, abs=1e-3)
    luma = [each / 255.0 @ np.array([0.2126, 0.7152, 0.0722]) for each in (one, other)]
    assert view.numbers["SSIM"] == pytest.approx(structural_similarity(*luma, data_range=1.0), abs=1e-4)
    assert view.numbers["max"] == pytest.approx(np.abs(one.astype(int) - other).max() / 255)
    qtbot.waitUntil(lambda: f"{exact:.2f} dB" in view.readout.text())


def test_equal_pictures(view: CompareView, qtbot: QtBot) -> None:
    view.show_values(Image(noise()), Image(noise()))
    assert view.numbers == {"PSNR": float("inf"), "SSIM": 1.0, "max": 0.0}
    qtbot.waitUntil(lambda: "inf" in view.readout.text())


def test_measuring_large_pictures_keeps_nobody_waiting(view: CompareView, qtbot: QtBot) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (1200, 2000, 3), np.uint8)
    one, other = Image(pixels), Image(pixels[::-1].copy())
    view.show_values(plain(RED), plain(BLUE))
    assert view.numbers
    begun = time.thread_time()
    view.show_values(one, other)
    assert time.thread_time() - begun < 0.2, (
        "the work of this thread alone; all of it takes a second and more"
    )
    assert "…" in view.readout.text()
    overtaken = view._measuring
    view.show_values(plain(RED), plain(BLUE))
    qtbot.waitUntil(lambda: "PSNR" in view.readout.text() and not view._measured.isActive())
    overtaken.join()
    assert view.numbers["PSNR"] < 10, "what was overtaken tells nothing any more"


def test_a_picture_too_small_for_ssim_has_none() -> None:
    tiny = np.zeros((4, 9, 3), np.float32)
    assert np.isnan(ssim(tiny, tiny)) and psnr(tiny, tiny + 1) == 0.0


def test_numbers_of_pictures_of_different_size(view: CompareView) -> None:
    large = noise(240, 320)
    view.show_values(Image(np.kron(large[::8, ::8], np.ones((4, 4, 1), np.uint8))), Image(large))
    assert view.numbers["PSNR"] > 60, "shrunk by areas, not by picking pixels"
    assert "160×120 / 320×240" in view.readout.text()
    assert fitted_to(levels_of(Image(large)), (60, 80)).shape == (60, 80, 3)


def test_depths_are_compared_on_one_scale(view: CompareView) -> None:
    """Twice as far is not the same depth."""
    ramp = np.linspace(1, 4, 120 * 160, dtype=np.float32).reshape(120, 160)
    ramp[0, 0] = np.nan
    view.show_values(DepthMap(ramp), DepthMap(2 * ramp))
    assert view.numbers["max"] == pytest.approx(0.5, abs=1e-3) and view.numbers["PSNR"] < 20
    view.show_values(DepthMap(ramp), DepthMap(ramp.copy()))
    assert view.numbers["PSNR"] == float("inf")


def test_depths_are_painted_on_one_scale(view: CompareView) -> None:
    ramp = np.linspace(1, 4, 120 * 160, dtype=np.float32).reshape(120, 160)
    view.show_values(DepthMap(ramp), DepthMap(2 * ramp))
    middle = view.wipe.rect().center()
    shot = array(view.wipe.grab().toImage()).astype(int)
    near, far = shot[middle.y() + 60, middle.x() - 40, 0], shot[middle.y() + 60, middle.x() + 40, 0]
    assert near > far + 60


def test_kinds_may_differ(view: CompareView, qtbot: QtBot) -> None:
    mask = np.zeros((120, 160), np.float32)
    mask[:, 80:] = 1
    grey = np.full((120, 160, 1), 255, np.uint8)
    view.show_values(Mask(mask), Image(grey))
    assert view.numbers["max"] == 1.0 and view.numbers["PSNR"] == pytest.approx(10 * np.log10(2))
    view.show_values(Image(noise().astype(np.float32) / 255), DepthMap(np.ones((120, 160), np.float32)))
    for mode in MODES:
        choose(view, mode, qtbot)
        assert not view.grab().isNull()


def test_a_and_b_change_places(view: CompareView, qtbot: QtBot) -> None:
    view.show_values(plain(RED), plain(BLUE), ("first", "second"))
    (swap,) = [each for each in view.findChildren(QToolButton) if each.text() == "⇄"]
    with qtbot.waitSignal(view.swapped):
        click(swap, swap.rect().center())
    middle = view.wipe.rect().center()
    held = sides(view)
    assert held[middle.y(), middle.x() - 30] == 2 and held[middle.y(), middle.x() + 30] == 1
    assert view.titles == ["second", "first"] and view.readout.text().startswith("second | first")


def test_fit_shows_all_again(view: CompareView) -> None:
    view.show_values(plain(RED), plain(BLUE))
    before = view.wipe.frame()
    wheel(view.wipe, QPoint(50, 50), 6)
    assert view.wipe.frame() != before
    (fit,) = [each for each in view.findChildren(QToolButton) if each.text() == "Fit"]
    click(fit, fit.rect().center())
    assert view.wipe.frame() == before
