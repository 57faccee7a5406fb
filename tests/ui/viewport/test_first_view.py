"""Scenes made from photos are looked at from where one of them was taken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from meshloom.graph_runtime.types import Cameras, Splats
from meshloom.kernels.raycast.framing import UP
from meshloom.kernels.raycast.view import look_from
from meshloom.ui.viewport.eye import Eye
from meshloom.ui.viewport.first_view import first_eye
from meshloom.ui.viewport.things import Thing

from .conftest import box


def cloud(centre: tuple[float, float, float] = (0, 0, 0), count: int = 500) -> Splats:
    random = np.random.default_rng(0)
    return Splats(
        (random.uniform(-0.5, 0.5, (count, 3)) + centre).astype(np.float32),
        np.tile(np.array([1, 0, 0, 0], np.float32), (count, 1)),
        np.full((count, 3), 0.05, np.float32),
        np.full(count, 0.9, np.float32),
        np.zeros((count, 1, 3), np.float32),
    )


def cameras(*looks: tuple[tuple[float, ...], tuple[float, ...]]) -> Cameras:
    """At the first point, looking at the second; 200 x 100 pixels, 53 degrees high."""
    views = [look_from(np.array(at), np.array(to), UP, 100.0, (200, 100)) for at, to in looks]
    return Cameras(
        np.array([view.intrinsics for view in views]),
        np.array([np.hstack([view.rotation, view.shift[:, None]]) for view in views]),
        np.tile(np.array([[200, 100]], np.int32), (len(views), 1)),
        tuple(f"{n}.jpg" for n in range(len(views))),
    )


def ready(value: object, seen_from: Cameras | None) -> Thing:
    thing = Thing("k", "t", value, seen_from=seen_from)
    thing.made()
    return thing


@pytest.mark.parametrize(
    ("at", "to"), [((0, -1, -4), (0, 0, 0)), ((3, 0.5, 2), (0.2, 0, 0.3)), ((-2, -2, 1), (0, 0, 0))]
)
def test_an_eye_of_a_camera_sees_what_it_saw(at: tuple[float, ...], to: tuple[float, ...]) -> None:
    view = look_from(np.array(at, float), np.array(to, float), UP, 100.0, (200, 100))
    eye = Eye().at_camera(view, 2.5)
    assert eye.position == pytest.approx(view.centre) and eye.distance == 2.5
    seen = eye.view((200, 100))
    assert seen.projection() == pytest.approx(view.projection())


def test_it_is_the_camera_that_sees_most_and_turns_about_what_it_sees() -> None:
    held = cameras(((0, 0, -0.8), (0, 0, 0)), ((0, 0, -3), (0, 0, 0)), ((0, 0, -3), (1.5, 0, 0)))
    eye = first_eye(ready(cloud(), held), Eye())
    assert eye is not None
    assert eye.position == pytest.approx([0, 0, -3]) and np.abs(eye.target).max() < 0.05


def test_from_within_a_room_the_eye_is_within() -> None:
    walls = cloud().means
    walls = walls / np.abs(walls).max(axis=1, keepdims=True) * 2
    eye = first_eye(ready(replace(cloud(), means=walls), cameras(((0, 0, 0), (1, 0, 0)))), Eye())
    assert eye is not None
    assert np.abs(eye.position).max() < 0.01 and 1.5 < eye.target[0] < 2.5


@pytest.mark.parametrize(
    ("value", "held"),
    [
        (cloud(), None),
        (cloud(), cameras(((0, 0, -3), (0, 0, -9)))),
        (cloud((40, 0, 0)), cameras(((0, 0, -3), (0, 0, 0)))),
        (box(), cameras(((0, 0, -3), (0, 0, 0)))),
    ],
    ids=["no cameras", "they look away", "it was moved", "no splats"],
)
def test_otherwise_there_is_none(value: object, held: NDArray[np.float64] | None) -> None:
    assert first_eye(ready(value, held), Eye()) is None


def test_cameras_without_a_lens_are_passed_over() -> None:
    held = cameras(((0, 0, -3), (0, 0, 0)), ((0, 0, -4), (0, 0, 0)))
    wrong = held.intrinsics.copy()
    wrong[0, :2, :2] = 0
    eye = first_eye(ready(cloud(), replace(held, intrinsics=wrong)), Eye())
    assert eye is not None and eye.position == pytest.approx([0, 0, -4])


def test_the_angle_of_view_is_the_cameras_within_reason_and_parallel_lines_stay() -> None:
    for focal, span in ((100.0, 53.13), (5.0, 100.0), (5000.0, 10.0)):
        held = cameras(((0, 0, -3), (0, 0, 0)))
        lens = held.intrinsics * np.array([focal / 100, focal / 100, 1])[:, None]
        lens[:, :2, 2] = (100, 50)
        eye = first_eye(ready(cloud(), replace(held, intrinsics=lens)), Eye(parallel=True))
        if focal > 1000:
            assert eye is None or eye.span == pytest.approx(span, abs=0.01)
        else:
            assert eye is not None and eye.span == pytest.approx(span, abs=0.01) and eye.parallel


def test_cameras_of_no_numbers_are_passed_over() -> None:
    held = cameras(((0, 0, -3), (0, 0, 0)), ((0, 0, -4), (0, 0, 0)))
    wrong = held.extrinsics.copy()
    wrong[0] = np.nan
    eye = first_eye(ready(cloud(), replace(held, extrinsics=wrong)), Eye())
    assert eye is not None and eye.position == pytest.approx([0, 0, -4])
