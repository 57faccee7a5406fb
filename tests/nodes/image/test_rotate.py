from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.types import Image
from meshloom.nodes.image.rotate import rotate


@pytest.mark.parametrize(("angle", "turns"), [(90, 1), (180, 2), (-90, 3), (360, 0)])
def test_quarter_turns_lose_nothing_and_go_counter_clockwise(picture, run, angle, turns):
    image = picture()
    result = rotate(image, angle=float(angle), run=run)
    np.testing.assert_array_equal(result.pixels, np.rot90(image.pixels, turns))
    assert result.focal_px == image.focal_px


def test_small_angles_turn_the_same_way(run):
    pixels = np.zeros((41, 41, 1), np.float32)
    pixels[20, 36] = 1
    result = rotate(Image(pixels), angle=30.0, expand=False, light="as stored", run=run).pixels[:, :, 0]
    y, x = np.mgrid[0:41, 0:41]
    middle = (result * x).sum() / result.sum(), (result * y).sum() / result.sum()
    assert middle == pytest.approx((20 + 16 * np.cos(np.pi / 6), 20 - 16 * np.sin(np.pi / 6)), abs=0.05)


def test_there_and_back_gives_the_middle_again(picture, run):
    image = picture(dtype="float32", height=64, width=64)
    away = rotate(image, angle=33.0, expand=False, run=run)
    back = rotate(away, angle=-33.0, expand=False, run=run)
    np.testing.assert_allclose(back.pixels[20:44, 20:44], image.pixels[20:44, 20:44], atol=0.02)


def test_expanding_holds_the_whole_picture(plain, run):
    image = plain([1.0], 30, 60)
    result = rotate(image, angle=45.0, light="as stored", run=run)
    assert (result.width, result.height) == (64, 64)
    assert result.pixels.sum() == pytest.approx(30 * 60, rel=0.01)


def test_transparent_surroundings(plain, run):
    result = rotate(plain([0.2, 0.8, 0.4], 20, 20), angle=45.0, outside="transparent", run=run).pixels
    assert result.shape[2] == 4
    assert result[0, 0, 3] == 0
    seen = result[:, :, 3] > 0.01
    np.testing.assert_allclose(result[seen][:, :3], [[0.2, 0.8, 0.4]] * seen.sum(), atol=2e-3)


def test_colour_outside(plain, run):
    result = rotate(plain([0.5, 0.5, 0.5], 20, 20), angle=45.0, colour=(1.0, 0.0, 0.0), run=run).pixels
    np.testing.assert_allclose(result[0, 0], [1, 0, 0], atol=1e-3)
    edge = rotate(plain([0.5, 0.5, 0.5], 20, 20), angle=45.0, outside="edge", run=run).pixels
    np.testing.assert_allclose(edge, 0.5, atol=1e-3)
