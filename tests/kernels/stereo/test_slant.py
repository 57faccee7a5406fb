"""Slanted planes on a surface that is slanted by a known amount."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.kernels.stereo.slant import contrast_rows, slant_rows
from meshloom.kernels.stereo.sweep import quads

HEIGHT, WIDTH = 48, 64
SLOPE = (0.06, -0.04)


def wave(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Smooth grey texture at any place."""
    random = np.random.default_rng(5)
    grey = np.full(np.broadcast(x, y).shape, 128.0)
    for _ in range(24):
        angle, length = random.uniform(0, 6.28), random.uniform(5, 16)
        grey += 12 * np.sin(
            (x * np.cos(angle) + y * np.sin(angle)) * 6.283 / length + random.uniform(0, 6.28)
        )
    return np.clip(grey, 0, 255).astype(np.float32)


@pytest.fixture(scope="module")
def slanted():
    """A pair whose disparity is q = 6 + 0.06 x - 0.04 y: the reference, the source, and q."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float) + 0.5
    q = 6 + SLOPE[0] * x + SLOPE[1] * y
    # The source's pixel (u, y) shows the reference's x with u = x - q.
    seen_at = (x + 6 + SLOPE[1] * y) / (1 - SLOPE[0])
    return wave(x, y), wave(seen_at, y), q.astype(np.float32)


def improve(pair, planes: np.ndarray, rounds: int = 3, bands: int = HEIGHT, active=None):
    """Refine in place; returns the costs."""
    ref, source, _ = pair
    turn, shift = np.eye(3, dtype=np.float32)[None].copy(), np.array([[-1, 0, 0]], np.float32)
    sizes = np.array([[WIDTH, HEIGHT]], np.int32)
    cost = np.full(ref.shape, -1, np.float32)
    active = np.ones(ref.shape, bool) if active is None else active
    for number in range(2 * rounds):
        for top in range(0, HEIGHT, bands):
            slant_rows(
                ref, active, quads(source)[None], sizes, turn, shift, 1, number % 2,
                np.float32(0.5 ** (number // 2)), number, np.float32(1.0),
                top, min(top + bands, HEIGHT), planes, cost,
            )  # fmt: skip
    return cost


def rough(pair) -> np.ndarray:
    """The truth in whole planes, without slope."""
    planes = np.zeros((3, HEIGHT, WIDTH), np.float32)
    planes[0] = np.round(pair[2])
    return planes


def test_whole_planes_become_the_slanted_surface(slanted):
    planes = rough(slanted)
    cost = improve(slanted, planes)
    inner = (slice(6, -6), slice(18, -6))
    error = np.abs(planes[0] - slanted[2])[inner]
    assert np.median(error) < 0.05 and np.quantile(error, 0.95) < 0.3
    assert np.median(planes[1][inner]) == pytest.approx(SLOPE[0], abs=0.02)
    assert np.median(planes[2][inner]) == pytest.approx(SLOPE[1], abs=0.02)
    assert np.median(cost[inner]) < 0.04


def test_a_good_plane_spreads_over_bad_ones(slanted):
    planes = np.full((3, HEIGHT, WIDTH), 0, np.float32)
    planes[0] = 20
    planes[:, 20:28, 28:36] = rough(slanted)[:, 20:28, 28:36]
    improve(slanted, planes, rounds=6)
    error = np.abs(planes[0] - slanted[2])[10:-10, 22:-10]
    assert (error < 0.5).mean() > 0.9


def test_bands_of_rows_give_the_same_as_all_at_once(slanted):
    whole, parts = rough(slanted), rough(slanted)
    costs = improve(slanted, whole), improve(slanted, parts, bands=5)
    assert whole.tobytes() == parts.tobytes()
    assert costs[0].tobytes() == costs[1].tobytes()


def test_only_active_pixels_change(slanted):
    planes = rough(slanted)
    active = np.zeros((HEIGHT, WIDTH), bool)
    active[:, 40:] = True
    cost = improve(slanted, planes, active=active)
    assert np.array_equal(planes[:, :, :40], rough(slanted)[:, :, :40])
    assert (cost[:, :40] == -1).all() and (cost[:, 40:] >= 0).all()
    assert not np.array_equal(planes[:, :, 40:], rough(slanted)[:, :, 40:])


def test_contrast_ignores_the_other_side_of_an_edge():
    grey = np.full((20, 40), 200, np.float32)
    grey[:, 20:] = 50 + 20 * (np.indices((20, 20)).sum(axis=0) % 4 > 1)
    contrast = np.empty(grey.shape, np.float32)
    contrast_rows(grey, 0, 20, contrast)
    assert contrast[:, 16:20].max() < 1.0, "plain, though the edge is in the window"
    assert contrast[5:15, 26:].min() > 1.5
