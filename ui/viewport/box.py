"""A box or an ellipsoid in the world, as the nodes that crop have it: what is inside, where its handles are."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from meshloom.kernels.geometry.placing import euler
from meshloom.ui.viewport.things import Bounds

Triple = tuple[float, float, float]
Array = NDArray[np.float64]

#: Points of a ring around an ellipsoid.
_RING = 48


@dataclass(frozen=True)
class Box:
    """``size`` along its own axes, 0 = unlimited; ``turn`` in degrees about the fixed axes x, then y, then z."""

    centre: Triple = (0.0, 0.0, 0.0)
    size: Triple = (1.0, 1.0, 1.0)
    turn: Triple = (0.0, 0.0, 0.0)
    shape: str = "box"
    keep: str = "inside"

    @property
    def axes(self) -> Array:
        """(3, 3): its axes in the world, as columns."""
        return euler(self.turn)

    def inside(self, points: NDArray[np.float32] | Array) -> NDArray[np.bool_]:
        """(N,): which of the points (N, 3) lie in it, as the nodes count."""
        length = np.asarray(self.size)
        local = (points - np.asarray(self.centre, points.dtype)) @ self.axes.astype(points.dtype)
        local *= np.divide(2, length, out=np.zeros(3), where=length > 0).astype(points.dtype)
        if self.shape == "box":
            return np.asarray((np.abs(local) <= 1).all(axis=1))
        return np.asarray((local**2).sum(axis=1) <= 1)

    def kept(self, points: NDArray[np.float32] | Array) -> NDArray[np.bool_]:
        """(N,): which of the points the node lets through."""
        return self.inside(points) if self.keep == "inside" else ~self.inside(points)

    def half(self, scene: Bounds | None) -> Array:
        """(3,) half lengths to draw: an unlimited direction reaches as far as the scene does."""
        reach = np.ones(3)
        if scene is not None:
            corners = np.array(list(itertools.product(*zip(*scene, strict=True))))
            reach = np.abs((corners - self.centre) @ self.axes).max(axis=0) * 1.05
        return np.where(np.asarray(self.size) > 0, np.asarray(self.size) / 2, np.maximum(reach, 1e-9))

    def handles(self, scene: Bounds | None) -> Array:
        """(7, 3): the centre, then the middles of the sides -x, +x, -y, +y, -z, +z."""
        at = np.zeros((7, 3))
        for axis, side in itertools.product(range(3), range(2)):
            at[1 + 2 * axis + side, axis] = 2 * side - 1
        return np.asarray(self.centre) + (at * self.half(scene)) @ self.axes.T

    def lines(self, scene: Bounds | None) -> Array:
        """(N, 2, 3) ends: twelve edges, or three rings."""
        if self.shape == "box":
            corners = np.array(list(itertools.product((-1.0, 1.0), repeat=3)))
            pairs = [(a, b) for a, b in itertools.combinations(range(8), 2) if (a ^ b).bit_count() == 1]
            local = corners[np.array(pairs)]
        else:
            turn = np.linspace(0, 2 * np.pi, _RING + 1)
            ring = np.stack([np.cos(turn), np.sin(turn), np.zeros(_RING + 1)], axis=1)
            rings = [np.roll(ring, axis, axis=1) for axis in range(3)]
            local = np.concatenate([np.stack([each[:-1], each[1:]], axis=1) for each in rings])
        return np.asarray(self.centre + (local * self.half(scene)) @ self.axes.T)

    def moved(self, by: Array) -> Box:
        """All of it elsewhere."""
        return replace(self, centre=_triple(np.asarray(self.centre) + by))

    def pulled(self, handle: int, by: float, scene: Bounds | None, both: bool = False) -> Box:
        """One side (``handle`` 1 to 6) farther out by a length; the opposite one stays, or goes too (``both``)."""
        axis, side = divmod(handle - 1, 2)
        half = float(self.half(scene)[axis])
        size = list(self.size)
        size[axis] = max(2 * half + by * (2 if both else 1), 2e-3 * half)
        grown = (size[axis] - 2 * half) / 2
        way = self.axes[:, axis] * (0.0 if both else grown * (2 * side - 1))
        return replace(self, centre=_triple(np.asarray(self.centre) + way), size=_triple(np.array(size)))

    def swung(self, axis: int, degrees: float) -> Box:
        """Turned about one of its own axes."""
        own = [0.0, 0.0, 0.0]
        own[axis] = degrees
        turned = self.axes @ euler(_triple(np.array(own)))
        x = np.arctan2(turned[2, 1], turned[2, 2])
        y = np.arcsin(np.clip(-turned[2, 0], -1, 1))
        z = np.arctan2(turned[1, 0], turned[0, 0])
        if abs(turned[2, 0]) > 1 - 1e-9:  # x and z turn the same way: z takes all of it
            x, z = 0.0, np.arctan2(-turned[0, 1], turned[1, 1])
        return replace(self, turn=_triple(np.degrees(np.array([x, y, z]))))

    def around(self, scene: Bounds) -> Box:
        """The same axes, around all of the scene."""
        corners = np.array(list(itertools.product(*zip(*scene, strict=True)))) @ self.axes
        low, high = corners.min(axis=0), corners.max(axis=0)
        widest = float((high - low).max()) or 1.0
        size = np.maximum(high - low, 1e-3 * widest) * (math.sqrt(3) if self.shape != "box" else 1.0) * 1.02
        return replace(self, centre=_triple(self.axes @ ((low + high) / 2)), size=_triple(size))

    def rounded(self, before: Box) -> Box:
        """To four digits of each length, so that parameters stay readable; what is as ``before`` stays exact."""
        lengths = [each for each in self.size if 0 < each < math.inf]
        digits = _digits(min(lengths, default=1.0))
        size = [round(each, _digits(each)) if 0 < each < math.inf else each for each in self.size]
        return replace(
            self,
            centre=_where_new([round(each, digits) for each in self.centre], self.centre, before.centre),
            size=_where_new(size, self.size, before.size),
            turn=_where_new([round(each, 1) + 0.0 for each in self.turn], self.turn, before.turn),
        )


def _digits(length: float) -> int:
    """Places behind the point that make four digits of a length."""
    return 3 - math.floor(math.log10(length))


def _where_new(rounded: list[float], exact: Triple, before: Triple) -> Triple:
    x, y, z = (old if new == old else near for near, new, old in zip(rounded, exact, before, strict=True))
    return x, y, z


def _triple(held: Array) -> Triple:
    x, y, z = (float(each) for each in held)
    return x, y, z


def along_axis(origin: Array, way: Array, start: Array, axis: Array) -> float | None:
    """Where on the line ``start`` + t ``axis`` a ray comes nearest; ``None`` for a ray along that line."""
    way = way / np.linalg.norm(way)
    share = float(way @ axis)
    if 1 - share * share < 1e-4:
        return None
    apart = start - origin
    return float((way @ apart) * share - axis @ apart) / (1 - share * share)


def on_plane(origin: Array, way: Array, start: Array, normal: Array) -> Array | None:
    """Where a ray meets the plane through ``start``; ``None`` where it does not."""
    slope = float(way @ normal)
    if abs(slope) < 1e-9:
        return None
    far = float((start - origin) @ normal) / slope
    return origin + far * way if far > 0 else None
