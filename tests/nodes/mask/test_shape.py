from __future__ import annotations

import math

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Image
from meshloom.nodes.mask.shape import shape

PHOTO = Image(np.zeros((80, 120, 3), np.uint8), "photo.png")


def test_rectangle_on_whole_pixels_is_exact():
    mask = shape(PHOTO, "rectangle", x=0.5, y=0.25, width=0.5, height=0.25)
    expected = np.zeros((80, 120), np.float32)
    expected[10:30, 30:90] = 1
    np.testing.assert_allclose(mask.coverage, expected, atol=1e-5)
    assert mask.name == "photo.png"


@pytest.mark.parametrize("angle", [0.0, 30.0])
def test_areas(angle):
    ellipse = shape(PHOTO, "ellipse", width=0.5, height=0.5, angle=angle).coverage.sum()
    assert ellipse == pytest.approx(math.pi * 30 * 20, rel=0.01)
    rectangle = shape(PHOTO, "rectangle", width=0.4, height=0.4, angle=angle).coverage.sum()
    assert rectangle == pytest.approx(48 * 32, rel=0.01)


def test_turning_is_counter_clockwise():
    bar = shape(PHOTO, "rectangle", width=0.6, height=0.1, angle=45.0).coverage
    assert bar[20, 80] == 1 and bar[60, 80] == 0


def test_polygon():
    mask = shape(PHOTO, "polygon", points=(0.25, 0.25, 0.75, 0.25, 0.25, 0.75))
    assert mask.coverage.sum() == pytest.approx(60 * 40 / 2, rel=0.002)
    assert mask.coverage.max() <= 1
    assert mask.coverage[25, 35] == 1 and mask.coverage[55, 85] == 0


def test_without_a_picture_and_empty():
    assert shape(image_width=30, image_height=20).coverage.shape == (20, 30)
    assert shape(PHOTO, width=0.0).coverage.max() == 0
    assert shape(PHOTO, "ellipse", x=3.0).coverage.max() == 0


@pytest.mark.parametrize(
    "points", [(), (0.0, 0.0, 1.0, 1.0), (0.0, 0.0, 1.0, 1.0, 0.5), (0, 0, 1, 1, 0, math.nan)]
)
def test_points_that_are_no_polygon(points):
    with pytest.raises(NodeError):
        shape(PHOTO, "polygon", points=points)
