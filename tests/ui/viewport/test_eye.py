"""The eye: what each movement promises, measured in the picture it gives."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from meshloom.ui.viewport.eye import SIDES, Eye

SIZE = (800, 600)
EYES = [
    Eye(),
    Eye(np.array([3.0, -2.0, 9.0]), 12.0, -120.0, -50.0, 60.0),
    Eye(np.array([0.1, 0.2, 0.3]), 0.5, 80.0, 89.5, parallel=True),
]


def seen(eye: Eye, points: NDArray[np.float64], size: tuple[int, int] = SIZE) -> NDArray[np.float64]:
    """(P, 2) pixels."""
    flat = np.hstack([points, np.ones((len(points), 1))]) @ eye.view(size).projection().T
    assert (flat[:, 2] > 0).all(), "in front of the eye"
    return flat[:, :2] / flat[:, 2:]


@pytest.mark.parametrize("eye", EYES)
def test_the_target_is_in_the_middle_and_up_is_up(eye: Eye) -> None:
    assert seen(eye, eye.target[None])[0] == pytest.approx([400, 300], abs=1e-6)
    above = eye.target + 0.01 * eye.distance * np.array([0.0, -1.0, 0.0])
    x, y = seen(eye, above[None])[0]
    assert y < 300 and x == pytest.approx(400, abs=1e-3)
    rotation = eye.view(SIZE).rotation
    assert np.linalg.det(rotation) == pytest.approx(1) and rotation @ rotation.T == pytest.approx(np.eye(3))


@pytest.mark.parametrize("eye", EYES[:2])
def test_an_orbit_keeps_target_and_distance(eye: Eye) -> None:
    turned = eye.turned(50, 20)
    assert np.linalg.norm(turned.position - turned.target) == pytest.approx(eye.distance)
    assert (turned.target == eye.target).all()
    around = eye
    for _ in range(36):
        around = around.turned(10, 0)
    assert around.position == pytest.approx(eye.position)
    assert abs(eye.turned(0, 500).elevation) < 90 and abs(eye.turned(0, -500).elevation) < 90
    assert np.isfinite(eye.turned(0, 500).view(SIZE).rotation).all()


def test_turning_right_shows_the_right_side() -> None:
    eye = replace(Eye(), azimuth=0.0, elevation=0.0)
    right = eye.view(SIZE).rotation[0]
    moved = eye.turned(30, 0).position - eye.position
    assert moved @ right > 0
    assert eye.turned(0, 30).position[1] < eye.position[1], "higher is up, and up is -y"


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("size", [SIZE, (300, 900)])
def test_a_pan_moves_what_is_at_the_target_by_as_many_pixels(eye: Eye, size: tuple[int, int]) -> None:
    moved = eye.panned(70, -45, min(size))
    before, after = seen(eye, eye.target[None], size)[0], seen(moved, eye.target[None], size)[0]
    assert after - before == pytest.approx([70, -45], abs=0.02)
    assert moved.azimuth == eye.azimuth and moved.distance == eye.distance


@pytest.mark.parametrize("eye", EYES)
def test_zooming_at_a_point_keeps_it_where_it_is(eye: Eye) -> None:
    point = eye.target + 0.2 * eye.distance * np.array([0.5, -0.3, 0.8])
    near = eye.target + np.array([[0.001, 0, 0], [0, 0.001, 0], [0, 0, 0.001]]) * eye.distance
    for factor in (0.5, 0.9, 1.7):
        before = seen(eye, point[None])[0]
        after = seen(eye.zoomed(factor, point), point[None])[0]
        assert after == pytest.approx(before, abs=1e-3)
        sizes = [
            np.linalg.norm(seen(each, near) - [400, 300], axis=1).max() for each in (eye, eye.zoomed(factor))
        ]
        assert sizes[1] / sizes[0] == pytest.approx(1 / factor, rel=0.01)


def test_zooming_on_and_on_stays_a_number() -> None:
    eye = Eye()
    for _ in range(2000):
        eye = eye.zoomed(0.9)
    assert eye.distance > 0 and np.isfinite(eye.view(SIZE).projection()).all()


@pytest.mark.parametrize("eye", EYES[:2])
def test_looking_around_turns_the_head_alone(eye: Eye) -> None:
    turned = eye.looking(15, 10)
    assert turned.position == pytest.approx(eye.position) and turned.distance == eye.distance
    assert not np.allclose(turned.target, eye.target)


@pytest.mark.parametrize("eye", EYES[:2])
def test_flying_goes_where_one_looks(eye: Eye) -> None:
    rotation = eye.view(SIZE).rotation
    for ahead, right, up, way in (
        (1, 0, 0, rotation[2]),
        (0, 1, 0, rotation[0]),
        (0, 0, 1, np.array([0, -1.0, 0])),
    ):
        assert eye.flown(ahead, right, up).position - eye.position == pytest.approx(way)


SHAPES = [(1, 1, 1), (100, 0.1, 3), (0, 2, 5)]
DIRECTIONS = [(0, 0), (35, 20), (-140, -60), (0, 89.5)]


@pytest.mark.parametrize("parallel", [False, True])
def test_fit_shows_all_of_a_box_and_fills_the_picture(parallel: bool) -> None:
    for shape, side, size in itertools.product(SHAPES, DIRECTIONS, [SIZE, (1600, 300), (200, 700)]):
        check_fit(parallel, size, shape, side)


def check_fit(
    parallel: bool, size: tuple[int, int], shape: tuple[float, ...], side: tuple[float, float]
) -> None:
    low = np.array([5.0, -3.0, 2.0])
    high = low + np.array(shape)
    eye = replace(Eye(azimuth=side[0], elevation=side[1]), parallel=parallel)
    fitted = eye.fitted(low, high, size[0] / size[1])
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)]) * (high - low) + low
    pixels = seen(fitted, corners, size)
    assert (pixels >= 0).all() and (pixels <= size).all()
    used = (np.abs(pixels - np.array(size) / 2) / (np.array(size) / 2)).max()
    assert used > (0.85 if parallel else 0.6), "not lost in the distance"
    assert (fitted.azimuth, fitted.elevation) == side


def test_fitting_a_single_point_gives_a_picture() -> None:
    point = np.array([1.0, 2.0, 3.0])
    assert seen(Eye().fitted(point, point), point[None])[0] == pytest.approx([400, 300])


def test_parallel_lines_stay_parallel_and_the_size_at_the_target_is_kept() -> None:
    usual = Eye()
    flat = replace(usual, parallel=True)
    right = usual.view(SIZE).rotation[0] * 0.01
    at_target = np.stack([usual.target - right, usual.target + right])
    sizes = [np.linalg.norm(np.subtract(*seen(each, at_target))) for each in (usual, flat)]
    assert sizes[0] == pytest.approx(sizes[1], rel=1e-3)
    nearer = at_target + usual.towards * 1.0
    grown = [
        np.linalg.norm(np.subtract(*seen(each, nearer))) / held
        for each, held in zip((usual, flat), sizes, strict=True)
    ]
    assert grown[0] > 1.4 and grown[1] == pytest.approx(1.0, abs=0.01)


def test_standing_at_a_side() -> None:
    stands = {
        "front": (0, 0, -1),
        "back": (0, 0, 1),
        "top": (0, -1, 0),
        "bottom": (0, 1, 0),
        "right": (1, 0, 0),
        "left": (-1, 0, 0),
    }
    assert set(stands) == set(SIDES)
    for name, want in stands.items():
        azimuth, elevation = SIDES[name]
        towards = replace(Eye(), azimuth=azimuth, elevation=elevation).towards
        assert towards == pytest.approx(want, abs=0.01), name
