"""Semi-global smoothing."""

from __future__ import annotations

import numpy as np

from meshloom.kernels.stereo.smooth import pick_rows, smooth_lines

SHAPE = (12, 16, 8)


def settle(volume: np.ndarray, ref: np.ndarray, small: float = 10, large: float = 60):
    """Smooth in all four directions and pick."""
    total = np.zeros(volume.shape, np.float32)
    forces = np.float32(small), np.float32(large), np.float32(10)
    smooth_lines(ref, volume, *forces, total)
    smooth_lines(ref.T, volume.swapaxes(0, 1), *forces, total.swapaxes(0, 1))
    plane, cost, doubt = (np.empty(volume.shape[:2], np.float32) for _ in range(3))
    pick_rows(volume, total, 0, volume.shape[0], plane, cost, doubt)
    return plane, cost, doubt


def costs_of(planes: np.ndarray) -> np.ndarray:
    """A volume with one clear winner a pixel."""
    volume = np.full((*planes.shape, SHAPE[2]), 200, np.uint8)
    np.put_along_axis(volume, planes[:, :, None], 20, axis=2)
    return volume


def test_a_pixel_that_stands_alone_gives_way():
    planes = np.full(SHAPE[:2], 3)
    planes[5, 5] = 7
    volume = costs_of(planes)
    volume[5, 5, 3] = 60
    plane, _, _ = settle(volume, np.zeros(SHAPE[:2], np.float32))
    assert (np.round(plane) == 3).all()
    alone, _, _ = settle(volume, np.zeros(SHAPE[:2], np.float32), small=0, large=0)
    assert np.round(alone)[5, 5] == 7


def test_a_step_at_an_edge_of_the_picture_stays():
    planes = np.full(SHAPE[:2], 2)
    planes[:, 8:] = 6
    ref = np.zeros(SHAPE[:2], np.float32)
    ref[:, 8:] = 200
    plane, cost, doubt = settle(costs_of(planes), ref)
    assert np.array_equal(np.round(plane), planes)
    assert np.allclose(cost, 20 / 254, atol=1e-3)
    assert np.allclose(doubt, 21 / 201, atol=1e-3)


def test_pixels_without_opinion_take_their_neighbours():
    volume = costs_of(np.full(SHAPE[:2], 4))
    volume[3:6, 4:9] = 120
    plane, cost, doubt = settle(volume, np.zeros(SHAPE[:2], np.float32))
    assert (np.round(plane) == 4).all()
    assert (doubt[3:6, 4:9] == 1.0).all() and doubt[0, 0] < 0.2
    assert np.allclose(cost[4, 6], 120 / 254)


def test_the_winner_is_found_to_a_fraction_of_a_plane():
    true = 3.3
    curve = (np.abs(np.arange(8) - true) * 30).astype(np.uint8) + 10
    volume = np.tile(curve, (6, 6, 1))
    plane, _, _ = settle(volume, np.zeros((6, 6), np.float32), small=0, large=0)
    assert np.allclose(plane, true, atol=0.2) and (plane > 3.0).all()
