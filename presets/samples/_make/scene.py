"""Owl and room as one set of triangles, ready for Embree, and the painter that knows which brush to take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit, prange

from . import owl, room
from .owl_paint import owl_colour
from .room_paint import room_colour


@dataclass
class Scene:
    """``owl_vertices`` and ``owl_faces`` come first in the arrays and are the object."""

    vertices: np.ndarray  # (V, 3) float64
    faces: np.ndarray  # (F, 3) int32
    paint: np.ndarray  # (V, 3) painter's coordinates
    material: np.ndarray  # (F,) int32
    seed: np.ndarray  # (F,) int64
    normals: np.ndarray  # (V, 3)
    owl_vertices: int
    owl_faces: int
    caster: object  # open3d RaycastingScene


def build(step: float, seed: int) -> Scene:
    """The whole scene; ``step`` is the size of the owl's triangles in metres."""
    import open3d as o3d

    vertices, faces, base = owl.build(step)
    around = room.build(seed)
    lift = np.array([0.0, 0.0, 0.0008])  # it stands on the cloth
    model = room.Model()
    model.add(vertices + lift, faces, base, room.OWL)
    for parts in zip(around.vertices, around.faces, around.paint, around.material, around.seed, strict=True):
        model.vertices.append(parts[0])
        model.faces.append(parts[1] + len(vertices))
        model.paint.append(parts[2])
        model.material.append(parts[3])
        model.seed.append(parts[4])
    points, triangles, paint, material, seeds = model.arrays()
    caster = o3d.t.geometry.RaycastingScene(nthreads=2)
    caster.add_triangles(
        o3d.core.Tensor(points.astype(np.float32)), o3d.core.Tensor(triangles.astype(np.uint32))
    )
    normals = owl.vertex_normals(points, triangles)
    return Scene(points, triangles, paint, material, seeds, normals, len(vertices), len(faces), caster)


@njit
def colour_at(material, seed, x, y, z):
    """Linear albedo in painter's coordinates."""
    if material == room.OWL:
        return owl_colour(x, y, z)
    return room_colour(material, seed, x, y, z)


@njit(parallel=True)
def vertex_colours(paint, faces, material, seed, count):
    """(V, 3) linear albedo of every vertex."""
    first = np.full(count, -1, np.int64)
    for f in range(len(faces)):
        for c in range(3):
            first[faces[f, c]] = f
    colours = np.zeros((count, 3), np.float32)
    for v in prange(count):
        if first[v] >= 0:
            f = first[v]
            colour = colour_at(material[f], seed[f], paint[v, 0], paint[v, 1], paint[v, 2])
            for c in range(3):
                colours[v, c] = max(0.0, min(0.95, colour[c]))
    return colours
