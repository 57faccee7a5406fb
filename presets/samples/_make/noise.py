"""Seeded noise, evaluated point by point: the source of everything that looks hand-made."""

from __future__ import annotations

import math

from numba import njit

_GRADIENTS = (
    (1.0, 1.0, 0.0),
    (-1.0, 1.0, 0.0),
    (1.0, -1.0, 0.0),
    (-1.0, -1.0, 0.0),
    (1.0, 0.0, 1.0),
    (-1.0, 0.0, 1.0),
    (1.0, 0.0, -1.0),
    (-1.0, 0.0, -1.0),
    (0.0, 1.0, 1.0),
    (0.0, -1.0, 1.0),
    (0.0, 1.0, -1.0),
    (0.0, -1.0, -1.0),
    (1.0, 1.0, 0.0),
    (0.0, -1.0, 1.0),
    (-1.0, 1.0, 0.0),
    (0.0, -1.0, -1.0),
)


@njit
def hash_int(x, y, z, seed):
    """Integers to 24 well-mixed bits. Signed 64-bit throughout: numba turns a mix of signs into floats."""
    h = (x * 73856093) ^ (y * 19349663) ^ (z * 83492791) ^ (seed * 2654435761)
    h ^= (h >> 15) & 0x1FFFFFFFF
    h *= 668265263
    h ^= (h >> 13) & 0x1FFFFFFFF
    h *= 1274126177
    h ^= (h >> 16) & 0x1FFFFFFFF
    return h & 0xFFFFFF


@njit
def rand(x, y, z, seed):
    """Uniform in [0, 1) from three integers."""
    return hash_int(x, y, z, seed) / 16777216.0


@njit
def smoothstep(low, high, x):
    t = min(1.0, max(0.0, (x - low) / (high - low)))
    return t * t * (3.0 - 2.0 * t)


@njit
def _fade(t):
    return t * t * t * (t * (t * 6.0 - 15.0) + 10.0)


@njit
def _corner(ix, iy, iz, seed, dx, dy, dz):
    g = _GRADIENTS[hash_int(ix, iy, iz, seed) & 15]
    return g[0] * dx + g[1] * dy + g[2] * dz


@njit
def perlin(x, y, z, seed):
    """Gradient noise, about -1..1."""
    fx, fy, fz = math.floor(x), math.floor(y), math.floor(z)
    ix, iy, iz = int(fx), int(fy), int(fz)
    dx, dy, dz = x - fx, y - fy, z - fz
    u, v, w = _fade(dx), _fade(dy), _fade(dz)
    a = _corner(ix, iy, iz, seed, dx, dy, dz)
    b = _corner(ix + 1, iy, iz, seed, dx - 1, dy, dz)
    c = _corner(ix, iy + 1, iz, seed, dx, dy - 1, dz)
    d = _corner(ix + 1, iy + 1, iz, seed, dx - 1, dy - 1, dz)
    e = _corner(ix, iy, iz + 1, seed, dx, dy, dz - 1)
    f = _corner(ix + 1, iy, iz + 1, seed, dx - 1, dy, dz - 1)
    g = _corner(ix, iy + 1, iz + 1, seed, dx, dy - 1, dz - 1)
    h = _corner(ix + 1, iy + 1, iz + 1, seed, dx - 1, dy - 1, dz - 1)
    ab, cd = a + u * (b - a), c + u * (d - c)
    ef, gh = e + u * (f - e), g + u * (h - g)
    low, high = ab + v * (cd - ab), ef + v * (gh - ef)
    return low + w * (high - low)


@njit
def fbm(x, y, z, octaves, seed):
    """Octaves of gradient noise, each half as strong and twice as fine; about -1..1."""
    total, gain = 0.0, 0.5
    for octave in range(octaves):
        total += gain * perlin(x, y, z, seed + 17 * octave)
        x, y, z, gain = 2.03 * x, 2.03 * y, 2.03 * z, 0.5 * gain
    return total


@njit
def cells(x, y, z, seed):
    """Worley noise: distances to the nearest two of one random point a unit cell, and the nearest's hash."""
    ix, iy, iz = math.floor(x), math.floor(y), math.floor(z)
    nearest, second, who = 9.0, 9.0, 0
    for i in range(ix - 1, ix + 2):
        for j in range(iy - 1, iy + 2):
            for k in range(iz - 1, iz + 2):
                h = hash_int(i, j, k, seed)
                dx = i + (h & 0xFF) / 255.0 - x
                dy = j + ((h >> 8) & 0xFF) / 255.0 - y
                dz = k + ((h >> 16) & 0xFF) / 255.0 - z
                distance = dx * dx + dy * dy + dz * dz
                if distance < nearest:
                    nearest, second, who = distance, nearest, h
                elif distance < second:
                    second = distance
    return math.sqrt(nearest), math.sqrt(second), who


@njit
def scatter(x, y, seed, spread):
    """The nearest of one jittered point a unit square: offset from it (2), its hash.

    ``spread`` 0..1 is how far points stray from the middle of their square.
    """
    ix, iy = math.floor(x), math.floor(y)
    best, ox, oy, who = 1e9, 0.0, 0.0, 0
    for i in range(ix - 1, ix + 2):
        for j in range(iy - 1, iy + 2):
            h = hash_int(i, j, 0, seed)
            dx = x - (i + 0.5 + spread * ((h & 0xFFF) / 4096.0 - 0.5))
            dy = y - (j + 0.5 + spread * ((h >> 12) / 4096.0 - 0.5))
            distance = dx * dx + dy * dy
            if distance < best:
                best, ox, oy, who = distance, dx, dy, hash_int(i, j, 1, seed)
    return ox, oy, who
