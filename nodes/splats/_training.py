"""Driving a training: progress, preview, checkpoints, measuring."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from meshloom.graph_runtime.spec import Run
from meshloom.graph_runtime.types import Image
from meshloom.kernels.splatting.arrays import Gaussians, Settings
from meshloom.kernels.splatting.kernel import Rasteriser
from meshloom.kernels.splatting.training import Recipe, Training, View
from meshloom.nodes.splats._measuring import Score, curve_of, measure
from meshloom.nodes.splats._values import SplatCheckpoint

#: Seconds between pictures of the unfinished scene.
PREVIEW_EVERY = 3.0
#: Looks at the held-out photos in a whole training.
LOOKS = 20


class Trainer:
    """One training of one node. ``tested``: views that are measured and never trained on; ``last``: where it ends."""

    def __init__(
        self,
        start: Gaussians,
        views: list[View],
        tested: list[View],
        recipe: Recipe,
        rasteriser: Rasteriser,
        run: Run,
        last: int,
    ) -> None:
        self.training = Training(start, views, recipe, rasteriser)
        self.tested, self.recipe, self.rasteriser, self.run = tested, recipe, rasteriser, run
        self.last = last
        self.curve: list[tuple[float, float, float, float]] = []
        self._shown = time.monotonic()
        self._begun = time.monotonic()
        self._before = 0

    def background(self) -> tuple[float, float, float]:
        """What pictures are shown and measured on."""
        return self.recipe.background or (0.0, 0.0, 0.0)

    def settings(self) -> Settings:
        return replace(self.training.settings(), degree=self.recipe.degree)

    def until(self, last: int) -> SplatCheckpoint:
        """Train up to iteration ``last``."""
        training, run = self.training, self.run
        every = max(1, self.recipe.iterations // LOOKS)
        losses: list[float] = []
        score = float("nan")
        self._begun, self._before = time.monotonic(), training.count
        while training.count < last:
            losses.append(training.step())
            if training.count % every == 0 or training.count == last:
                scores = self.scores()
                psnr = float(np.mean([s.psnr for s in scores])) if scores else float("nan")
                ssim = float(np.mean([s.ssim for s in scores])) if scores else float("nan")
                loss = float(np.nanmean(losses)) if np.isfinite(losses).any() else float("nan")
                self.curve.append((training.count, psnr, ssim, loss))
                # Losses at other sizes of the photos do not compare: with nothing held out the end is best.
                score = psnr if scores else float(training.count)
                losses = []
                run.preview(curve_of(np.array(self.curve)))
            self._tell()
        run.check()
        return self.checkpoint(score)

    def scores(self) -> list[Score]:
        """Of the held-out photos, as the scene is now."""
        scene, found = self.training.gaussians(), []
        for view in self.tested:
            self.run.check()
            found.append(measure(self.rasteriser, scene, view, self.settings(), self.background()))
        return found

    def _tell(self) -> None:
        training = self.training
        spent = time.monotonic() - self._begun
        pace = spent / max(training.count - self._before, 1)
        left = pace * (self.last - training.count)
        known = f", {self.curve[-1][1]:.1f} dB" if self.curve and np.isfinite(self.curve[-1][1]) else ""
        self.run.progress(
            training.count,
            self.last,
            f"iteration {training.count:,} of {self.last:,}, {len(training):,} splats{known},"
            f" about {_words(left)} left",
        )
        if time.monotonic() - self._shown > PREVIEW_EVERY:
            view = (self.tested or training.views)[0]
            camera = view.camera if self.tested else training.camera(0)
            frame = self.rasteriser.render(training.gaussians(), camera, self.settings())
            picture = np.clip(frame.over(np.array(self.background())), 0, 1)
            pixels = (np.moveaxis(picture, 0, 2) * 255 + 0.5).astype(np.uint8)
            self.run.preview(Image(np.ascontiguousarray(pixels), "training.png"))
            self._shown = time.monotonic()

    def checkpoint(self, score: float) -> SplatCheckpoint:
        """Where the training is."""
        state = self.training.state()
        return SplatCheckpoint(
            tuple(state),
            tuple(state.values()),
            np.array(self.curve, np.float64).reshape(-1, 4),
            score,
            self.training.skipped,
        )

    def resume(self, checkpoint: SplatCheckpoint) -> None:
        """Go on from there."""
        self.training.restore(dict(zip(checkpoint.names, checkpoint.arrays, strict=True)))
        self.curve = [(row[0], row[1], row[2], row[3]) for row in checkpoint.curve.tolist()]


def _words(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
