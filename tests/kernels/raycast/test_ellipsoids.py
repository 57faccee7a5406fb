"""Solid ellipsoids against what geometry says of them."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.kernels.raycast.ellipsoids import draw_ellipsoids
from meshloom.kernels.raycast.render import Frame
from meshloom.kernels.raycast.view import View, look_from

UP = np.array([0.0, -1.0, 0.0])
WHITE = np.full((1, 3), 255, np.uint8)


def a_view(size: tuple[int, int] = (90, 70)) -> View:
    return look_from(np.array([1.0, -1.5, -4.0]), np.array([0.1, 0.0, 0.2]), UP, 90.0, size)


def drawn(view: View, means, scales, quaternions=None, colours=WHITE, **more) -> Frame:
    frame = Frame.empty(view.size[1], view.size[0])
    means, scales = np.float32(means), np.float32(scales)
    turns = np.tile(np.float32([1, 0, 0, 0]), (len(means), 1)) if quaternions is None else quaternions
    draw_ellipsoids(frame, view, means, turns, scales, colours, **more)
    return frame


def matrix(q: np.ndarray) -> np.ndarray:
    w, x, y, z = q / np.linalg.norm(q)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


@pytest.mark.parametrize("threads", [1, 3])
def test_depth_and_normals_are_those_of_rays_against_each(threads: int) -> None:
    random, count, view, reach = np.random.default_rng(3), 40, a_view(), 1.7
    means = random.uniform(-1, 1, (count, 3)).astype(np.float32)
    scales = np.exp(random.normal(-2.2, 0.5, (count, 3))).astype(np.float32)
    turns = random.normal(size=(count, 4)).astype(np.float32)
    colours = random.integers(0, 255, (count, 3)).astype(np.uint8)
    frame = drawn(view, means, scales, turns, colours, reach=reach, threads=threads)
    rays = view.rays(0, view.size[1]).astype(float)
    depth, normal = np.full(rays.shape[:2], np.inf), np.zeros((*rays.shape[:2], 3))
    for mean, scale, turn in zip(means, scales, turns, strict=True):
        to_unit = (matrix(turn.astype(float)) / (reach * scale)).T
        origin, way = (rays[..., :3] - mean) @ to_unit.T, rays[..., 3:] @ to_unit.T
        a, b, c = (way**2).sum(-1), (way * origin).sum(-1), (origin**2).sum(-1) - 1
        with np.errstate(invalid="ignore"):
            at = (-b - np.sqrt(b * b - a * c)) / a
        won = at < depth
        depth[won] = at[won]
        outside = (origin + at[..., None] * way) @ to_unit
        normal[won] = outside[won] / np.linalg.norm(outside[won], axis=1, keepdims=True)
    hit = np.isfinite(depth)
    assert 0.15 < hit.mean() < 0.9
    assert ((frame.depth > 0) != hit).sum() <= 2, "but for pixels on the very edge"
    both = hit & (frame.depth > 0)
    np.testing.assert_allclose(frame.depth[both], depth[both], rtol=1e-4)
    assert np.quantile(np.abs(frame.normal - normal)[both], 0.99) < 0.02
    assert (frame.alpha[both] == 1).all() and (frame.colour[~hit] == 0).mean() > 0.99


def test_what_faces_the_light_is_brighter_and_of_its_colour() -> None:
    view = look_from(np.array([0.0, 0.0, -4.0]), np.zeros(3), UP, 80.0, (60, 60))
    frame = drawn(view, [[0, 0, 0]], [[0.5] * 3], colours=np.array([[200, 100, 0]], np.uint8), reach=1.0)
    assert frame.depth[30, 30] == pytest.approx(3.5, abs=0.01)
    lit, dark = frame.colour[26, 32], frame.colour[36, 23]
    assert lit[0] > dark[0] > 0.25 and lit[0] == pytest.approx(2 * lit[1], rel=1e-5) and lit[2] == 0
    assert lit[0] <= 200 / 255 + 1e-6
    np.testing.assert_allclose(frame.normal[30, 30], [0, 0, -1], atol=0.06)


def test_it_hides_and_is_hidden() -> None:
    view = look_from(np.array([0.0, 0.0, -4.0]), np.zeros(3), UP, 80.0, (60, 60))
    frame = Frame.empty(60, 60)
    frame.depth[:, :30], frame.alpha[:, :30], frame.face[:, :30] = 3.0, 1.0, 7
    frame.depth[:, 30:], frame.alpha[:, 30:], frame.face[:, 30:] = 5.0, 1.0, 7
    draw_ellipsoids(
        frame, view, np.zeros((1, 3), np.float32), np.float32([[1, 0, 0, 0]]), np.full((1, 3), 0.3, np.float32),
        WHITE,
    )  # fmt: skip
    assert (frame.face[:, :30] == 7).all() and (frame.face[30, 31:36] == -1).all()
    assert frame.depth[30, 31] < 4


def test_small_ones_do_not_fall_between_pixels_and_odd_ones_are_left_out() -> None:
    view = look_from(np.array([0.0, 0.0, -4.0]), np.zeros(3), UP, 80.0, (60, 60))
    places = np.random.default_rng(0).uniform(-1, 1, (300, 3))
    for place in places[:50]:
        assert (drawn(view, [place], [[1e-6, 1e-6, 1e-6]]).depth > 0).any()
    odd = drawn(
        view,
        [[0, 0, 0], [np.nan, 0, 0], [0, 0, -4], [0, 0, -9], [0, 0, 0]],
        [[0, 0, 0], [0.1] * 3, [1.0] * 3, [0.1] * 3, [np.nan, 0.1, 0.1]],
    )
    assert np.isfinite(odd.depth).all() and np.isfinite(odd.colour).all()
    turn = np.float32([[0, 0, 0, 0]])
    assert not drawn(view, [[0, 0, 0]], [[0.2] * 3], turn).depth.any()
    assert not drawn(view, np.zeros((0, 3)), np.zeros((0, 3))).depth.any()
