from __future__ import annotations

from dataclasses import replace

import numpy as np

from meshloom.kernels.splatting.arrays import MOST_ALPHA, Camera, Gaussians
from meshloom.kernels.splatting.cpu import CpuRasteriser
from meshloom.kernels.splatting.training import Recipe, Training, View


class Recording(CpuRasteriser):
    """Keeps what it was given to draw, and the gradients that it gave back."""

    def render(self, gaussians, camera, settings=None):
        self.given = gaussians
        return super().render(gaussians, camera, settings)

    def backward(self, *slopes):
        self.found = super().backward(*slopes)
        return self.found


def training(rasteriser, dropout: float, iterations: int = 40) -> Training:
    random = np.random.default_rng(0)
    count = 2000
    start = Gaussians(
        random.uniform(-1, 1, (count, 3)).astype(np.float32),
        np.tile(np.array([1, 0, 0, 0], np.float32), (count, 1)),
        np.full((count, 3), 0.05, np.float32),
        np.full(count, 0.3, np.float32),
        random.normal(size=(count, 1, 3)).astype(np.float32),
    )
    camera = Camera(60, 60, 32, 24, np.eye(3), np.array([0, 0, 3.0]), 64, 48)
    views = [View(random.random((3, 48, 64), np.float32), camera) for _ in range(3)]
    recipe = Recipe(iterations, count, 0, strategy="none", exposure=False, dropout=dropout)
    return Training(start, views, recipe, rasteriser)


def test_more_and_more_is_left_out_and_the_others_make_up_for_it():
    with Recording(1) as rasteriser:
        run = training(rasteriser, 0.5)
        for _ in range(40):
            rate, own = 0.5 * run.done, run.gaussians().opacities
            run.step()
            drawn = rasteriser.given.opacities
            kept = drawn > 0
            assert abs(float(1 - kept.mean()) - rate) < 0.05
            np.testing.assert_allclose(drawn[kept], np.minimum(own[kept] / (1 - rate), MOST_ALPHA), rtol=1e-5)
        assert rate > 0.45


def test_what_was_left_out_does_not_learn_and_the_others_by_what_was_drawn():
    with Recording(1) as rasteriser:
        run = training(rasteriser, 0.8)
        run.count = 30
        own = run.gaussians().opacities
        run.step()
        factor = rasteriser.given.opacities / own
        assert 0.4 < (factor == 0).mean() < 0.8
        expected = 0.1 * rasteriser.found.opacities * factor * own * (1 - own)
        np.testing.assert_allclose(run.logits.mean, expected, rtol=1e-4, atol=1e-12)
        assert (run.means.mean[factor == 0] == 0).all() and np.abs(run.means.mean).max() > 0


def test_without_dropout_all_are_drawn_and_sizes_are_free():
    with Recording(1) as rasteriser:
        run = training(rasteriser, 0.0)
        run.log_scales.values[:] = np.log(2.5)
        run.step()
        assert (rasteriser.given.opacities == run.gaussians().opacities).mean() < 1  # it has learned
        assert (rasteriser.given.opacities == np.float32(0.3)).all()
        run.limit_sizes()
        assert run.gaussians().scales.max() > 2
        run.recipe = replace(run.recipe, dropout=0.1)
        run.limit_sizes()
        assert run.gaussians().scales.max() < 1.5
