"""Keyframes of a camera as lines of text, and what lies between them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
#: Of a photo by name: its place, what it looks at, up, and its vertical angle of view; ``None`` if there is none.
Photos = Callable[[str], tuple[Array, Array, Array, float] | None]
#: Vertical angle of view in degrees where none was said yet.
ANGLE = 50.0
#: The least and the most of it.
ANGLES = 1, 170


@dataclass(frozen=True, eq=False)
class Key:
    """At ``time`` in seconds the camera is at ``place`` and looks at ``target``; ``up`` points up on the picture."""

    time: float
    place: Array
    target: Array
    up: Array
    angle: float


def said_in(line: str) -> str:
    """A line without what follows #; empty where it says no keyframe."""
    return line.partition("#")[0].strip()


def read_key(said: str, angle: float, photos: Photos) -> Key:
    """One keyframe. ``angle``: of view, where the line says none. Raises ``ValueError`` for what is none."""
    when, colon, rest = said.partition(":")
    if not colon:
        raise ValueError("no time")
    time, rest = float(when), rest.strip()
    if rest.startswith("photo "):
        name, _, wide = rest[6:].partition(",")
        found = photos(name.strip())
        if found is None:
            raise ValueError(f"no camera is called {name.strip()!r}")
        key = Key(time, *found[:3], _number(wide) if wide.strip() else found[3])
    else:
        match = re.fullmatch(r"from\s+([^,]+),\s*towards\s+([^,]+?)\s*(?:,\s*([^,]+))?", rest)
        if match is None:
            raise ValueError("no keyframe")
        place, target = (_triple(part) for part in match.groups()[:2])
        up = np.array([0.0, -1.0, 0.0])
        key = Key(time, place, target, up, _number(match[3]) if match[3] else angle)
    if not ANGLES[0] <= key.angle <= ANGLES[1]:
        raise ValueError(f"an angle of view of {key.angle:g} degrees; expected {ANGLES[0]} to {ANGLES[1]}")
    if not np.isfinite([key.time, *key.place, *key.target]).all():
        raise ValueError("a number that is not finite")
    return key


def photo_key(extrinsics: Array, intrinsics: Array, height: int) -> tuple[Array, Array, Array, float]:
    """What :data:`Photos` answers, of a camera (3, 4) with a lens (3, 3) and pictures ``height`` pixels high."""
    place = -extrinsics[:, :3].T @ extrinsics[:, 3]
    angle = float(np.degrees(2 * np.arctan(0.5 * height / intrinsics[1, 1])))
    return place, place + extrinsics[2, :3], -extrinsics[1, :3], angle


def written(key: Key) -> str:
    """The line that says a keyframe, level, in numbers of five digits."""
    size = float(np.linalg.norm(key.target - key.place)) or 1.0
    places = int(4 - np.floor(np.log10(size)))

    def numbers(held: Array) -> str:
        return " ".join(f"{round(float(each), places) + 0.0:.12g}" for each in held)

    return f"{key.time:g}: from {numbers(key.place)}, towards {numbers(key.target)}, {key.angle:.4g}"


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text.strip()!r} is no number") from None


def _triple(text: str) -> Array:
    words = text.split()
    if len(words) != 3:
        raise ValueError(f"{len(words)} numbers in {text!r}; expected x y z")
    return np.array([_number(word) for word in words])


def rows_of(keys: list[Key]) -> Array:
    """(K, 10): place, target, up and angle."""
    return np.array([[*key.place, *key.target, *key.up, key.angle] for key in keys])


def between(times: Array, rows: Array, at: Array, ease: str) -> Array:
    """Rows at the times ``at`` of ``rows`` (K, C) at ``times`` (K,): "smooth", "stop at each" or "straight"."""
    piece = np.clip(np.searchsorted(times, at, side="right") - 1, 0, len(times) - 2)
    span = (times[piece + 1] - times[piece])[:, None]
    share = np.clip((at - times[piece])[:, None] / span, 0, 1)
    one, other = rows[piece], rows[piece + 1]
    if ease == "straight":
        return one + share * (other - one)
    if ease == "stop at each":
        return one + share * share * (3 - 2 * share) * (other - one)
    # Tangents of Catmull and Rom in time; one-sided at the ends.
    slopes = np.empty_like(rows)
    slopes[1:-1] = (rows[2:] - rows[:-2]) / (times[2:] - times[:-2])[:, None]
    slopes[0] = (rows[1] - rows[0]) / (times[1] - times[0])
    slopes[-1] = (rows[-1] - rows[-2]) / (times[-1] - times[-2])
    square, cube = share**2, share**3
    return np.asarray(
        (2 * cube - 3 * square + 1) * one
        + (cube - 2 * square + share) * span * slopes[piece]
        + (3 * square - 2 * cube) * other
        + (cube - square) * span * slopes[piece + 1]
    )
