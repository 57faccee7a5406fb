"""Light that reaches every vertex: window and lamp with soft shadows, and two bounces off everything else.

All surfaces are matte as far as light transport goes, so irradiance at the vertices is all that is needed;
it is interpolated over the triangles when a photograph is taken.
"""

from __future__ import annotations

import numpy as np

from . import room
from .scene import Scene

#: Mean radiance of the window and of the lamp's shade (linear RGB).
WINDOW_GLOW = np.array([5.6, 6.0, 6.6], np.float32)
LAMP_GLOW = np.array([13.0, 8.6, 4.9], np.float32)
_OFFSET = 4e-4  # metres; rays start this far off the surface
_BLOCK = 1 << 21  # rays at once


def window_points(grid: int, jitter):
    """Stratified points on the pane: (N, grid^2, 3) for ``jitter`` (N, 2) in 0..1."""
    y0, y1, z0, z1 = room.PANE
    i, j = (g.ravel() for g in np.meshgrid(np.arange(grid), np.arange(grid), indexing="ij"))
    y = y0 + (y1 - y0) * (i + (jitter[:, :1] + 0.618 * j) % 1.0) / grid
    z = z0 + (z1 - z0) * (j + (jitter[:, 1:] + 0.618 * i) % 1.0) / grid
    return np.stack([np.full_like(y, room.WEST - 0.10), y, z], axis=-1)


def _lamp_points(count: int, jitter):
    """(N, count, 3) points over the shade, taken as a sphere."""
    k = np.arange(count)
    height = 1 - 2 * (k + jitter[:, :1]) / count
    angle = 2.39996 * k + 6.2832 * jitter[:, 1:]
    ring = np.sqrt(np.maximum(0.0, 1 - height**2))
    ball = np.stack([ring * np.cos(angle), ring * np.sin(angle), height], axis=-1)
    return np.asarray(room.LAMP_AT) + room.LAMP_RADIUS * 0.98 * ball


def _seen(scene: Scene, start, towards, stop):
    """Which segments from ``start`` (N, 1, 3) to ``towards`` (N, K, 3), short of ``stop`` metres, are free."""
    import open3d as o3d

    ray = towards - start
    length = np.linalg.norm(ray, axis=-1, keepdims=True)
    rays = np.concatenate([np.broadcast_to(start, ray.shape), ray / length], axis=-1).astype(np.float32)
    far = length[..., 0].astype(np.float32) - stop
    hit = np.empty(far.shape, bool)
    # One call per distance is wasteful; a common far limit suits rays of similar length well enough.
    limit = float(far.min())
    hit[:] = scene.caster.test_occlusions(o3d.core.Tensor(rays), tnear=0.0, tfar=limit).numpy()
    return ~hit, ray / length, length[..., 0]


def direct(scene: Scene, rng, grid: int = 7, lamp: int = 16):
    """(V, 3) irradiance from window and lamp, and (V,) the share of the window that each vertex sees."""
    count = len(scene.vertices)
    light, window_share = np.zeros((count, 3), np.float32), np.zeros(count, np.float32)
    y0, y1, z0, z1 = room.PANE
    area = (y1 - y0) * (z1 - z0)
    block = _BLOCK // (grid * grid)
    for first in range(0, count, block):
        part = slice(first, first + block)
        normal = scene.normals[part][:, None, :]
        start = scene.vertices[part][:, None, :] + _OFFSET * normal
        free, ray, far = _seen(scene, start, window_points(grid, rng.random((start.shape[0], 2))), 0.06)
        facing = np.maximum(0.0, (ray * normal).sum(-1)) * np.maximum(0.0, -ray[..., 0])
        weight = facing / np.maximum(far, 0.05) ** 2 * (area / grid**2)
        light[part] += (weight * free).sum(1)[:, None] * WINDOW_GLOW
        window_share[part] = (weight * free).sum(1) / np.maximum(weight.sum(1), 1e-9)
        target = _lamp_points(lamp, rng.random((start.shape[0], 2)))
        out = (target - np.asarray(room.LAMP_AT)) / room.LAMP_RADIUS
        free, ray, far = _seen(scene, start, target, 0.05)
        facing = np.maximum(0.0, (ray * normal).sum(-1)) * np.maximum(0.0, -(ray * out).sum(-1))
        weight = facing / np.maximum(far, 0.05) ** 2 * (4 * np.pi * room.LAMP_RADIUS**2 / lamp)
        light[part] += (weight * free).sum(1)[:, None] * LAMP_GLOW
    return light, window_share


def gather(scene: Scene, radiosity, rng, samples: int):
    """(V, 3) irradiance that arrives from other surfaces, which send out ``radiosity`` (V, 3)."""
    import open3d as o3d

    count = len(scene.vertices)
    light = np.zeros((count, 3), np.float32)
    face_out = radiosity[scene.faces].mean(axis=1)
    face_out[np.isin(scene.material, (room.WINDOW, room.LAMP))] = 0.0  # counted as direct light
    face_out = np.concatenate([face_out, np.zeros((1, 3), np.float32)])
    k = np.arange(samples)
    block = _BLOCK // samples
    for first in range(0, count, block):
        normal = scene.normals[first : first + block]
        spin = rng.random((len(normal), 2))
        r2 = (k / samples + spin[:, :1]) % 1.0
        angle = 2 * np.pi * ((0.6180339 * k + spin[:, 1:]) % 1.0)
        radius, up = np.sqrt(r2), np.sqrt(1 - r2)
        helper = np.where(np.abs(normal[:, :1]) > 0.7, [[0.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])
        tangent = np.cross(helper, normal)
        tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
        other = np.cross(normal, tangent)
        way = (
            (radius * np.cos(angle))[..., None] * tangent[:, None]
            + (radius * np.sin(angle))[..., None] * other[:, None]
            + up[..., None] * normal[:, None]
        )
        start = scene.vertices[first : first + block] + _OFFSET * normal
        rays = np.concatenate([np.broadcast_to(start[:, None], way.shape), way], axis=-1).astype(np.float32)
        found = scene.caster.cast_rays(o3d.core.Tensor(rays))["primitive_ids"].numpy()
        found = np.minimum(found, np.uint32(len(face_out) - 1))
        light[first : first + block] = face_out[found].mean(axis=1)
    return light


def _smooth(values, faces, rounds: int):
    """Average over neighbours: takes the grain out of the sampling."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    degree = np.bincount(edges[:, 0], minlength=len(values)) + np.bincount(edges[:, 1], minlength=len(values))
    for _ in range(rounds):
        total = values.astype(np.float64)
        for c in range(values.shape[1]):
            total[:, c] += np.bincount(edges[:, 0], values[edges[:, 1], c], minlength=len(values))
            total[:, c] += np.bincount(edges[:, 1], values[edges[:, 0], c], minlength=len(values))
        values = (total / (degree + 1)[:, None]).astype(np.float32)
    return values


def bake(scene: Scene, albedo, seed: int, samples: int = 96):
    """Irradiance (V, 3) with two bounces, and the share of the window in sight (V,)."""
    rng = np.random.default_rng(seed)
    straight, share = direct(scene, rng)
    straight = _smooth(straight, scene.faces, 1)
    once = gather(scene, albedo * straight, rng, 24)
    once = _smooth(once, scene.faces, 4)
    twice = gather(scene, albedo * (straight + once), rng, samples)
    # A third bounce and beyond, as what the second was to the first on the whole.
    more = 1.0 + 0.35 * float((albedo * once).mean() / max((albedo * straight).mean(), 1e-9))
    return straight + more * _smooth(twice, scene.faces, 2), _smooth(share[:, None], scene.faces, 2)[:, 0]
