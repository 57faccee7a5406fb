"""The cost volume of pictures that are shifted by a known amount."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.kernels.stereo.sweep import quads, sweep_rows

HEIGHT, WIDTH, PLANES = 40, 60, 10


def shifted_by(pixels: int) -> np.ndarray:
    """Noise whose content moves left by ``pixels``."""
    wide = np.random.default_rng(3).uniform(20, 230, (HEIGHT, WIDTH + 20)).astype(np.float32)
    return np.ascontiguousarray(wide[:, pixels : pixels + WIDTH])


def volume_of(sources: list[np.ndarray], best: int, bands: int = HEIGHT) -> np.ndarray:
    """Costs of planes 0..9, each one pixel of disparity."""
    count = len(sources)
    turn = np.tile(np.eye(3, dtype=np.float32), (count, 1, 1))
    shift = np.tile(np.array([-1, 0, 0], np.float32), (count, 1))
    sizes = np.tile(np.array([WIDTH, HEIGHT], np.int32), (count, 1))
    packed = np.stack([quads(source) for source in sources])
    volume = np.zeros((HEIGHT, WIDTH, PLANES), np.uint8)
    for top in range(0, HEIGHT, bands):
        sweep_rows(shifted_by(0), packed, sizes, turn, shift, best, top, min(top + bands, HEIGHT), volume)
    return volume


def test_the_true_plane_costs_least():
    volume = volume_of([shifted_by(4)], best=1)
    assert (volume.argmin(axis=2)[:, 4:] == 4).all()
    assert volume[:, 10:, 4].max() <= 2
    others = np.delete(volume[:, 10:], 4, axis=2)
    assert others.mean() > 200


def test_pixels_outside_the_source_cost_most():
    volume = volume_of([shifted_by(4)], best=1)
    for plane in range(1, PLANES):
        assert (volume[:, :plane, plane] == 254).all()


def test_the_best_sources_count():
    right, wrong = shifted_by(4), shifted_by(0)[::-1].copy()
    mixed = volume_of([right, wrong, right], best=2)
    assert mixed[:, 10:, 4].max() <= 2
    strict = volume_of([right, wrong, right], best=3)
    assert strict[:, 10:, 4].mean() > 60


def test_bands_of_rows_give_the_same_as_all_at_once():
    sources = [shifted_by(4), shifted_by(5)]
    assert np.array_equal(volume_of(sources, best=2), volume_of(sources, best=2, bands=7))


def test_a_plain_surface_matches_nothing():
    plain = np.full((HEIGHT, WIDTH), 77, np.float32)
    volume = np.zeros((HEIGHT, WIDTH, 2), np.uint8)
    turn, shift = np.eye(3, dtype=np.float32)[None].copy(), np.array([[-1, 0, 0]], np.float32)
    sizes = np.array([[WIDTH, HEIGHT]], np.int32)
    sweep_rows(plain, quads(plain)[None], sizes, turn, shift, 1, 0, HEIGHT, volume)
    assert (volume == 254).all()


def test_quads_hold_a_pixel_and_its_three_neighbours():
    grey = np.array([[1, 2.4, 300], [4, 5, 255]], np.float32)
    bytes_of = quads(grey).view(np.uint8).reshape(2, 3, 4)
    assert bytes_of[0, 0].tolist() == [1, 2, 4, 5]
    assert bytes_of[0, 1].tolist() == [2, 255, 5, 255]
    assert bytes_of[1, 2].tolist() == [255, 255, 255, 255]
    assert bytes_of[1, 0].tolist() == [4, 5, 4, 5]


@pytest.mark.parametrize("fraction", [0.25, 0.5])
def test_samples_between_pixels_are_blended(fraction):
    """A wave that moved by a part of a pixel matches best where it is looked for by that part."""
    x = np.arange(WIDTH, dtype=np.float32)
    ref = np.tile(128 + 90 * np.sin(x * 0.9).astype(np.float32), (HEIGHT, 1))
    moved = np.tile(128 + 90 * np.sin((x + fraction) * 0.9).astype(np.float32), (HEIGHT, 1))
    costs = {}
    for shift in (0.0, fraction, 2 * fraction):
        volume = np.zeros((HEIGHT, WIDTH, 1), np.uint8)
        turn = np.eye(3, dtype=np.float32)[None].copy()
        turn[0, 0, 2] = -shift
        sizes = np.array([[WIDTH, HEIGHT]], np.int32)
        still = np.zeros((1, 3), np.float32)
        sweep_rows(ref, quads(moved)[None], sizes, turn, still, 1, 0, HEIGHT, volume)
        costs[shift] = volume[:, 6:-6].mean()
    assert costs[fraction] < 1.5
    assert min(costs[0.0], costs[2 * fraction]) > 3 * costs[fraction] + 3
