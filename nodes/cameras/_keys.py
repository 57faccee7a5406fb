"""Keyframes of a camera: read from lines, and what lies between them."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Cameras

Array = NDArray[np.float64]
#: Vertical angle of view in degrees where none was said yet.
ANGLE = 50.0


@dataclass(frozen=True)
class Key:
    """At ``time`` in seconds the camera is at ``place`` and looks at ``target``; ``up`` points up on the picture."""

    time: float
    place: Array
    target: Array
    up: Array
    angle: float


def parsed(text: str, cameras: Cameras | None) -> list[Key]:
    """The keyframes of ``text``, a line each. Raises ``NodeError`` naming the line that is none."""
    keys: list[Key] = []
    for number, line in enumerate(text.splitlines(), 1):
        said = line.partition("#")[0].strip()
        if not said:
            continue
        time, colon, rest = said.partition(":")
        try:
            if not colon:
                raise ValueError("no time")
            key = _key(float(time), rest.strip(), keys[-1].angle if keys else ANGLE, cameras)
        except ValueError as error:
            raise NodeError(
                f"line {number} of the keyframes, {said!r}: {error}",
                hint="write 2.5: from 1 -1 -4, towards 0 0 0, 50 or 2.5: photo IMG_0007.jpg",
            ) from None
        if keys and key.time <= keys[-1].time:
            raise NodeError(
                f"line {number} of the keyframes is no later than the one before", hint="let times rise"
            )
        keys.append(key)
    if len(keys) < 2:
        raise NodeError(
            f"there are {len(keys)} keyframes; expected two or more", hint="write a line for each"
        )
    return keys


def _key(time: float, rest: str, angle: float, cameras: Cameras | None) -> Key:
    if rest.startswith("photo "):
        name, _, wide = rest[6:].partition(",")
        if cameras is None or name.strip() not in cameras.names:
            raise ValueError(f"no camera is called {name.strip()!r}")
        index = cameras.names.index(name.strip())
        pose, lens, size = cameras.extrinsics[index], cameras.intrinsics[index], cameras.sizes[index]
        place = -pose[:, :3].T @ pose[:, 3]
        own = float(np.degrees(2 * np.arctan(0.5 * size[1] / lens[1, 1])))
        key = Key(time, place, place + pose[2, :3], -pose[1, :3], _number(wide) if wide.strip() else own)
    else:
        match = re.fullmatch(r"from\s+([^,]+),\s*towards\s+([^,]+?)\s*(?:,\s*([^,]+))?", rest)
        if match is None:
            raise ValueError("no keyframe")
        place, target = (_triple(part) for part in match.groups()[:2])
        up = np.array([0.0, -1.0, 0.0])
        key = Key(time, place, target, up, _number(match[3]) if match[3] else angle)
    if not 1 <= key.angle <= 170:
        raise ValueError(f"an angle of view of {key.angle:g} degrees; expected 1 to 170")
    if not np.isfinite([key.time, *key.place, *key.target]).all():
        raise ValueError("a number that is not finite")
    return key


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
