"""Pictures as they are: exact pixels, zoom to the pointer, channels, exposure, HDR and depth."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.types import DepthMap, Image, Mask, Text
from meshloom.ui.look.image_view import ImageView, pixels_of, to_screen

from ..hand import click, double_click, drag, point, wheel


def array(image: QImage) -> np.ndarray:
    """(H, W, 4) uint8."""
    held = image.convertToFormat(QImage.Format.Format_RGBA8888)
    flat = np.frombuffer(held.constBits(), np.uint8).reshape(held.height(), held.bytesPerLine())
    return flat[:, : 4 * held.width()].reshape(held.height(), held.width(), 4).copy()


def noise(height: int, width: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[ImageView]:
    made = ImageView()
    qtbot.addWidget(made)
    made.resize(640, 520)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    yield made
    made.close()


def place(view: ImageView, x: float, y: float) -> QPoint:
    """Where a point of the picture is in the canvas."""
    frame = view.canvas.frame()
    return QPointF(frame.left() + x * view.canvas.zoom, frame.top() + y * view.canvas.zoom).toPoint()


# ------------------------------------------------------------------------------------------- what is shown


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_eight_bits_are_shown_bit_for_bit(channels: int) -> None:
    pixels = noise(17, 23, channels)
    shown = array(to_screen(pixels))
    assert (shown[:, :, :3] == (pixels[:, :, :3] if channels > 1 else pixels)).all()
    assert (shown[:, :, 3] == (pixels[:, :, 3] if channels == 4 else 255)).all()


def test_every_level_of_a_16_bit_picture_is_rounded_to_the_nearest() -> None:
    levels = np.arange(65536, dtype=np.float32).reshape(256, 256, 1) / np.float32(65535)
    shown = array(to_screen(levels))[:, :, 0].reshape(-1).astype(int)
    exact = np.arange(65536) / 65535 * 255
    assert np.abs(shown - exact).max() <= 0.5 + 1e-3
    assert (np.diff(shown) >= 0).all() and shown[0] == 0 and shown[-1] == 255


def test_channels() -> None:
    pixels = noise(9, 11, 4)
    for index, name in enumerate("rgba"):
        shown = array(to_screen(pixels, name))
        assert (shown[:, :, :3] == pixels[:, :, index : index + 1]).all() and (shown[:, :, 3] == 255).all()
    luma = array(to_screen(pixels, "luma"))[:, :, 0].astype(float)
    assert np.abs(luma - pixels[:, :, :3] @ [0.2126, 0.7152, 0.0722]).max() <= 0.51
    assert (array(to_screen(pixels[:, :, :3], "a"))[:, :, :3] == 255).all(), "no alpha is all there"


@pytest.mark.parametrize("stops", [-3.0, -1.0, 1.0, 2.5])
def test_exposure_is_a_factor_of_the_light(stops: float) -> None:
    """Against the definition of sRGB (IEC 61966-2-1), in double precision."""
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    level = pixels[:, :, 0] / 255.0
    light = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4) * 2.0**stops
    exact = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    shown = array(to_screen(pixels, exposure=stops))[:, :, 0]
    assert np.abs(shown - np.clip(exact, 0, 1) * 255).max() <= 0.51


def test_what_is_brighter_than_white_comes_back_with_less_exposure() -> None:
    pixels = np.array([[[0.5], [1.0], [1.5], [2.0]]], np.float32)
    usual = array(to_screen(pixels))[0, :, 0]
    assert list(usual[1:]) == [255, 255, 255]
    dark = array(to_screen(pixels, exposure=-4))[0, :, 0].astype(int)
    assert (np.diff(dark) > 5).all() and dark[-1] < 255


def test_what_is_no_number_is_black_and_nothing_is_warned_of() -> None:
    pixels = np.array([[[np.nan], [np.inf], [-np.inf], [-1.0], [1e30]]], np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for exposure in (0.0, 2.0, -2.0):
            shown = array(to_screen(pixels, exposure=exposure))[0, :, 0]
            assert list(shown) == [0, 255, 0, 0, 255]


def test_depth_is_bright_near_dark_far_and_black_where_unknown() -> None:
    depth = np.linspace(2, 10, 400, dtype=np.float32).reshape(20, 20)
    depth[0, 0], depth[0, 1], depth[5, 5] = 0, np.nan, 1e6
    shown = array(to_screen(depth[:, :, None], depth=True))[:, :, 0].astype(int)
    assert shown[0, 0] == shown[0, 1] == 0
    flat = np.delete(shown.reshape(-1), [0, 1, 105])
    assert (np.diff(flat) <= 0).all() and flat[0] > 240 and 0 < flat[-1] < 40, "one stray takes no range"
    assert shown[5, 5] == flat[-1], "farther than all is as dark as the farthest, not unknown"


def test_a_far_wall_leaves_the_subject_its_levels() -> None:
    subject = np.linspace(2, 4, 360, dtype=np.float32)
    depth = np.concatenate([subject, np.full(40, 60, np.float32)]).reshape(20, 20)
    shown = array(to_screen(depth[:, :, None], depth=True))[:, :, 0].astype(int).ravel()[:360]
    assert (np.diff(shown) <= 0).all() and np.ptp(shown) > 100


@pytest.mark.parametrize("depth", [np.zeros((4, 4), np.float32), np.full((4, 4), 3, np.float32)])
def test_depth_without_a_range_is_shown_too(depth: np.ndarray) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shown = array(to_screen(depth[:, :, None], depth=True))
    assert len(np.unique(shown[:, :, :3])) == 1


def test_what_has_pixels() -> None:
    assert pixels_of(Text("no")) is None
    assert pixels_of(Mask(np.zeros((3, 4), np.float32))).shape == (3, 4, 1)
    assert pixels_of(DepthMap(np.ones((3, 4), np.float32))).shape == (3, 4, 1)


# --------------------------------------------------------------------------------------------------- the view


def test_each_pixel_is_painted_where_it_is_and_told_exactly(view: ImageView) -> None:
    pixels = noise(12, 16)
    view.show_value(Image(pixels, "castle.png"))
    assert "castle.png" in view.readout.text() and "16 × 12" in view.readout.text()
    assert view.canvas.zoom > 12
    shot = array(view.canvas.grab().toImage())
    for y in range(12):
        for x in range(16):
            at = place(view, x + 0.5, y + 0.5)
            assert (shot[at.y(), at.x(), :3] == pixels[y, x]).all(), (x, y)
            point(view.canvas, at)
            assert view.readout.text() == f"({x}, {y})  " + ", ".join(map(str, pixels[y, x]))
    for x, y in ((0.1, 0.1), (15.9, 11.9)):
        point(view.canvas, place(view, x, y))
        assert view.readout.text().startswith(f"({int(x)}, {int(y)})")
    point(view.canvas, QPoint(1, 1))
    assert "castle.png" in view.readout.text(), "beside the picture there is no pixel"


def test_a_float_picture_tells_its_own_numbers_whatever_is_shown(view: ImageView, qtbot: QtBot) -> None:
    view.show_value(Image(np.full((4, 4, 3), (0.123456, 7.5, -0.25), np.float32)))
    assert "float" in view.readout.text()
    view.exposure.setValue(30)
    qtbot.keyClick(view.channel, Qt.Key.Key_Down)
    point(view.canvas, place(view, 2.5, 1.5))
    assert view.readout.text() == "(2, 1)  0.1235, 7.5, -0.25"
    view.show_value(DepthMap(np.full((4, 4), 3.25, np.float32)))
    point(view.canvas, place(view, 0.5, 0.5))
    assert view.readout.text() == "(0, 0)  3.25"


@pytest.mark.parametrize("notches", [1, 4, -3])
def test_the_wheel_keeps_what_is_under_the_pointer(view: ImageView, notches: int) -> None:
    view.show_value(Image(noise(300, 400)))
    before = view.canvas.zoom
    at = place(view, 310.5, 77.5)
    point(view.canvas, at)
    pixel = view.readout.text().partition(")")[0]
    wheel(view.canvas, at, notches)
    assert (view.canvas.zoom > before) == (notches > 0)
    now = place(view, 310.5, 77.5)
    assert abs(now.x() - at.x()) <= 1 and abs(now.y() - at.y()) <= 1
    point(view.canvas, at)
    assert view.readout.text().partition(")")[0] == pixel or abs(view.canvas.zoom) < 1


def test_zoom_has_ends(view: ImageView) -> None:
    view.show_value(Image(noise(30, 40)))
    for notches, limit in ((100, 128.0), (-200, 0.01)):
        wheel(view.canvas, view.canvas.rect().center(), notches)
        assert view.canvas.zoom == pytest.approx(limit)


def test_a_drag_moves_the_picture_with_the_hand(view: ImageView) -> None:
    view.show_value(Image(noise(300, 400)))
    at = place(view, 100, 100)
    drag(view.canvas, at, at + QPoint(37, -21))
    assert place(view, 100, 100) == at + QPoint(37, -21)


def test_fit_one_to_one_and_double_click(view: ImageView) -> None:
    view.show_value(Image(noise(1200, 1600)))
    canvas = view.canvas
    fitted = canvas.zoom
    frame = canvas.frame()
    assert frame.width() == pytest.approx(canvas.width()) or frame.height() == pytest.approx(canvas.height())
    assert canvas.rect().adjusted(-1, -1, 1, 1).toRectF().contains(frame)
    double_click(canvas, canvas.rect().center())
    assert canvas.zoom == 1.0
    double_click(canvas, canvas.rect().center())
    assert canvas.zoom == fitted
    buttons = {each.text(): each for each in view.findChildren(QToolButton)}
    click(buttons["1:1"], buttons["1:1"].rect().center())
    assert canvas.zoom == 1.0
    click(buttons["Fit"], buttons["Fit"].rect().center())
    assert canvas.zoom == fitted


def test_one_to_one_is_pixel_for_pixel(view: ImageView) -> None:
    pixels = noise(1200, 1600)
    view.show_value(Image(pixels))
    double_click(view.canvas, view.canvas.rect().center())
    shot = array(view.canvas.grab().toImage())
    frame = view.canvas.frame()
    left, top = -frame.left(), -frame.top()
    x, y = round(left), round(top)
    part = pixels[y : y + shot.shape[0], x : x + shot.shape[1]]
    assert (shot[1:-1, 1:-1, :3] == part[1:-1, 1:-1]).mean() > 0.99


def test_a_window_that_grows_keeps_the_picture_fitted_until_it_is_moved(
    view: ImageView, qtbot: QtBot
) -> None:
    view.show_value(Image(noise(100, 100)))
    before = view.canvas.zoom
    view.resize(1000, 1000)
    qtbot.waitUntil(lambda: view.canvas.zoom > before)
    wheel(view.canvas, view.canvas.rect().center(), 1)
    held = view.canvas.zoom
    view.resize(500, 500)
    qtbot.waitUntil(lambda: view.canvas.width() <= 500)
    assert view.canvas.zoom == held


def test_another_result_of_the_same_size_keeps_the_view(view: ImageView) -> None:
    view.show_value(Image(noise(100, 100)))
    wheel(view.canvas, QPoint(100, 100), 3)
    centre, zoom = QPointF(view.canvas.centre), view.canvas.zoom
    view.show_value(Image(noise(100, 100, seed=1)))
    assert (view.canvas.centre, view.canvas.zoom) == (centre, zoom)
    view.show_value(Image(noise(50, 100)))
    assert view.canvas.zoom != zoom and view.canvas.centre == QPointF(50, 25)


def test_controls_change_what_is_painted(view: ImageView, qtbot: QtBot) -> None:
    view.show_value(Image(np.full((8, 8, 3), (200, 100, 50), np.uint8)))
    middle = view.canvas.rect().center()

    def colour() -> tuple[int, ...]:
        return tuple(
            int(part) for part in array(view.canvas.grab().toImage())[middle.y() + 3, middle.x() + 3, :3]
        )

    assert colour() == (200, 100, 50)
    view.channel.setFocus()
    for expected in ((200,) * 3, (100,) * 3, (50,) * 3, (255,) * 3):
        qtbot.keyClick(view.channel, Qt.Key.Key_Down)
        assert colour() == expected
    view.channel.setCurrentIndex(0)
    view.exposure.setFocus()
    for _ in range(10):
        qtbot.keyClick(view.exposure, Qt.Key.Key_Right)
    assert colour() == tuple(array(to_screen(view._pixels, exposure=1.0))[0, 0, :3]) != (200, 100, 50)


def test_transparency_shows_a_checkerboard(view: ImageView) -> None:
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:, :4, 3] = 255
    view.show_value(Image(pixels))
    shot = array(view.canvas.grab().toImage())
    left, right = place(view, 0, 0), place(view, 8, 8)
    middle = (left.x() + right.x()) // 2
    solid = shot[left.y() + 4 : right.y() - 4, left.x() + 4 : middle - 4, :3]
    clear = shot[left.y() + 4 : right.y() - 4, middle + 4 : right.x() - 4, :3]
    assert solid.max() < 60 and {int(each) for each in np.unique(clear)} >= {0xCD, 0xEB}


def test_a_large_picture_is_shrunk_smoothly(view: ImageView) -> None:
    """A fine checkerboard seen from far away is grey, not a pattern."""
    pixels = np.zeros((2048, 2048, 1), np.uint8)
    pixels[::2, ::2] = pixels[1::2, 1::2] = 255
    view.show_value(Image(pixels))
    frame = view.canvas.frame().toRect().adjusted(10, 10, -10, -10)
    shot = array(view.canvas.grab(frame).toImage())[:, :, 0].astype(int)
    assert view.canvas.zoom < 0.3 and shot.min() > 110 and shot.max() < 145
