"""Where the user looks from, and how the mouse moves that."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from meshloom.kernels.raycast.framing import UP, direction
from meshloom.kernels.raycast.view import View, look_from

#: The angle of view of an orthographic eye, degrees: so narrow that parallel lines stay parallel.
_NARROW = 0.6
_STEEPEST = 89.5
#: The angles of view that are taken over from cameras, degrees.
_SPANS = (10.0, 100.0)

#: Standing directions by name: (azimuth, elevation) in degrees.
SIDES = {
    "front": (0.0, 0.0),
    "back": (180.0, 0.0),
    "right": (90.0, 0.0),
    "left": (-90.0, 0.0),
    "top": (0.0, _STEEPEST),
    "bottom": (0.0, -_STEEPEST),
}


def towards_of(towards: NDArray[np.float64], front: NDArray[np.float64]) -> tuple[float, float]:
    """(azimuth, elevation) in degrees of an eye in the unit direction ``towards`` from its target."""
    flat = towards - (towards @ UP) * UP
    elevation = float(np.degrees(np.arcsin(np.clip(towards @ UP, -1, 1))))
    azimuth = -float(np.degrees(np.arctan2(flat @ np.cross(front, UP), flat @ front)))
    return azimuth, min(max(elevation, -_STEEPEST), _STEEPEST)


def _origin() -> NDArray[np.float64]:
    return np.zeros(3)


def _front() -> NDArray[np.float64]:
    return np.array([0.0, 0.0, -1.0])


@dataclass(frozen=True, eq=False)
class Eye:
    """Looks at ``target`` (world) from ``distance`` away. World up is -y.

    ``azimuth`` turns to the right of who looks from ``front``, ``elevation`` rises above the horizon, degrees.
    ``span``: angle of view of the shorter side, degrees. ``parallel``: orthographic; what is at the target keeps
    its size.
    """

    target: NDArray[np.float64] = field(default_factory=_origin)
    distance: float = 3.0
    azimuth: float = 35.0
    elevation: float = 20.0
    span: float = 40.0
    parallel: bool = False
    front: NDArray[np.float64] = field(default_factory=_front)

    @property
    def towards(self) -> NDArray[np.float64]:
        """Unit vector from the target to the eye."""
        return direction(-self.azimuth, self.elevation, self.front)

    @property
    def position(self) -> NDArray[np.float64]:
        """(3,) in the world; of an orthographic eye, where a usual one would be."""
        return self.target + self.distance * self.towards

    @property
    def _stretch(self) -> float:
        """How many times farther away the camera of an orthographic eye stands."""
        return float(np.tan(np.radians(self.span / 2)) / np.tan(np.radians(_NARROW / 2)))

    def at_camera(self, view: View, distance: float) -> Eye:
        """Where a camera stands, looking where it looks but upright; its target ``distance`` away."""
        azimuth, elevation = towards_of(-view.rotation[2], _front())
        span = float(np.degrees(2 * np.arctan2(min(view.size) / 2, view.focal)))
        return replace(
            self,
            target=view.centre + distance * view.rotation[2],
            distance=distance,
            azimuth=azimuth,
            elevation=elevation,
            span=min(max(span, _SPANS[0]), _SPANS[1]),
            front=_front(),
        )

    def view(self, size: tuple[int, int]) -> View:
        """The camera for a picture of ``size`` (width, height)."""
        span, distance = self.span, self.distance
        if self.parallel:
            span = _NARROW
            distance *= self._stretch
        focal = min(size) / 2 / float(np.tan(np.radians(span / 2)))
        return look_from(self.target + distance * self.towards, self.target, UP, focal, size)

    def turned(self, right: float, up: float) -> Eye:
        """Orbit about the target, degrees."""
        elevation = min(max(self.elevation + up, -_STEEPEST), _STEEPEST)
        return replace(self, azimuth=(self.azimuth + right + 180) % 360 - 180, elevation=elevation)

    def looking(self, right: float, up: float) -> Eye:
        """Turn the head: the eye stays, the target swings around it. Degrees."""
        turned = self.turned(right, up)
        return replace(turned, target=self.position - turned.distance * turned.towards)

    def panned(self, right: float, down: float, height: int) -> Eye:
        """Move by pixels of a picture ``height`` (of its shorter side) pixels high, at the target's depth."""
        rotation = self.view((100, 100)).rotation
        step = 2 * self.distance * float(np.tan(np.radians(self.span / 2))) / max(height, 1)
        return replace(self, target=self.target - step * (right * rotation[0] + down * rotation[1]))

    def zoomed(self, factor: float, at: NDArray[np.float64] | None = None) -> Eye:
        """Nearer (``factor`` < 1) or farther, keeping the point ``at`` of the world where it is in the picture."""
        point = self.target if at is None else at
        return replace(
            self, target=point + (self.target - point) * factor, distance=max(self.distance * factor, 1e-9)
        )

    def flown(self, ahead: float, right: float, up: float) -> Eye:
        """Move along the sight, to the side and up, in world units."""
        rotation = self.view((100, 100)).rotation
        return replace(self, target=self.target + ahead * rotation[2] + right * rotation[0] + up * UP)

    def fitted(self, low: NDArray[np.float64], high: NDArray[np.float64], aspect: float = 1.0) -> Eye:
        """The same direction and the usual angle of view, with the box ``low``..``high`` filling the picture.

        ``aspect`` = width / height.
        """
        middle = (low + high) / 2
        corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)]) * (high - low) + low
        local = (corners - middle) @ self.view((100, 100)).rotation.T
        usual = replace(self, span=Eye.span)
        limit = float(np.tan(np.radians(usual.span / 2))) * 0.9
        wide, tall = limit * max(aspect, 1.0), limit * max(1 / aspect, 1.0)
        nearer = -local[:, 2] / (usual._stretch if self.parallel else 1.0)
        need = np.maximum(np.abs(local[:, 0]) / wide, np.abs(local[:, 1]) / tall) + nearer
        return replace(usual, target=middle, distance=max(float(need.max()), 1e-6))
