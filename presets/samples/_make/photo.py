"""Taking a photograph: rays through the lens, paint and light where they hit, then sensor and development."""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

from . import lens, light, room
from .noise import perlin
from .scene import Scene, colour_at


@njit
def _gloss(px, py, pz, nx, ny, nz, wx, wy, wz, points, glow):
    """Satin sheen of the window: Blinn's lobe summed over a few points of the pane."""
    power = 46.0
    total = 0.0
    for i in range(len(points)):
        lx, ly, lz = points[i, 0] - px, points[i, 1] - py, points[i, 2] - pz
        far = math.sqrt(lx * lx + ly * ly + lz * lz)
        lx, ly, lz = lx / far, ly / far, lz / far
        facing, leaving = nx * lx + ny * ly + nz * lz, -lx
        if facing <= 0.0 or (leaving >= 0.0 and lx >= 0.0):
            continue
        hx, hy, hz = lx - wx, ly - wy, lz - wz
        half = math.sqrt(hx * hx + hy * hy + hz * hz)
        across = max(0.0, (nx * hx + ny * hy + nz * hz) / half)
        fresnel = 0.035 + 0.965 * (1.0 - max(0.0, (lx * hx + ly * hy + lz * hz) / half)) ** 5
        lobe = (power + 8.0) / (8.0 * math.pi) * across**power
        total += fresnel * lobe * facing * max(0.0, -lx) / (far * far) * glow
    return total


@njit(parallel=True)
def _shade(
    rays, found, where, faces, vertices, normals, paint, material, seeds, irradiance, share, pane, weights
):
    """Radiance (N, 3) back along each ray."""
    out = np.zeros((len(rays), 3), np.float32)
    area, window_glow, lamp_glow = weights
    for i in prange(len(rays)):
        f = np.int64(found[i])
        if f >= len(faces):
            continue
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        u, v = where[i, 0], where[i, 1]
        w = 1.0 - u - v
        m = material[f]
        x = w * paint[a, 0] + u * paint[b, 0] + v * paint[c, 0]
        y = w * paint[a, 1] + u * paint[b, 1] + v * paint[c, 1]
        z = w * paint[a, 2] + u * paint[b, 2] + v * paint[c, 2]
        colour = colour_at(m, seeds[f], x, y, z)
        if m == room.WINDOW or m == room.LAMP:
            glow = window_glow if m == room.WINDOW else lamp_glow
            for k in range(3):
                out[i, k] = (
                    colour[k] * glow[k] * (0.30 if m == room.WINDOW else 0.12)
                )  # not to blind the camera
            continue
        sheen = 0.0
        if m == room.OWL:
            nx = w * normals[a, 0] + u * normals[b, 0] + v * normals[c, 0]
            ny = w * normals[a, 1] + u * normals[b, 1] + v * normals[c, 1]
            nz = w * normals[a, 2] + u * normals[b, 2] + v * normals[c, 2]
            nx += 0.07 * perlin(300 * x, 300 * y, 300 * z, 901)
            ny += 0.07 * perlin(300 * x, 300 * y, 300 * z, 902)
            nz += 0.07 * perlin(300 * x, 300 * y, 300 * z, 903)
            norm = math.sqrt(nx * nx + ny * ny + nz * nz)
            px = w * vertices[a, 0] + u * vertices[b, 0] + v * vertices[c, 0]
            py = w * vertices[a, 1] + u * vertices[b, 1] + v * vertices[c, 1]
            pz = w * vertices[a, 2] + u * vertices[b, 2] + v * vertices[c, 2]
            sheen = _gloss(
                px, py, pz, nx / norm, ny / norm, nz / norm, rays[i, 3], rays[i, 4], rays[i, 5], pane, area
            )
            sheen *= w * share[a] + u * share[b] + v * share[c]
        for k in range(3):
            e = w * irradiance[a, k] + u * irradiance[b, k] + v * irradiance[c, k]
            albedo = max(0.004, min(0.92, colour[k]))
            out[i, k] = albedo * e / math.pi + sheen * window_glow[k] + (0.006 * e if m == room.OWL else 0.0)
    return out


def expose(scene: Scene, irradiance, share, shot: lens.Shot, samples: int, seed: int):
    """Linear light on the sensor, (H, W, 3) float32, mean of ``samples`` rays a pixel."""
    import open3d as o3d

    rng = np.random.default_rng(seed)
    y, x = (g.ravel() for g in np.mgrid[0 : lens.HEIGHT, 0 : lens.WIDTH])
    total = np.zeros((len(x), 3), np.float32)
    y0, y1, z0, z1 = room.PANE
    pane = light.window_points(3, np.full((1, 2), 0.5))[0]
    area = (y1 - y0) * (z1 - z0) / len(pane)
    glows = (area, tuple(map(float, light.WINDOW_GLOW)), tuple(map(float, light.LAMP_GLOW)))
    spin = rng.random((len(x), 3))
    for k in range(samples):
        # Stratified within the pixel (a golden-ratio sequence, shifted per pixel), weighted by a tent.
        jx = (spin[:, 0] + k * 0.7548777) % 1.0
        jy = (spin[:, 1] + k * 0.5698403) % 1.0
        turn = 2 * np.pi * ((spin[:, 2] + k * 0.6180340) % 1.0)
        radius = np.sqrt((k + rng.random(len(x))) / samples)
        disc = np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=1)
        rays = lens.rays(shot, x + 0.5 + _tent(jx), y + 0.5 + _tent(jy), disc)
        hit = scene.caster.cast_rays(o3d.core.Tensor(rays))
        total += _shade(
            rays,
            hit["primitive_ids"].numpy(),
            hit["primitive_uvs"].numpy(),
            scene.faces,
            scene.vertices,
            scene.normals,
            scene.paint,
            scene.material,
            scene.seed,
            irradiance,
            share,
            pane,
            glows,
        )
    return (total / samples).reshape(lens.HEIGHT, lens.WIDTH, 3)


def _tent(u):
    """Uniform 0..1 to a tent of half width 0.8 pixel: the anti-aliasing filter of a sensor."""
    return 0.8 * np.where(u < 0.5, np.sqrt(2 * u) - 1, 1 - np.sqrt(np.maximum(0, 2 - 2 * u)))


def develop(linear, stops: float, gain: float, seed: int):
    """Sensor noise, exposure, a film-like shoulder and sRGB: (H, W, 3) uint8."""
    rng = np.random.default_rng(seed)
    signal = linear * np.float32(gain * 2.0**stops)
    noise = rng.standard_normal(signal.shape).astype(np.float32)
    signal = np.maximum(0.0, signal + noise * np.sqrt(1.2e-5 * np.maximum(signal, 0.0) + 8e-7))
    # Straight up to 0.5, then bending towards white, so that the window does not clip hard.
    knee = 0.5
    high = np.maximum(signal - knee, 0.0)
    signal = np.where(signal > knee, knee + (1 - knee) * (1 - np.exp(-high / (1 - knee))), signal)
    encoded = np.where(signal <= 0.0031308, 12.92 * signal, 1.055 * np.power(signal, 1 / 2.4) - 0.055)
    return (np.clip(encoded, 0, 1) * 255 + 0.5).astype(np.uint8)
