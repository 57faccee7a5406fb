"""Pictures of values: of any value there can be, small, the same each time."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from meshloom.graph_runtime.thumbnails import png, thumbnail
from meshloom.graph_runtime.types import (
    Cameras,
    DepthMap,
    Figure,
    Image,
    Mask,
    Material,
    Mesh,
    PointCloud,
    Series,
    Splats,
    Text,
)

FACE = np.array([[0, 1, 2]], np.int32)


def f4(values: Any) -> Any:
    return np.asarray(values, np.float32)


ODD = {
    "one pixel": Image(np.zeros((1, 1, 3), np.uint8)),
    "one clear pixel": Image(np.zeros((1, 1, 4), np.float32)),
    "a line": Image(np.zeros((1, 5000, 1), np.uint8)),
    "a column": Image(np.zeros((5000, 1, 3), np.float32)),
    "no numbers": Image(f4(np.full((4, 4, 3), np.nan))),
    "infinite": Image(f4(np.full((4, 4, 1), np.inf))),
    "below black": Image(f4(np.full((4, 4, 3), -5))),
    "mask of NaN": Mask(f4(np.full((3, 3), np.nan))),
    "depth unknown": DepthMap(f4(np.zeros((3, 3)))),
    "depth odd": DepthMap(f4([[1, np.inf], [np.nan, -1]])),
    "no points": PointCloud(f4(np.zeros((0, 3)))),
    "one point": PointCloud(f4(np.zeros((1, 3)))),
    "points nowhere": PointCloud(f4(np.full((5, 3), np.nan)), np.zeros((5, 3), np.uint8)),
    "points far apart": PointCloud(f4([[3e38, 0, 0], [-3e38, 0, 0]]), normals=f4(np.full((2, 3), np.nan))),
    "no mesh": Mesh(f4(np.zeros((0, 3))), np.zeros((0, 3), np.int32)),
    "no faces": Mesh(f4(np.zeros((3, 3))), np.zeros((0, 3), np.int32)),
    "flat": Mesh(f4(np.zeros((3, 3))), FACE),
    "mesh nowhere": Mesh(f4(np.full((3, 3), np.nan)), FACE),
    "huge": Mesh(f4(np.eye(3) * 3e38), FACE),
    "odd texture": Mesh(
        f4(np.eye(3)),
        FACE,
        f4([[np.nan, 0], [2, -3], [np.inf, 1]]),
        material=Material(np.zeros((2, 2, 1), np.uint8)),
    ),
    "no cameras": Cameras(np.zeros((0, 3, 3)), np.zeros((0, 3, 4)), np.zeros((0, 2), np.int32), ()),
    "cameras nowhere": Cameras(
        np.full((2, 3, 3), np.nan), np.full((2, 3, 4), np.nan), np.zeros((2, 2), np.int32), ("a", "a")
    ),
    "no curve": Figure("", "", "", ()),
    "empty curve": Figure("t", "x", "y", (Series("s", np.zeros(0), np.zeros(0)),)),
    "curve of NaN": Figure("t", "x", "y", (Series("s", np.full(3, np.nan), np.full(3, np.inf)),)),
    "huge curve": Figure("t", "x", "y", (Series("s", np.array([-1e308, 1e308]), np.array([1e308, -1e308])),)),
    "one bar": Figure("t", "x", "y", (Series("s", np.ones(1), np.ones(1), "bars"),)),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ODD)
def test_any_value_has_a_picture(name: str) -> None:
    picture = thumbnail(ODD[name], 96)
    assert picture is not None
    assert picture.dtype == np.uint8
    assert max(picture.shape[:2]) <= 96
    assert png(picture).startswith(b"\x89PNG")
    assert np.array_equal(picture, thumbnail(ODD[name], 96))


def test_what_shows_nothing_has_none() -> None:
    for value in (Text("a"), 1, None, "x"):
        assert thumbnail(value) is None


def test_a_picture_shows_what_is_there() -> None:
    half = np.zeros((100, 200, 3), np.uint8)
    half[:, 100:] = (250, 20, 30)
    small = thumbnail(Image(half), 64)
    assert small is not None
    assert small.shape == (32, 64, 3)
    assert small[16, 8].tolist() == [0, 0, 0]
    assert np.abs(small[16, 56].astype(int) - (250, 20, 30)).max() <= 2
    triangle = Mesh(
        f4([[0, 0, 0], [1, 0, 0], [0, 1, 0]]), FACE, colours=np.full((3, 3), (0, 200, 0), np.uint8)
    )
    drawn = thumbnail(triangle, 64)
    assert drawn is not None
    green = (drawn[:, :, 1] > 60) & (drawn[:, :, 0] < 40)
    assert 0.02 < green.mean() < 0.9


def test_solids_are_seen_from_above() -> None:
    """Of a flat box, red on top (y is down) and blue underneath."""
    corners = f4([[x, y, z] for y in (-0.1, 0.1) for x in (-1, 1) for z in (-1, 1)])
    sides = np.array([[0, 1, 2], [1, 3, 2], [4, 6, 5], [5, 6, 7]], np.int32)
    colours = np.repeat(np.array([[220, 0, 0], [0, 0, 220]], np.uint8), 4, axis=0)
    drawn = thumbnail(Mesh(corners, sides, colours=colours), 96)
    assert drawn is not None
    red, blue = (int((drawn[:, :, channel] > 80).sum()) for channel in (0, 2))
    assert red > 500 and red > 2 * blue


def scene(around: int) -> Splats:
    """A ball of small green splats, as large as 1; before and behind it, ``around`` large red ones."""
    random = np.random.default_rng(0)
    towards = random.normal(size=(600 + around, 3))
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    places = towards * np.r_[np.full(600, 0.5), random.uniform(5, 20, around)][:, None] + [2, 0, 0]
    colours = np.array([[-1.7, 1.7, -1.7]] * 600 + [[1.7, -1.7, -1.7]] * around)
    return Splats(
        f4(places),
        f4(np.tile([1, 0, 0, 0], (600 + around, 1))),
        f4(np.repeat([[0.03] * 3, [1.5] * 3], [600, around], axis=0)),
        f4(np.full(600 + around, 0.9)),
        f4(colours[:, None]),
    )


def test_splats_are_seen_without_what_lies_far_around() -> None:
    drawn = thumbnail(scene(300), 96)
    assert drawn is not None
    green, red = (int((drawn[:, :, channel] > 150).sum()) for channel in (1, 0))
    assert green > 0.1 * 96 * 96 and red == 0


def test_splats_with_nothing_around_are_as_large_as_they_are() -> None:
    shares = []
    for size in (0.03, 0.12):
        alone = scene(0)
        drawn = thumbnail(dataclasses.replace(alone, scales=f4(np.full((600, 3), size))), 256)
        assert drawn is not None
        shares.append(float((drawn[:, :, 1] > 150).mean()))
    assert shares[1] > 1.3 * shares[0] > 0.05


def test_the_core_of_a_scene_is_where_its_small_splats_are() -> None:
    core = scene(300).core()
    assert core is not None
    low, high = core
    assert (low < [1.7, -0.3, -0.3]).all() and (high > [2.3, 0.3, 0.3]).all()
    assert np.linalg.norm(high - low) < 2
    assert scene(0).core() is None, "all of it is to be looked at"
    broken = scene(300)
    scales = broken.scales.copy()
    scales[7, 1] = np.nan
    broken = dataclasses.replace(broken, scales=scales)
    assert broken.core() is not None and np.allclose(broken.core(), core, atol=0.05)
    assert thumbnail(broken, 64) is not None
    few = scene(300).take(np.arange(590, 640))
    assert few.core() is None
    with np.errstate(all="raise"):
        lost = Splats(*(f4(np.full_like(part, np.nan)) for part in (
            few.means, few.quaternions, few.scales, few.opacities, few.sh)))  # fmt: skip
        assert lost.core() is None and thumbnail(lost, 64) is not None
