from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Image, Mask
from meshloom.nodes.image.cutout import cutout

SIZE = 160


def scene(scale: int = 1, softness: float = 1.0) -> tuple[Image, np.ndarray]:
    """An orange, shaded, noisy disc before blue-green, noisy ground; and the true coverage."""
    rng = np.random.default_rng(3)
    size = SIZE * scale
    y, x = (np.mgrid[0:size, 0:size] + 0.5) / scale
    distance = 45 - np.hypot(x - 84, y - 76)
    coverage = np.clip(distance / softness + 0.5, 0, 1).astype(np.float32)
    disc = np.stack([0.9 - 0.002 * x, 0.5 - 0.001 * y, 0.1 + 0 * x], axis=2)
    ground = np.stack([0.1 + 0.001 * x, 0.35 + 0.001 * y, 0.5 - 0.001 * x], axis=2)
    mixed = disc * coverage[:, :, None] + ground * (1 - coverage[:, :, None])
    mixed += rng.normal(0, 0.02, mixed.shape)
    return Image((np.clip(mixed, 0, 1) * 255 + 0.5).astype(np.uint8), "disc.jpg"), coverage


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a > 0.5, b > 0.5
    return float((a & b).sum() / (a | b).sum())


@pytest.mark.parametrize(("scale", "working_size"), [(1, 1024), (3, 160)])
def test_a_disc_is_found_within_a_box(run, scale, working_size):
    image, truth = scene(scale)
    result = cutout(image, box=(0.15, 0.1, 0.9, 0.85), working_size=working_size, run=run)
    assert overlap(result.mask.coverage, truth) > 0.97
    assert result.image.pixels.shape[2] == 4 and result.image.pixels.dtype == np.uint8
    np.testing.assert_allclose(result.image.as_float()[:, :, 3], result.mask.coverage, atol=0.003)
    assert run.progressed[-1][0] == 1


def test_a_rough_mask_is_corrected(run):
    image, truth = scene()
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    rough = ((abs(x - 90) < 42) & (abs(y - 80) < 42)).astype(np.float32)
    assert overlap(rough, truth) < 0.85
    result = cutout(image, Mask(rough), unsure=15.0, run=run)
    assert overlap(result.mask.coverage, truth) > 0.97


def test_a_soft_edge_is_found_and_freed_of_the_background(run):
    image, truth = scene(softness=8.0)
    result = cutout(image, box=(0.15, 0.1, 0.9, 0.85), edge=8.0, run=run)
    band = (truth > 0.1) & (truth < 0.9)
    hard = (result.mask.coverage > 0.5).astype(np.float32)
    assert np.abs(result.mask.coverage - truth)[band].mean() < 0.3 * np.abs(hard - truth)[band].mean()
    # The background is blue: mixed into the edge it would lift blue far above the disc's own 0.1.
    blue = result.image.as_float()[:, :, 2]
    half = (truth > 0.4) & (truth < 0.7) & (result.mask.coverage > 0.3)
    assert image.as_float()[half][:, 2].mean() > 0.2
    assert blue[half].mean() < 0.13


def test_equal_seeds_give_equal_cuts_and_edge_zero_is_hard(run):
    image, _ = scene()
    first, second = (cutout(image, box=(0.1, 0.1, 0.9, 0.9), edge=0.0, run=run) for _ in range(2))
    assert first.mask.coverage.tobytes() == second.mask.coverage.tobytes()
    assert set(np.unique(first.mask.coverage)) == {0.0, 1.0}


def test_alpha_of_the_picture_counts(run):
    image, _ = scene()
    alpha = np.full((SIZE, SIZE, 1), 255, np.uint8)
    alpha[:, :80] = 0
    result = cutout(Image(np.concatenate([image.pixels, alpha], axis=2)), box=(0.1, 0.1, 0.9, 0.9), run=run)
    assert result.mask.coverage[:, :80].max() == 0
    assert result.mask.coverage[76, 84] == 1


@pytest.mark.parametrize("box", [(0.5, 0.1, 0.2, 0.9), (0.0, 0.0, 1.0, 1.0), (-0.1, 0.0, 0.5, 0.5)])
def test_boxes_that_cannot_be(run, box):
    with pytest.raises(NodeError, match="box"):
        cutout(scene()[0], box=box, run=run)


def test_masks_that_cannot_be_and_pictures_of_one_colour(plain, run):
    image, _ = scene()
    for coverage in (0.0, 1.0):
        with pytest.raises(NodeError, match="selects"):
            cutout(image, Mask(np.full((SIZE, SIZE), coverage, np.float32)), run=run)
    with pytest.raises(NodeError, match=r"160 x 160 .* 9 x 9"):
        cutout(image, Mask(np.ones((9, 9), np.float32)), run=run)
    with pytest.raises(NodeError, match="too small"):
        cutout(plain([0.5, 0.5, 0.5], 4, 4), run=run)
