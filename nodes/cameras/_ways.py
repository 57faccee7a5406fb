"""Smooth ways for cameras."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError

Array = NDArray[np.float64]


def spline(centres: Array, turns: Array, count: int, closed: bool) -> tuple[Array, Array]:
    """(count, 3) places and (count, 3, 3) world-to-camera rotations through all keyframes, in order.

    Places by centripetal Catmull-Rom (Yuksel et al., 2011), which makes no loops; view and down directions likewise,
    made orthogonal.
    """
    keys = np.concatenate([centres, turns[:, 2], turns[:, 1]], axis=1)
    if closed:
        keys = np.concatenate([keys[-1:], keys, keys[:2]])
    else:
        keys = np.concatenate([2 * keys[:1] - keys[1:2], keys, 2 * keys[-1:] - keys[-2:-1]])
    pieces = len(keys) - 3
    at = np.linspace(0, pieces, count, endpoint=not closed)
    found = np.empty((count, 9))
    for row, place in enumerate(at):
        piece = min(int(place), pieces - 1)
        found[row] = _catmull_rom(keys[piece : piece + 4], place - piece)
    axes = np.empty((count, 3, 3))
    for row, key in enumerate(found):
        axes[row] = _axes(key[3:6], key[6:])
    return found[:, :3], axes


def _catmull_rom(keys: Array, share: float) -> Array:
    steps = np.maximum(np.linalg.norm(np.diff(keys[:, :3], axis=0), axis=1), 1e-9) ** 0.5
    t = np.concatenate([[0.0], np.cumsum(steps)])
    at = t[1] + share * (t[2] - t[1])

    def mix(a: Array, b: Array, low: float, high: float) -> Array:
        return np.asarray(((high - at) * a + (at - low) * b) / (high - low))

    first = mix(keys[0], keys[1], t[0], t[1])
    second = mix(keys[1], keys[2], t[1], t[2])
    third = mix(keys[2], keys[3], t[2], t[3])
    return mix(mix(first, second, t[0], t[2]), mix(second, third, t[1], t[3]), t[1], t[2])


def even(way: Array, axes: Array, frames: int, closed: bool) -> tuple[Array, Array]:
    """``frames`` of many places, at an even pace along the way."""
    ends = np.concatenate([way, way[:1]]) if closed else way
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(ends, axis=0), axis=1))])
    if length[-1] <= 0:  # all from one place: an even pace in time
        rows = np.linspace(0, len(way) - 1, frames).round().astype(int)
    else:
        wanted = np.linspace(0, length[-1], frames, endpoint=not closed)
        rows = np.clip(np.searchsorted(length, wanted), 0, len(way) - 1)
    return way[rows], axes[rows]


def seen(turns: Array, centres: Array) -> tuple[Array, Array]:
    """(what cameras look at, up): the place nearest to all axes, and the mean of the cameras' up."""
    axes = turns[:, 2]
    across = np.eye(3)[None] - axes[:, :, None] * axes[:, None, :]
    system = across.sum(axis=0)
    apart = float(np.linalg.norm(centres - centres.mean(axis=0), axis=1).max()) or 1.0
    target = centres.mean(axis=0) + axes.mean(axis=0) * 3 * apart
    if np.linalg.cond(system) < 1e4:
        found = np.linalg.solve(system, np.einsum("nij,nj->i", across, centres))
        if (np.einsum("ni,ni->n", found - centres, axes) > 0).mean() > 0.5:
            target = found
    up = -turns[:, 1].sum(axis=0)
    if np.linalg.norm(up) < 1e-6 * len(turns):
        raise NodeError("the cameras do not agree which way is up", hint="choose another kind of path")
    return target, up / np.linalg.norm(up)


def orbit(centres: Array, target: Array, up: Array, frames: int, radius: float, lift: float) -> Array:
    """(frames, 3): a circle around ``up`` through ``target``, beginning at the first camera's side."""
    away = centres - target
    height = float(np.median(away @ up))
    flat = away - (away @ up)[:, None] * up
    reach = float(np.median(np.linalg.norm(flat, axis=1))) or 1.0
    first = flat[0] if np.linalg.norm(flat[0]) > 1e-6 * reach else np.cross(up, np.roll(up, 1) + 0.1)
    first = first / np.linalg.norm(first)
    side = np.cross(up, first)
    angle = 2 * np.pi * np.arange(frames) / frames
    circle = np.cos(angle)[:, None] * first + np.sin(angle)[:, None] * side
    return np.asarray(target + radius * reach * circle + (height * radius + lift * reach) * up)


def eight(turns: Array, centres: Array, target: Array, frames: int, radius: float, sway: bool) -> Array:
    """(frames, 3): a lying eight, or to and fro, around the camera nearest to the middle of all."""
    middle = int(np.linalg.norm(centres - np.median(centres, axis=0), axis=1).argmin())
    apart = float(np.median(np.linalg.norm(centres - centres[middle], axis=1)))
    reach = radius * (apart or 0.1 * float(np.linalg.norm(target - centres[middle])) or 1.0)
    angle = 2 * np.pi * np.arange(frames) / frames
    right, down = turns[middle, 0], turns[middle, 1]
    rise = np.zeros(frames) if sway else 0.5 * np.sin(2 * angle)
    return np.asarray(centres[middle] + reach * (np.sin(angle)[:, None] * right + rise[:, None] * down))


def looking_at(way: Array, target: Array, up: Array) -> Array:
    """(N, 3, 3) world-to-camera rotations from ``way`` towards ``target``."""
    return np.stack([_axes(target - place, -up) for place in way])


def _axes(forward: Array, down: Array) -> Array:
    """Right, down, forward as rows, forward kept."""
    forward = forward / max(float(np.linalg.norm(forward)), 1e-12)
    right = np.cross(down, forward)
    if np.linalg.norm(right) < 1e-9:  # straight up or down: any right will do
        right = np.cross(np.roll(forward, 1) + np.array([0.3, 0.0, 0.0]), forward)
    right = right / np.linalg.norm(right)
    return np.stack([right, np.cross(forward, right), forward])
