from __future__ import annotations

import numpy as np

from meshloom.kernels.splatting import starting
from meshloom.kernels.splatting.arrays import Camera


def two() -> list[Camera]:
    """Cameras at x = -1 and 1 that look along z at (0, 0, 5)."""
    cameras = []
    for x in (-1.0, 1.0):
        forward = np.array([-x, 0, 5]) / np.sqrt(26)
        turn = np.stack([np.cross([0, 1.0, 0], forward), [0, 1.0, 0], forward])
        cameras.append(Camera(80, 80, 40, 30, turn, -turn @ np.array([x, 0, 0]), 80, 60))
    return cameras


def test_a_point_becomes_a_ball_as_large_as_its_neighbours_are_far():
    grid = np.stack(np.meshgrid(*[np.arange(5.0)] * 3), axis=-1).reshape(-1, 3)
    colours = np.tile(np.array([[255, 0, 128]], np.uint8), (125, 1))
    found = starting.from_points(grid, colours, 0.4)
    np.testing.assert_allclose(found.scales, 1, rtol=1e-5)
    np.testing.assert_allclose(0.5 + 0.28209479 * found.sh[:, 0], [[1, 0, 128 / 255]] * 125, atol=1e-5)
    assert (found.opacities == np.float32(0.4)).all()
    assert len(starting.from_points(grid[:1], None)) == 1


def test_places_at_random_are_seen_by_the_cameras_between_near_and_far():
    near, far = starting.depths_in_view(two())
    assert near < 5 < far
    photos = [np.full((3, 60, 80), shade, np.float32) for shade in (0.2, 0.8)]
    found = starting.at_random(two(), photos, 400, 0, near, far)
    inside = np.zeros(400, bool)
    for camera in two():
        local = found.means @ camera.rotation.T + camera.shift
        x, y = 80 * local[:, 0] / local[:, 2] + 40, 80 * local[:, 1] / local[:, 2] + 30
        inside |= (local[:, 2] > 0.99 * near) & (x > -0.01) & (x < 80.01) & (y > -0.01) & (y < 60.01)
    assert inside.all()
    assert np.array_equal(found.means, starting.at_random(two(), photos, 400, 0, near, far).means)


def test_what_shows_no_points_is_filled_on_the_ground_and_behind():
    random = np.random.default_rng(0)
    points = np.column_stack([random.uniform(-0.6, 0.6, (4000, 2)), random.uniform(4, 6, 4000)])
    photos = [np.full((3, 60, 80), 0.5, np.float32)] * 2
    found = starting.where_nothing_is(two(), photos, points, 1000, 0)
    assert found is not None and 500 < len(found) <= 1000
    assert found.means[:, 2].max() > 50  # sky
    up, level = starting.ground(two(), points)
    np.testing.assert_allclose(up, [0, -1, 0], atol=1e-6)
    assert -0.6 < level < -0.58
    height = found.means @ up - level
    under = height < -0.3 * found.means[:, 2]
    assert not under.any()  # nothing far below
    near = found.means[:, 2] < 3.9
    # Most of what is nearer than the points lies on the ground they stand on.
    assert near.sum() > 100 and np.median(np.abs(height[near])) < 0.1
    everywhere = np.column_stack([random.uniform(-6, 6, (60_000, 2)), np.full(60_000, 5.0)])
    few = starting.where_nothing_is(two(), photos, everywhere, 1000, 0)
    assert few is None or len(few) < 50
