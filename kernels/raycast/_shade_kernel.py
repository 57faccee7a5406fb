"""Compiled shading of ray hits."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from meshloom.kernels.raycast._texture_kernel import trilinear


@njit(cache=True, nogil=True, fastmath=True)
def to_linear(value):
    """sRGB to linear light, 0..1."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


@njit(cache=True, nogil=True, fastmath=True)
def to_srgb(value):
    """Linear light to sRGB, 0..1, clipped."""
    if value <= 0.0031308:
        return max(value, 0.0) * 12.92
    return min(1.055 * value ** (1.0 / 2.4) - 0.055, 1.0)


@njit(cache=True, nogil=True, fastmath=True)
def _light_on(cx, cy, cz, toward, open_, light):
    """What a surface gives back of its colour, and its highlight, in linear light.

    ``cx``, ``cy``, ``cz``: its normal in camera axes, towards the eye. ``toward``: cosine to the eye.
    """
    key = cx * light[5] + cy * light[6] + cz * light[7]
    fill = cx * light[8] + cy * light[9] + cz * light[10]
    # Wrapped a little past the terminator: a large, soft source.
    key = max(key + 0.15, 0.0) / 1.15
    toward = min(max(toward, 0.0), 1.0)
    amount = (
        light[2] * open_ * (1.0 - 0.25 * cy)
        + (light[0] * key + light[1] * max(fill, 0.0)) * (0.35 + 0.65 * open_)
        + light[3] * (1.0 - toward) ** 3 * open_
    )
    return amount, light[4] * key**24 * open_


@njit(cache=True, nogil=True, fastmath=True)
def shade(
    rays,
    depth,
    face,
    weights,
    faces,
    normals,
    face_normals,
    painted,
    colours,
    uv,
    density,
    texels,
    start,
    size,
    pixel_area,
    rotation,
    lit,
    light,
    free,
    colour,
    normal_out,
):
    """Fill ``colour`` (N, 3) float32 sRGB 0..1 and ``normal_out`` (N, 3) for N hits; misses are left alone.

    ``pixel_area``: area of one pixel on the plane z = 1. ``free``: openness per vertex, or one 1.0 for all.
    """
    occluded = len(free) > 1
    for i in range(len(face)):
        f = face[i]
        if f < 0:
            continue
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        wb, wc = weights[i, 0], weights[i, 1]
        wa = np.float32(1.0) - wb - wc
        dx, dy, dz = rays[i, 3], rays[i, 4], rays[i, 5]
        # Geometric cosine with the unnormalised ray: what foreshortening needs.
        facing = face_normals[f, 0] * dx + face_normals[f, 1] * dy + face_normals[f, 2] * dz
        nx = normals[a, 0] * wa + normals[b, 0] * wb + normals[c, 0] * wc
        ny = normals[a, 1] * wa + normals[b, 1] * wb + normals[c, 1] * wc
        nz = normals[a, 2] * wa + normals[b, 2] * wb + normals[c, 2] * wc
        length = math.sqrt(nx * nx + ny * ny + nz * nz)
        if length > 1e-12:
            nx, ny, nz = nx / length, ny / length, nz / length
        else:
            nx, ny, nz = face_normals[f, 0], face_normals[f, 1], face_normals[f, 2]
        if facing > 0:  # seen from behind
            nx, ny, nz = -nx, -ny, -nz
        normal_out[i, 0], normal_out[i, 1], normal_out[i, 2] = nx, ny, nz
        if painted == 2:
            u = uv[a, 0] * wa + uv[b, 0] * wb + uv[c, 0] * wc
            v = uv[a, 1] * wa + uv[b, 1] * wb + uv[c, 1] * wc
            # Area of the pixel on the surface, in texels: the level where one texel is one pixel.
            covered = density[f] * pixel_area * depth[i] * depth[i] / max(abs(facing), 0.05)
            level = 0.5 * math.log2(max(covered, 1e-6))
            red = trilinear(texels, start, size, u, v, level, 0)
            green = trilinear(texels, start, size, u, v, level, 1)
            blue = trilinear(texels, start, size, u, v, level, 2)
        elif painted == 1:
            red = colours[a, 0] * wa + colours[b, 0] * wb + colours[c, 0] * wc
            green = colours[a, 1] * wa + colours[b, 1] * wb + colours[c, 1] * wc
            blue = colours[a, 2] * wa + colours[b, 2] * wb + colours[c, 2] * wc
        else:
            red = np.float32(colours[0, 0])
            green = np.float32(colours[0, 1])
            blue = np.float32(colours[0, 2])
        red, green, blue = red / 255.0, green / 255.0, blue / 255.0
        if lit:
            cx = rotation[0, 0] * nx + rotation[0, 1] * ny + rotation[0, 2] * nz
            cy = rotation[1, 0] * nx + rotation[1, 1] * ny + rotation[1, 2] * nz
            cz = rotation[2, 0] * nx + rotation[2, 1] * ny + rotation[2, 2] * nz
            open_ = free[a] * wa + free[b] * wb + free[c] * wc if occluded else np.float32(1.0)
            sight = math.sqrt(dx * dx + dy * dy + dz * dz)
            toward = -(nx * dx + ny * dy + nz * dz) / sight
            amount, shine = _light_on(cx, cy, cz, toward, open_, light)
            red = to_srgb(to_linear(red) * amount + shine)
            green = to_srgb(to_linear(green) * amount + shine)
            blue = to_srgb(to_linear(blue) * amount + shine)
        colour[i, 0], colour[i, 1], colour[i, 2] = red, green, blue


@njit(cache=True, nogil=True, fastmath=True)
def relight(colour, normal, depth, focal, lit, light):
    """Light a picture that shows surfaces in their own colour, in place, and make its normals unit, to the eye.

    ``colour`` (H, W, 3) float32 sRGB 0..1; ``normal`` (H, W, 3) float32 in camera axes, of any length; only pixels
    with ``depth`` (H, W) > 0 count. The principal point is the centre, ``focal`` in pixels.
    """
    height, width = depth.shape
    for y in range(height):
        dy = (y + np.float32(0.5) - height * np.float32(0.5)) / focal
        for x in range(width):
            nx, ny, nz = normal[y, x, 0], normal[y, x, 1], normal[y, x, 2]
            length = math.sqrt(nx * nx + ny * ny + nz * nz)
            if depth[y, x] <= 0 or length < 1e-6:
                normal[y, x, 0], normal[y, x, 1], normal[y, x, 2] = 0.0, 0.0, 0.0
                continue
            dx = (x + np.float32(0.5) - width * np.float32(0.5)) / focal
            toward = -(nx * dx + ny * dy + nz) / (length * math.sqrt(dx * dx + dy * dy + 1.0))
            length = -length if toward < 0 else length
            nx, ny, nz, toward = nx / length, ny / length, nz / length, abs(toward)
            normal[y, x, 0], normal[y, x, 1], normal[y, x, 2] = nx, ny, nz
            if lit:
                amount, shine = _light_on(nx, ny, nz, toward, np.float32(1.0), light)
                for c in range(3):
                    colour[y, x, c] = to_srgb(to_linear(colour[y, x, c]) * amount + shine)
