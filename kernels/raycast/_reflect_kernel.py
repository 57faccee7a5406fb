"""Compiled physically based shading of ray hits: metal and roughness, as glTF 2.0 defines them."""

from __future__ import annotations

import math

from numba import njit

from meshloom.kernels.raycast._shade_kernel import to_linear, to_srgb


@njit(cache=True, nogil=True, fastmath=True)
def _sample(image, u, v, channel):
    """Bilinear, repeating; 0..255."""
    height, width = image.shape[0], image.shape[1]
    x, y = u * width - 0.5, v * height - 0.5
    i, j = math.floor(x), math.floor(y)
    a, b = x - i, y - j
    i0, i1 = int(i) % width, int(i + 1) % width
    j0, j1 = int(j) % height, int(j + 1) % height
    top = image[j0, i0, channel] * (1 - a) + image[j0, i1, channel] * a
    low = image[j1, i0, channel] * (1 - a) + image[j1, i1, channel] * a
    return top * (1 - b) + low * b


@njit(cache=True, nogil=True, fastmath=True)
def _sky(up, rough):
    """What a room reflects towards a direction that far up (-1..1): light above, dim below, softer when rough."""
    sharp = 6.0 * (1.0 - rough) + 1.0
    rise = 1.0 / (1.0 + math.exp(-sharp * 2.0 * up))
    return 0.18 + 0.85 * rise


@njit(cache=True, nogil=True, fastmath=True)
def reflect(
    rays, face, weights, vertices, faces, uv, mapped, surface, use_surface, bumps, use_bumps, metallic, roughness,
    rotation, lights, colour, normal,
):  # fmt: skip
    """Light N hits whose ``colour`` (N, 3) holds their base colour, sRGB 0..1, and ``normal`` (N, 3) their normals.

    ``surface``: (H, W, 3) uint8 with roughness in green and metal in blue. ``bumps``: (H, W, 3) uint8 normals in
    tangent space. ``lights``: (L, 4) float32, directions to them in the camera's axes, and strengths. GGX (Walter
    2007) with Smith's shadowing and Schlick's Fresnel; the room by Karis' approximation of its integral (2014).
    """
    for i in range(len(face)):
        f = face[i]
        if f < 0:
            continue
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        wb, wc = weights[i, 0], weights[i, 1]
        wa = 1.0 - wb - wc
        nx, ny, nz = normal[i, 0], normal[i, 1], normal[i, 2]
        metal, rough = metallic, roughness
        if mapped:
            u = uv[a, 0] * wa + uv[b, 0] * wb + uv[c, 0] * wc
            v = uv[a, 1] * wa + uv[b, 1] * wb + uv[c, 1] * wc
            if use_surface:
                rough *= _sample(surface, u, v, 1) / 255.0
                metal *= _sample(surface, u, v, 2) / 255.0
            if use_bumps:
                # The tangent: where u grows along the face.
                e1x, e1y, e1z = (vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1],
                                 vertices[b, 2] - vertices[a, 2])  # fmt: skip
                e2x, e2y, e2z = (vertices[c, 0] - vertices[a, 0], vertices[c, 1] - vertices[a, 1],
                                 vertices[c, 2] - vertices[a, 2])  # fmt: skip
                u1, v1 = uv[b, 0] - uv[a, 0], uv[b, 1] - uv[a, 1]
                u2, v2 = uv[c, 0] - uv[a, 0], uv[c, 1] - uv[a, 1]
                det = u1 * v2 - u2 * v1
                if abs(det) > 1e-20:
                    tx, ty, tz = (
                        (e1x * v2 - e2x * v1) / det,
                        (e1y * v2 - e2y * v1) / det,
                        (e1z * v2 - e2z * v1) / det,
                    )
                    along = tx * nx + ty * ny + tz * nz
                    tx, ty, tz = tx - along * nx, ty - along * ny, tz - along * nz
                    length = math.sqrt(tx * tx + ty * ty + tz * tz)
                    if length > 1e-20:
                        tx, ty, tz = tx / length, ty / length, tz / length
                        # glTF: the bitangent goes up the picture, against v of a top left origin.
                        side = 1.0 if det < 0 else -1.0
                        bx, by, bz = (
                            side * (ny * tz - nz * ty),
                            side * (nz * tx - nx * tz),
                            side * (nx * ty - ny * tx),
                        )
                        p = _sample(bumps, u, v, 0) / 127.5 - 1.0
                        q = _sample(bumps, u, v, 1) / 127.5 - 1.0
                        r = max(_sample(bumps, u, v, 2) / 127.5 - 1.0, 0.05)
                        nx, ny, nz = (
                            p * tx + q * bx + r * nx,
                            p * ty + q * by + r * ny,
                            p * tz + q * bz + r * nz,
                        )
                        length = math.sqrt(nx * nx + ny * ny + nz * nz)
                        nx, ny, nz = nx / length, ny / length, nz / length
                        normal[i, 0], normal[i, 1], normal[i, 2] = nx, ny, nz
        rough = min(max(rough, 0.045), 1.0)
        dx, dy, dz = rays[i, 3], rays[i, 4], rays[i, 5]
        sight = math.sqrt(dx * dx + dy * dy + dz * dz)
        vx, vy, vz = -dx / sight, -dy / sight, -dz / sight
        facing = max(nx * vx + ny * vy + nz * vz, 1e-3)
        alpha = rough * rough
        k = (rough + 1.0) ** 2 / 8.0
        # The room, reflected: Karis' fit of scale and bias.
        r0, r1 = 1.0 - rough, -0.0275 * rough + 0.0425
        a004 = min(r0 * r0, 2.0 ** (-9.28 * facing)) * r0 + r1
        scale, bias = -1.04 * a004 + (1.04 - 0.572 * rough), 1.04 * a004 + (-0.04 + 0.022 * rough)
        scale = min(max(scale, 0.0), 1.0)
        bias = min(max(bias, 0.0), 1.0)
        up_reflected = -(2 * facing * ny - vy)
        ambient_specular = _sky(up_reflected, rough) * 0.85
        ambient_diffuse = _sky(-ny, 1.0) * 0.42
        for channel in range(3):
            base = to_linear(colour[i, channel])
            f0 = 0.04 * (1.0 - metal) + base * metal
            diffuse = base * (1.0 - metal)
            total = diffuse * ambient_diffuse + (f0 * scale + bias) * ambient_specular
            for n in range(len(lights)):
                lx = (
                    rotation[0, 0] * lights[n, 0]
                    + rotation[1, 0] * lights[n, 1]
                    + rotation[2, 0] * lights[n, 2]
                )
                ly = (
                    rotation[0, 1] * lights[n, 0]
                    + rotation[1, 1] * lights[n, 1]
                    + rotation[2, 1] * lights[n, 2]
                )
                lz = (
                    rotation[0, 2] * lights[n, 0]
                    + rotation[1, 2] * lights[n, 1]
                    + rotation[2, 2] * lights[n, 2]
                )
                lit = nx * lx + ny * ly + nz * lz
                if lit <= 0:
                    continue
                hx, hy, hz = vx + lx, vy + ly, vz + lz
                length = math.sqrt(hx * hx + hy * hy + hz * hz)
                half = max((nx * hx + ny * hy + nz * hz) / length, 0.0)
                towards = max((vx * hx + vy * hy + vz * hz) / length, 0.0)
                spread = half * half * (alpha * alpha - 1.0) + 1.0
                distribution = alpha * alpha / (math.pi * spread * spread)
                shadow = 1.0 / ((facing * (1 - k) + k) * (lit * (1 - k) + k) * 4.0)
                fresnel = f0 + (1.0 - f0) * (1.0 - towards) ** 5
                # Strengths are of irradiance: a white, dull surface facing a lamp of 1.0 shows white.
                glint = math.pi * distribution * shadow * fresnel
                total += lights[n, 3] * lit * (diffuse * (1.0 - fresnel) + glint)
            colour[i, channel] = to_srgb(total)
