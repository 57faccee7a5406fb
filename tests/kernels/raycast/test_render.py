"""Rays, shading, points and lines against what geometry says."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.kernels.raycast.framing import framed, orbit
from meshloom.kernels.raycast.ground import ground_under
from meshloom.kernels.raycast.light import CLAY, openness
from meshloom.kernels.raycast.overlay import draw_lines, draw_points, frusta
from meshloom.kernels.raycast.render import Frame, render, tiles
from meshloom.kernels.raycast.scene import Scene
from meshloom.kernels.raycast.view import View, look_from, undistorted

FACES = np.array([[0, 1, 2], [0, 2, 3]], np.int32)


def square(depth: float, half: float = 1.0) -> np.ndarray:
    """A square across the view of ``front``, its first corner top left."""
    return np.array(
        [[-half, -half, depth], [half, -half, depth], [half, half, depth], [-half, half, depth]], np.float32
    )


def front(width: int = 40, height: int = 30, focal: float = 30.0) -> View:
    """A camera at the origin that looks along z."""
    return View(
        np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1.0]]),
        np.eye(3),
        np.zeros(3),
        (width, height),
    )


def test_depth_normal_and_outline_of_a_square():
    frame = render(Scene(square(2.0, 0.4), FACES), front())
    # 0.4 at depth 2 with focal 30 is 6 pixels: 12x12 pixels around the centre.
    assert (frame.alpha > 0).sum() == 12 * 12
    assert np.allclose(frame.depth[frame.alpha > 0], 2.0)
    assert np.allclose(frame.normal[15, 20], [0, 0, -1])
    assert frame.face[0, 0] == -1 and frame.depth[0, 0] == 0


def test_supersampling_gives_partial_coverage_at_the_outline():
    frame = render(Scene(square(2.0, 0.42), FACES), front(), samples=2)
    assert frame.alpha.shape == (30, 40)
    assert set(np.unique(frame.alpha)) <= {0.0, 0.25, 0.5, 0.75, 1.0}
    assert (frame.alpha % 1).max() > 0 and 12**2 <= frame.alpha.sum() < 15**2


def test_texture_is_the_right_way_up_and_exact():
    texture = np.zeros((2, 2, 3), np.uint8)
    texture[0, 0] = 255, 0, 0
    texture[0, 1] = 0, 255, 0
    texture[1, 0] = 0, 0, 255
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    frame = render(Scene(square(1.0, 0.5), FACES, uv=uv, texture=texture), front(64, 64, 64))
    assert np.allclose(frame.colour[2, 2], [1, 0, 0])
    assert np.allclose(frame.colour[2, 61], [0, 1, 0])
    assert np.allclose(frame.colour[61, 2], [0, 0, 1])


def test_a_fine_texture_far_away_is_averaged():
    texture = np.zeros((256, 256, 3), np.uint8)
    texture[::2, ::2] = texture[1::2, 1::2] = 255  # a chequerboard far finer than the pixels
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    frame = render(Scene(square(1.0, 0.5), FACES, uv=uv, texture=texture), front(16, 16, 16))
    assert np.abs(frame.colour - 0.5).max() < 0.02


def test_vertex_colours_are_interpolated():
    colours = np.array([[0, 0, 0], [255, 255, 255], [255, 255, 255], [0, 0, 0]], np.uint8)
    frame = render(Scene(square(1.0, 0.5), FACES, colours=colours), front(64, 64, 64))
    ramp = frame.colour[32, :, 0]
    assert np.allclose(ramp, (np.arange(64) + 0.5) / 64, atol=1e-3)


def test_tiles_can_be_left_early_and_make_up_the_whole():
    scene, view = Scene(square(2.0), FACES), front(1000, 300, 300)
    parts = list(tiles(scene, view))
    assert len(parts) > 3
    assert [part[0] for part in parts[1:]] == [part[1] for part in parts[:-1]] and parts[-1][1] == 300
    whole = render(scene, view)
    assert np.array_equal(np.concatenate([part[2].colour for part in parts]), whole.colour)

    class Stop(Exception):
        pass

    def stop(done: float) -> None:
        raise Stop

    with pytest.raises(Stop):
        render(scene, view, between=stop)


def test_light_comes_from_above_and_the_surface_colour_is_kept_when_unlit():
    tilted = square(2.0, 0.5)
    tilted[:2, 2] += 0.5  # the top leans away: faces up
    up = render(Scene(tilted, FACES), front(), CLAY).colour[15, 20]
    leaning = square(2.0, 0.5)
    leaning[2:, 2] += 0.5
    down = render(Scene(leaning, FACES), front(), CLAY).colour[15, 20]
    assert up.mean() > down.mean() + 0.1
    assert np.allclose(render(Scene(tilted, FACES, grey=100), front()).colour[15, 20], 100 / 255)


def test_openness_of_a_corner_is_about_half():
    wall = np.array([[0, 0, -50], [0, 0, 50], [0, -50, 50], [0, -50, -50]], np.float32)
    scene = Scene(wall, FACES)
    up = np.array([[0, -1, 0]], np.float32)
    beside = openness(scene, np.array([[0.01, 0, 0]], np.float32), up, 10.0, 200)
    far = openness(scene, np.array([[40, 0, 0]], np.float32), up, 10.0, 200)
    assert abs(beside[0] - 0.5) < 0.08 and far[0] == 1.0


def test_ground_shadow_lies_under_the_object_only():
    roof = np.array([[-1, -0.2, -1], [1, -0.2, -1], [1, -0.2, 1], [-1, -0.2, 1]], np.float32)
    scene = Scene(roof, FACES)
    ground = ground_under(scene, np.array([-1, -0.2, -1.0]), np.array([1, 0.0, 1]))
    middle = len(ground.shadow) // 2
    assert ground.shadow[middle, middle] > 0.7 and ground.shadow[0].max() < 0.02
    eye = look_from(np.array([0, -4.0, -6]), np.zeros(3), np.array([0, -1.0, 0]), 100, (60, 60))
    seen = ground.seen(eye)
    assert seen.max() > 0.5 and seen[0].max() == 0  # the horizon is above the floor


def test_distorted_rays_follow_the_lens():
    lens = np.array([-0.2, 0.05, 0.001, -0.002])
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, 9), np.linspace(-0.4, 0.4, 7))
    square_ = x * x + y * y
    radial = 1 + lens[0] * square_ + lens[1] * square_**2
    bent = np.stack(
        [
            x * radial + 2 * lens[2] * x * y + lens[3] * (square_ + 2 * x * x),
            y * radial + lens[2] * (square_ + 2 * y * y) + 2 * lens[3] * x * y,
        ],
        axis=-1,
    )
    assert np.abs(undistorted(bent, lens) - np.stack([x, y], axis=-1)).max() < 1e-6


def test_points_hide_behind_the_mesh_and_before_it():
    view = front()
    scene = Scene(square(2.0, 0.5), FACES)
    points = np.array([[0, 0, 1.0], [0.2, 0, 3.0], [0, 0, -1.0]], np.float32)
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8)
    frame = render(scene, view)
    draw_points(frame, view, points, colours, 0.0, least=1.0, dome=0)
    assert np.allclose(frame.colour[15, 20], [1, 0, 0]) and np.isclose(frame.depth[15, 20], 1.0)
    assert not (frame.colour[..., 1] > frame.colour[..., 0] + 0.5).any()  # the green one is behind


def test_lines_are_cut_by_what_stands_before_them():
    view = front()
    ends = np.array([[[-1.0, 0, 3], [1, 0, 3]]])
    paint = np.array([[1, 0, 0]], np.float32)
    free, hidden = Frame.empty(30, 40), render(Scene(square(2.0, 0.2), FACES), view)
    draw_lines(free, view, ends, paint, 1.0)
    before = hidden.colour.copy()
    draw_lines(hidden, view, ends, paint, 1.0)
    assert (free.alpha.max(axis=0)[11:30] == 1).all()  # unbroken over its width of 20 pixels
    assert np.array_equal(hidden.colour[15, 20], before[15, 20]) and (hidden.colour[14:16, 11, 0] == 1).any()


def test_frusta_and_lines_survive_ends_behind_the_eye():
    frame = Frame.empty(30, 40)
    draw_lines(frame, front(), frusta([front()], 1.0).reshape(-1, 2, 3), np.ones((9, 3), np.float32), 2.0)
    assert np.isfinite(frame.colour).all()


@pytest.mark.parametrize("size", [(80, 60), (60, 80)])
def test_framing_holds_everything_and_wastes_little(size: tuple[int, int]):
    points = np.random.default_rng(0).normal(size=(500, 3)) * [3, 1, 2]
    view = framed(points, np.array([0.5, -0.5, -0.7]), size)
    pixels = np.concatenate([points, np.ones((500, 1))], axis=1) @ view.projection().T
    pixels = pixels[:, :2] / pixels[:, 2:]
    assert (pixels > 0).all() and (pixels < size).all()
    used = np.ptp(pixels, axis=0) / size
    assert 0.75 < used.max() < 0.95


def test_an_orbit_keeps_its_distance_and_holds_everything():
    points = np.random.default_rng(0).normal(size=(200, 3)) * [3, 1, 2] + 5
    around = [np.array([np.sin(a), -0.3, np.cos(a)]) for a in np.linspace(0, 6, 9)]
    views = orbit(points, around, (80, 60))
    distances = [
        np.linalg.norm(view.centre - views[0].centre.mean() * 0 - points.mean(axis=0)) for view in views
    ]
    assert np.std(distances) / np.mean(distances) < 0.2
    for view in views:
        pixels = np.concatenate([points, np.ones((200, 1))], axis=1) @ view.projection().T
        pixels = pixels[:, :2] / pixels[:, 2:]
        assert (pixels > 0).all() and (pixels < (80, 60)).all()
