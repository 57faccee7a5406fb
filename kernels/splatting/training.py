"""From photos and cameras to Gaussians, by gradient descent on what they look like.

Arrays in, arrays out; whoever drives it shows progress, keeps checkpoints and stops. Every random choice follows
from the seed and the number of the iteration, so a training that goes on from a checkpoint gives the same result as
one that was never stopped, and the number of threads changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meshloom.kernels.splatting import densify, restraint
from meshloom.kernels.splatting.adam import Moving
from meshloom.kernels.splatting.arrays import Camera, Frame, Gaussians, Settings
from meshloom.kernels.splatting.kernel import Rasteriser
from meshloom.kernels.splatting.losses import PhotoLoss, Target

Floats = NDArray[np.float32]
#: Opacity and scale are drawn to zero by this much times their mean (Kheradmand et al., 2024).
_SPARSE = 0.01
#: What the noise of faint Gaussians is multiplied with, likewise.
_NOISE = 5e5
#: Iterations between looks at sizes.
_SIZES_EVERY = 20


@dataclass(frozen=True)
class Recipe:
    """How to train. Rates of places are fractions of the scene's extent, as in Kerbl et al., 2023."""

    iterations: int = 1500
    most: int = 20_000
    degree: int = 1
    strategy: str = "mcmc"
    antialiased: bool = False
    similarity: float = 0.2
    #: (3,) colour behind everything, or None for another at random each time.
    background: tuple[float, float, float] | None = (0.0, 0.0, 0.0)
    exposure: bool = True
    refine_cameras: bool = False
    #: Part of the Gaussians that is left out of an iteration at the end of the training; it grows from nothing.
    #: With it sizes are limited, see ``restraint``.
    dropout: float = 0.0
    seed: int = 0
    extent: float = 1.0
    rate_means: float = 8e-4
    rate_means_end: float = 8e-6
    rate_scales: float = 2e-2
    rate_quaternions: float = 2e-3
    rate_opacities: float = 1e-1
    rate_colours: float = 1e-2
    #: Part of the training at half of the photos' size, and before it at a quarter.
    half_until: float = 0.4
    quarter_until: float = 0.12


@dataclass
class View:
    """A photo (3, H, W) float32 sRGB, its camera, and where it counts (H, W) in 0..1 (None: everywhere).

    With ``alpha`` (H, W) its pixels are premultiplied, and nothing is there besides.
    """

    photo: Floats
    camera: Camera
    counts: Floats | None = None
    alpha: Floats | None = None
    target: Target | None = None
    smaller: dict[int, View] = field(default_factory=dict)

    def at(self, level: int) -> View:
        """The view at 1 / 2^level of its size, made once."""
        if level == 0:
            return self
        if level not in self.smaller:
            height, width = self.photo.shape[1:]
            small = (max(1, width >> level), max(1, height >> level))

            self.smaller[level] = View(
                shrunk(self.photo, *small),
                self.camera.resized(*small),
                None if self.counts is None else shrunk(self.counts, *small),
                None if self.alpha is None else shrunk(self.alpha, *small),
            )
        return self.smaller[level]


def shrunk(planes: Floats, width: int, height: int) -> Floats:
    """(H, W) or (C, H, W) at (height, width) by the mean over areas, edges shared by fractions; never enlarged."""

    def shares(many: int, few: int) -> Floats:
        edges = np.arange(few + 1) * (many / few)
        low, high = edges[:-1, None], edges[1:, None]
        at = np.arange(many)[None]
        part = np.clip(np.minimum(high, at + 1) - np.maximum(low, at), 0, 1)
        return (part / part.sum(axis=1, keepdims=True)).astype(np.float32)

    if planes.shape[-2:] == (height, width):
        return planes
    across, down = shares(planes.shape[-1], width).T, shares(planes.shape[-2], height)
    return np.ascontiguousarray(down @ planes @ across, np.float32)


class Training:
    """Gaussians on their way. ``views`` are trained on, one a :meth:`step`."""

    def __init__(self, start: Gaussians, views: list[View], recipe: Recipe, rasteriser: Rasteriser) -> None:
        self.views, self.recipe, self.rasteriser = views, recipe, rasteriser
        self.loss = PhotoLoss(rasteriser, recipe.similarity)
        bands = (recipe.degree + 1) ** 2
        sh = np.zeros((len(start), bands, 3), np.float32)
        held = min(bands, start.sh.shape[1])
        sh[:, :held] = start.sh[:, :held]
        self.means, self.quaternions = Moving(start.means), Moving(start.quaternions)
        self.log_scales = Moving(np.log(np.maximum(start.scales, 1e-12)))
        self.logits, self.sh = Moving(densify.logit(start.opacities)), Moving(sh)
        self.exposures = Moving(np.zeros((len(views), 6), np.float32))
        self.poses = Moving(np.zeros((len(views), 6), np.float32))
        self.looks = np.zeros(len(views), np.int64)
        self.steep, self.seen = np.zeros(len(start), np.float32), np.zeros(len(start), np.float32)
        self.count = 0
        self.skipped = 0
        self.first_count = len(start)
        self.eyes = np.array([-view.camera.rotation.T @ view.camera.shift for view in views])

    def all(self) -> list[Moving]:
        return [self.means, self.quaternions, self.log_scales, self.logits, self.sh]

    def __len__(self) -> int:
        return len(self.means.values)

    def gaussians(self) -> Gaussians:
        """As they are now."""
        return Gaussians(
            self.means.values,
            self.quaternions.values,
            np.exp(self.log_scales.values),
            densify.sigmoid(self.logits.values),
            self.sh.values,
        )

    # ------------------------------------------------------------------------------------------ schedule

    @property
    def done(self) -> float:
        return self.count / self.recipe.iterations

    def level(self) -> int:
        """How often the photos are halved now."""
        smallest = min(min(view.photo.shape[1:]) for view in self.views)
        wanted = (
            2 if self.done < self.recipe.quarter_until else 1 if self.done < self.recipe.half_until else 0
        )
        while wanted and smallest >> wanted < 32:
            wanted -= 1
        return wanted

    def degree(self) -> int:
        """Bands of colour are let in one after the other during the first half."""
        return min(self.recipe.degree, int(self.done * 2 * (self.recipe.degree + 1)))

    def settings(self) -> Settings:
        return Settings(
            antialiased=self.recipe.antialiased, near=0.01 * self.recipe.extent, degree=self.degree()
        )

    def camera(self, index: int, level: int = 0) -> Camera:
        """The camera of a view with what was learned of its place."""
        camera = self.views[index].at(level).camera
        delta = self.poses.values[index].astype(np.float64)
        if not delta.any():
            return camera
        turn = _turn(delta[:3])
        return Camera(
            camera.fx,
            camera.fy,
            camera.cx,
            camera.cy,
            turn @ camera.rotation,
            turn @ camera.shift + delta[3:],
            camera.width,
            camera.height,
        )

    # ---------------------------------------------------------------------------------------------- step

    def step(self) -> float:
        """One photo; returns its loss (NaN where the iteration was skipped)."""
        recipe = self.recipe
        count = len(self.views)
        epoch, at = divmod(self.count, count)
        index = int(np.random.default_rng([recipe.seed, 1, epoch]).permutation(count)[at])
        random = np.random.default_rng([recipe.seed, 2, self.count])
        level = self.level()
        view = self.views[index].at(level)
        gaussians = self.gaussians()
        part = None
        if recipe.dropout:
            left_out = np.random.default_rng([recipe.seed, 5, self.count])
            part = restraint.shares(gaussians.opacities, recipe.dropout * self.done, left_out)
        frame = self.rasteriser.render(_thinned(gaussians, part), self.camera(index, level), self.settings())
        colour = recipe.background
        behind = random.random(3) if colour is None else np.array(colour)
        drawn = frame.over(behind)
        gain, offset = self._exposure(index)
        shown = drawn * gain + offset
        target = view.target
        if view.alpha is not None:
            photo = view.photo + (1 - view.alpha) * behind.astype(np.float32)[:, None, None]
            target = Target(np.ascontiguousarray(photo, np.float32))
        elif target is None:
            target = view.target = Target(np.ascontiguousarray(view.photo))
        if view.counts is not None:
            shown = shown * view.counts + target.photo * (1 - view.counts)
        value, _, slope = self.loss(shown, target)
        if view.counts is not None:
            slope *= view.counts
        self.count += 1
        # One number that is none would spread to all by the moments of its gradient.
        if not (np.isfinite(value) and np.isfinite(slope.sum(dtype=np.float64))):
            self.skipped += 1
            return float("nan")
        self._move(index, frame, drawn, gain, slope, behind, gaussians, part, random)
        return float(value)

    def _exposure(self, index: int) -> tuple[Floats, Floats]:
        own = self.exposures.values[index]
        return np.exp(own[:3])[:, None, None], own[3:][:, None, None]

    def _move(
        self,
        index: int,
        frame: Frame,
        drawn: Floats,
        gain: Floats,
        slope: Floats,
        behind: NDArray[np.float64],
        gaussians: Gaussians,
        part: Floats | None,
        random: np.random.Generator,
    ) -> None:
        recipe, rasteriser = self.recipe, self.rasteriser
        if recipe.exposure:
            own = np.zeros((len(self.views), 6), np.float32)
            own[index, :3] = (slope * drawn).sum(axis=(1, 2)) * gain[:, 0, 0]
            own[index, 3:] = slope.sum(axis=(1, 2))
        slope = slope * gain
        by_alpha = -np.einsum("chw,c->hw", slope, behind.astype(np.float32))
        found = rasteriser.backward(frame, slope, by_alpha)
        if np.isnan(found.spread).any() or not np.isfinite([*found.rotation.flat, *found.shift]).all():
            self.skipped += 1
            return
        scales = found.scales * gaussians.scales
        opacity = gaussians.opacities
        by_opacity = found.opacities if part is None else found.opacities * part
        if recipe.strategy == "mcmc":
            by_opacity = by_opacity + np.float32(_SPARSE / len(opacity))
            scales = scales + np.float32(_SPARSE / (3 * len(opacity))) * gaussians.scales / np.float32(
                recipe.extent
            )
        logits = by_opacity * opacity * (1 - opacity)
        step = self.count
        fade = 0.5 + 0.5 * np.cos(np.pi * min(1.0, max(0.0, (self.done - 0.6) / 0.4)))
        slow = 0.1 + 0.9 * fade
        rate = recipe.extent * float(
            np.exp((1 - self.done) * np.log(recipe.rate_means) + self.done * np.log(recipe.rate_means_end))
        )
        self.means.step(rasteriser, found.means, step, rate)
        self.quaternions.step(rasteriser, found.quaternions, step, recipe.rate_quaternions * slow)
        self.log_scales.step(rasteriser, scales, step, recipe.rate_scales * slow)
        self.logits.step(rasteriser, logits, step, recipe.rate_opacities * slow)
        self.sh.step(
            rasteriser, found.sh, step, recipe.rate_colours * slow, recipe.rate_colours * slow / 10, 3
        )
        self._learn_photo(index, own if recipe.exposure else None, found.rotation, found.shift, slow)
        self._densify(found.spread, found.seen, frame, rate, random)
        if self.count % _SIZES_EVERY == 0:
            self.limit_sizes()

    def limit_sizes(self) -> None:
        """With dropout, hold sizes as ``restraint`` says."""
        if self.recipe.dropout:
            restraint.limit_sizes(self.log_scales.values, self.means.values, self.eyes)

    def _learn_photo(
        self,
        index: int,
        exposure: Floats | None,
        by_turn: NDArray[np.float64],
        by_shift: NDArray[np.float64],
        slow: float,
    ) -> None:
        """Exposure and place of one photo; their moments move only when the photo is looked at."""
        self.looks[index] += 1
        looks = int(self.looks[index])

        def learn(part: Moving, gradient: NDArray[Any], rate: float) -> None:
            one = Moving(part.values[index : index + 1])
            one.mean, one.square = part.mean[index : index + 1], part.square[index : index + 1]
            one.step(self.rasteriser, np.asarray(gradient, np.float32)[None], looks, rate)
            part.values[index] = one.values[0]

        if exposure is not None:
            learn(self.exposures, exposure[index], 1e-2 * slow)
            # What all photos share belongs to the colours, not to the exposures.
            self.exposures.values -= self.exposures.values.mean(axis=0)
        if self.recipe.refine_cameras and self.done > 0.15:
            camera = self.camera(index)
            product = by_turn @ camera.rotation.T + np.outer(by_shift, camera.shift)
            turn = [
                product[2, 1] - product[1, 2], product[0, 2] - product[2, 0], product[1, 0] - product[0, 1]
            ]  # fmt: skip
            scaled = np.concatenate([turn, by_shift * self.recipe.extent])
            before = self.poses.values[index].copy()
            learn(self.poses, scaled, 1e-4 * slow)
            moved = self.poses.values[index] - before
            self.poses.values[index, 3:] = before[3:] + moved[3:] * self.recipe.extent

    # ---------------------------------------------------------------------------------------- densifying

    def _densify(
        self,
        spread: Floats,
        seen: NDArray[np.bool_],
        frame: Frame,
        rate: float,
        random: np.random.Generator,
    ) -> None:
        recipe = self.recipe
        last = int(recipe.iterations * 0.8)
        every = max(20, recipe.iterations // 60)
        if recipe.strategy == "mcmc":
            if self.count % every == 0 and every <= self.count <= last:
                densify.relocate(self, random)
                growing = max(1, int(recipe.iterations * 0.5) // every)
                factor = max(1.05, (recipe.most / max(self.first_count, 1)) ** (1 / growing))
                wanted = min(recipe.most, int(len(self) * factor) + 1)
                densify.add(self, wanted - len(self), random)
            if self.count <= last:
                densify.wander(self, rate * _NOISE, random)
            return
        if recipe.strategy != "adc":
            return
        width, height = frame.colour.shape[2], frame.colour.shape[1]
        self.steep += spread * (max(width, height) / 2)
        self.seen += seen
        if self.count % every == 0 and every <= self.count <= last:
            mean = self.steep / np.maximum(self.seen, 1)
            densify.clone_and_split(self, mean > 2e-4, 0.01 * recipe.extent, recipe.most, random)
            keep = densify.sigmoid(self.logits.values) > densify.FADED
            if not keep.any():
                keep[:] = True
            for part in self.all():
                part.keep(keep)
            if self.count % (10 * every) == 0 and self.count < last / 2:
                self.logits.values = np.minimum(self.logits.values, densify.logit(np.array([0.01]))[0])
                self.logits.forget(np.arange(len(self)))
            self.steep, self.seen = np.zeros(len(self), np.float32), np.zeros(len(self), np.float32)

    # ---------------------------------------------------------------------------------------- checkpoint

    def state(self) -> dict[str, NDArray[Any]]:
        """All that :meth:`restore` needs to go on from here."""
        found: dict[str, NDArray[Any]] = {}
        for name in ("means", "quaternions", "log_scales", "logits", "sh", "exposures", "poses"):
            part: Moving = getattr(self, name)
            found[name] = part.values.copy()
            found[name + ".mean"] = part.mean.copy()
            found[name + ".square"] = part.square.copy()
        found["looks"] = self.looks.copy()
        found["steep"], found["seen"] = self.steep.copy(), self.seen.copy()
        found["counts"] = np.array([self.count, self.skipped, self.first_count], np.int64)
        return found

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Go on from :meth:`state`."""
        for name in ("means", "quaternions", "log_scales", "logits", "sh", "exposures", "poses"):
            part: Moving = getattr(self, name)
            part.values = state[name].copy()
            part.mean, part.square = state[name + ".mean"].copy(), state[name + ".square"].copy()
        self.looks = state["looks"].copy()
        self.steep, self.seen = state["steep"].copy(), state["seen"].copy()
        self.count, self.skipped, self.first_count = (int(number) for number in state["counts"])


def _thinned(gaussians: Gaussians, part: Floats | None) -> Gaussians:
    return gaussians if part is None else replace(gaussians, opacities=gaussians.opacities * part)


def _turn(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rotation (3, 3) about ``vector`` by its length (Rodrigues)."""
    angle = float(np.linalg.norm(vector))
    x, y, z = vector / max(angle, 1e-30)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)
