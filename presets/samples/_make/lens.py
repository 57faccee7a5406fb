"""Where the photographer stood, and what the camera's lens does.

Poses are world-to-camera in OpenCV axes (x right, y down, z forward); the world here is still z up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

WIDTH, HEIGHT = 896, 672
#: What EXIF says (28 mm on a 36 mm wide frame), and what the lens truly does: a per cent off, as real ones are.
EXIF_35MM, EXIF_MM = 28, 10.2
FOCAL, K1 = 703.2, -0.072
#: Entrance pupil in metres: the room behind goes soft, the owl stays sharp.
APERTURE = 0.0042


@dataclass(frozen=True)
class Shot:
    """One exposure. ``rotation`` (3, 3), ``centre`` (3,) in the z-up world, ``focus`` metres along the axis."""

    name: str
    rotation: np.ndarray
    centre: np.ndarray
    focus: float
    stops: float
    held_out: bool


def intrinsics():
    return np.array([[FOCAL, 0, WIDTH / 2], [0, FOCAL, HEIGHT / 2], [0, 0, 1.0]])


def _look(eye, target, roll):
    forward = target - eye
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    c, s = np.cos(roll), np.sin(roll)
    return np.stack([c * right + s * down, -s * right + c * down, forward])


def shots(seed: int) -> list[Shot]:
    """Two rough rings, a few from above, and three held out, in the order of a walk around the table."""
    rng = np.random.default_rng(seed)
    plan = []  # azimuth from the front, elevation, distance (degrees, metres), held out
    plan += [(360 / 11 * i, 14, 0.53, False) for i in range(11)]
    plan += [(360 / 10 * i + 17, 33, 0.52, False) for i in range(10)]
    plan += [(120 * i + 35, 58, 0.53, False) for i in range(3)]
    held = [(58, 23, 0.53, True), (182, 25, 0.53, True), (304, 24, 0.53, True)]
    found = []
    for number, (azimuth, elevation, distance, held_out) in enumerate(plan + held):
        azimuth = np.radians(azimuth + rng.uniform(-5, 5))
        elevation = np.radians(elevation + rng.uniform(-4, 4))
        distance *= rng.uniform(0.94, 1.07)
        way = np.array(
            [
                np.sin(azimuth) * np.cos(elevation),
                -np.cos(azimuth) * np.cos(elevation),
                np.sin(elevation),
            ]
        )
        target = np.array([0.0, 0.0, 0.148]) + rng.uniform(-0.016, 0.016, 3)
        eye = target + distance * way
        rotation = _look(eye, target, np.radians(rng.normal(0, 2.2)))
        stops = float(np.clip(rng.normal(0, 0.08), -0.15, 0.15))
        focus = float(np.linalg.norm(eye - np.array([0, 0, 0.15])) - 0.075)
        found.append(Shot(f"IMG_{number + 1:04d}.jpg", rotation, eye, focus, stops, held_out))
    return found


def undistort(x, y):
    """Normalised image coordinates that the lens drew at ``x, y`` (inverse of ``1 + k1 r^2``)."""
    u, v = x.copy(), y.copy()
    for _ in range(12):
        factor = 1.0 + K1 * (u * u + v * v)
        u, v = x / factor, y / factor
    return u, v


def rays(shot: Shot, px, py, lens):
    """Rays through pixels ``px, py`` (N,), by way of points ``lens`` (N, 2) of the unit disc: (N, 6) float32."""
    x, y = undistort((px - WIDTH / 2) / FOCAL, (py - HEIGHT / 2) / FOCAL)
    sharp = np.stack([x, y, np.ones_like(x)], axis=1) * shot.focus
    start = np.concatenate([lens * (APERTURE / 2), np.zeros((len(x), 1))], axis=1)
    way = sharp - start
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    world = np.concatenate([shot.centre + start @ shot.rotation, way @ shot.rotation], axis=1)
    return world.astype(np.float32)
