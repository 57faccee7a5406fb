"""Our rasteriser against plain torch in double precision: every value and every gradient."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from meshloom.kernels.splatting import cpu, reference, tiled_torch
from meshloom.kernels.splatting.arrays import Camera, Gaussians, Settings
from meshloom.kernels.splatting.cpu import CpuRasteriser, TooLarge

from ._scenes import camera, scene

PARTS = ("means", "quaternions", "scales", "opacities", "sh")


def off(found: np.ndarray, true: torch.Tensor) -> float:
    """Relative error in the Euclidean norm."""
    expected = true.detach().numpy()
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def exact(gaussians: Gaussians, view, settings: Settings):
    """The reference's drawing and its leaves: Gaussians, rotation, shift."""
    held = [getattr(gaussians, part) for part in PARTS] + [view.rotation, view.shift]
    leaves = [torch.tensor(np.asarray(array, np.float64), requires_grad=True) for array in held]
    lens = (view.fx, view.fy, view.cx, view.cy)
    projected = reference.project(*leaves, lens, (view.width, view.height), settings)
    return reference.blend(projected, view.width, view.height), leaves


@pytest.mark.parametrize("antialiased", [False, True])
@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_values_and_all_gradients(degree, antialiased):
    gaussians, view = scene(100, degree, degree), camera()
    settings = Settings(antialiased=antialiased, geometry=True)
    drawn, leaves = exact(gaussians, view, settings)
    pictures = (drawn.colour, drawn.left, drawn.depth, drawn.normal)
    random = np.random.default_rng(5)
    slopes = [random.normal(size=picture.shape) for picture in pictures]
    alpha = 1 - drawn.left
    total = sum(
        (picture * torch.tensor(slope)).sum()
        for picture, slope in zip((drawn.colour, alpha, drawn.depth, drawn.normal), slopes, strict=True)
    )
    gradients = torch.autograd.grad(total, leaves)
    with CpuRasteriser(2) as rasteriser:
        frame = rasteriser.render(gaussians, view, settings)
        found = rasteriser.backward(frame, *(slope.astype(np.float32) for slope in slopes))
    for name, picture in zip(("colour", "left", "depth", "normal"), pictures, strict=True):
        assert off(getattr(frame, name), picture) < 5e-6, name
    for name, gradient in zip((*PARTS, "rotation", "shift"), gradients, strict=True):
        assert off(getattr(found, name), gradient) < 2e-5, name


def test_gradients_of_colour_alone_are_the_same_without_geometry():
    gaussians, view = scene(80, 1), camera()
    slope = np.random.default_rng(1).normal(size=(3, view.height, view.width)).astype(np.float32)
    with CpuRasteriser(1) as rasteriser:
        plain = rasteriser.backward(rasteriser.render(gaussians, view), slope)
        full = rasteriser.backward(rasteriser.render(gaussians, view, Settings(geometry=True)), slope)
    for part in (*PARTS, "rotation", "shift", "spread"):
        np.testing.assert_allclose(getattr(plain, part), getattr(full, part), rtol=1e-4, atol=1e-5)


def test_nothing_depends_on_the_number_of_threads():
    gaussians, view = scene(9000, 1), camera(300, 200)
    slope = np.random.default_rng(1).normal(size=(3, view.height, view.width)).astype(np.float32)
    results = []
    for threads in (1, 2, 5):
        with CpuRasteriser(threads) as rasteriser:
            frame = rasteriser.render(gaussians, view)
            results.append((frame, rasteriser.backward(frame, slope)))
    for frame, found in results[1:]:
        assert np.array_equal(frame.colour, results[0][0].colour)
        for part in (*PARTS, "rotation", "shift"):
            assert np.array_equal(getattr(found, part), getattr(results[0][1], part)), part


def test_a_gradient_that_is_no_number_stays_where_it_is_for_any_number_of_threads():
    gaussians, view = scene(20_000, 0, 2), camera(200, 140)
    gaussians.scales[:] *= 0.1
    slope = np.ones((3, view.height, view.width), np.float32)
    slope[:, :40, 70:100] = np.nan
    found = []
    for threads in (1, 2, 3):
        with CpuRasteriser(threads) as rasteriser:
            found.append(rasteriser.backward(rasteriser.render(gaussians, view), slope))
    for other in found[1:]:
        assert np.array_equal(other.spread, found[0].spread, equal_nan=True)
        assert np.array_equal(other.means, found[0].means)
    assert 0 < np.isnan(found[0].spread).mean() < 0.2


def test_pictures_of_any_size_and_giants_in_them():
    random = np.random.default_rng(3)
    giants = scene(300, 0, 3)
    giants.means[:, :2] *= 10 ** random.uniform(0, 7, (300, 1)).astype(np.float32)
    giants.scales[:] *= 10 ** random.uniform(-3, 8, (300, 1)).astype(np.float32)
    with CpuRasteriser(2) as rasteriser:
        for width, height in ((1, 1), (3, 200), (65, 129), (200, 3), (129, 257)):
            frame = rasteriser.render(giants, camera(width, height), Settings(geometry=True))
            found = rasteriser.backward(frame, frame.colour, frame.alpha, frame.depth, frame.normal)
            windows, tall, wide = frame.held.windows.astype(int), min(128, height), min(64, width)
            assert windows[:, 0].max(initial=0) <= wide and windows[:, 1].max(initial=0) <= 8
            assert (windows[windows[:, 1] > 0, 2:4] <= tall).all() and np.isfinite(frame.colour).all()
            assert frame.left.min() >= 0 and all(np.isfinite(getattr(found, part)).all() for part in PARTS)


def test_giants_beside_a_narrow_tile():
    """Centres and reaches beyond 1e8 pixels, where float32 knows no single ones."""
    random, count = np.random.default_rng(0), 2000
    right, z = 10 ** random.uniform(8, 9, count), random.uniform(0.02, 2, count)
    means = np.stack([right * z / 1000, 0 * z, z], 1).astype(np.float32)
    reach = 1000 * means[:, 0].astype(float) / means[:, 2] * (1 - random.uniform(-1e-7, 1e-7, count)) - 40
    scales = np.repeat((reach * z / 1000 / np.sqrt(2 * np.log(127.5)))[:, None], 3, 1).astype(np.float32)
    scales /= np.sqrt(1 + (0.3 * 65 / 2000 + 32.5 / 1000) ** 2)
    turns = np.tile(np.array([1, 0, 0, 0], np.float32), (count, 1))
    far = Gaussians(
        means, turns, scales, np.full(count, 0.5, np.float32), np.zeros((count, 1, 3), np.float32)
    )
    view = Camera(1000.0, 1000.0, 32.5, 60.0, np.eye(3), np.zeros(3), 65, 129)
    with CpuRasteriser(1) as rasteriser:
        frame = rasteriser.render(far, view)
        assert len(frame.held.windows) > 100 and frame.held.windows[:, 1].max() <= 8
        assert np.isfinite(rasteriser.backward(frame, frame.colour).means).all()


def test_arrays_with_gaps_are_drawn_as_those_without():
    good, view = scene(200, 2), camera()
    wide = Gaussians(*(np.repeat(getattr(good, part), 2, axis=0)[::2] for part in PARTS))
    turned = Gaussians(*(np.asfortranarray(getattr(good, part)) for part in PARTS))
    with CpuRasteriser(2) as rasteriser:
        frame = rasteriser.render(good, view)
        found = rasteriser.backward(frame, frame.colour)
        for other in (wide, turned):
            drawn = rasteriser.render(other, view)
            assert np.array_equal(drawn.colour, frame.colour)
            assert np.array_equal(rasteriser.backward(drawn, frame.colour).sh, found.sh)


@pytest.mark.parametrize("antialiased", [False, True])
def test_tiles_in_torch_agree(antialiased):
    gaussians, view = scene(300, 2, 4), camera(70, 45)
    settings = Settings(antialiased=antialiased, geometry=True)
    leaves = [torch.tensor(getattr(gaussians, part), requires_grad=True) for part in PARTS]
    slope = np.random.default_rng(2).normal(size=(3, view.height, view.width)).astype(np.float32)
    drawn = tiled_torch.render(*leaves, view, settings, recompute=True)
    gradients = torch.autograd.grad((drawn.colour * torch.tensor(slope)).sum(), leaves)
    with CpuRasteriser(2) as rasteriser:
        frame = rasteriser.render(gaussians, view, settings)
        found = rasteriser.backward(frame, slope)
    assert off(frame.colour, drawn.colour) < 1e-3
    assert frame.depth is not None and off(frame.depth, drawn.depth) < 1e-3
    for name, gradient in zip(PARTS, gradients, strict=True):
        assert off(getattr(found, name), gradient) < 5e-3, name


def test_the_median_depth_is_where_half_of_the_light_is_gone():
    one = np.ones(2, np.float32)
    wall = Gaussians(
        np.array([[0, 0, 2], [0, 0, 5]], np.float32), np.tile([1, 0, 0, 0], (2, 1)).astype(np.float32),
        np.full((2, 3), 3, np.float32), one * np.array([0.3, 0.9], np.float32), np.zeros((2, 1, 3), np.float32),
    )  # fmt: skip
    view = replace(camera(20, 20), rotation=np.eye(3), shift=np.zeros(3))
    with CpuRasteriser(1) as rasteriser:
        frame = rasteriser.render(wall, view, Settings(geometry=True))
    assert frame.median is not None and frame.median[10, 10] == 5
    np.testing.assert_allclose(frame.alpha[10, 10], 1 - 0.7 * 0.1, atol=0.02)


def test_what_cannot_be_drawn_is_left_out():
    good = scene(20, 0)
    means, scales, quaternions = good.means.copy(), good.scales.copy(), good.quaternions.copy()
    means[0], means[1], means[2] = np.nan, np.inf, [0, 0, -50]
    quaternions[3], scales[4], scales[5] = 0, np.inf, np.nan
    sh = good.sh.copy()
    sh[6], sh[7, 0, 1] = np.inf, np.nan
    bad = replace(good, means=means, scales=scales, quaternions=quaternions, sh=sh)
    rest = Gaussians(*(getattr(good, part)[8:] for part in PARTS))
    with CpuRasteriser(2) as rasteriser:
        slope = np.ones((3, 41, 52), np.float32)
        frame = rasteriser.render(bad, camera(), Settings(geometry=True))
        found = rasteriser.backward(frame, slope)
        assert np.array_equal(frame.colour, rasteriser.render(rest, camera()).colour)
        assert np.isfinite(found.means).all() and not found.means[:8].any() and found.means[8:].any()
        assert np.isfinite(found.rotation).all() and np.isfinite(found.shift).all()
        nothing = rasteriser.render(Gaussians(*(getattr(good, part)[:0] for part in PARTS)), camera())
        assert (nothing.left == 1).all() and not nothing.colour.any()
        assert rasteriser.backward(nothing, slope).means.shape == (0, 3)


def test_gradients_that_are_no_numbers_are_told_and_not_applied():
    gaussians, view = scene(20, 0), camera()
    slope = np.zeros((3, view.height, view.width), np.float32)
    slope[0, 20, 26] = np.nan
    with CpuRasteriser(1) as rasteriser:
        found = rasteriser.backward(rasteriser.render(gaussians, view), slope)
    assert np.isnan(found.spread).any()
    assert all(np.isfinite(getattr(found, part)).all() for part in PARTS)


def test_too_much_is_refused_before_memory_is_taken(monkeypatch):
    monkeypatch.setattr(cpu, "MOST_BYTES", 1 << 20)
    with CpuRasteriser(1) as rasteriser, pytest.raises(TooLarge, match="tiles of the picture"):
        rasteriser.render(scene(20_000, 0), camera(400, 400))
