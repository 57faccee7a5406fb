"""Points on a surface."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import Range, Run, Seed, node
from meshloom.graph_runtime.types import Mesh, PointCloud

#: Points made between two reports of progress.
BATCH = 200_000


@node("Sample points", aliases=("mesh to points", "point cloud from mesh", "scatter"))
def sample_points(
    mesh: Mesh,
    count: Annotated[int, Range(1, 50_000_000)] = 100_000,
    seed: Annotated[int, Seed()] = 0,
    *,
    run: Run,
) -> PointCloud:
    """Scatter points evenly over a surface, with normals and colours.

    Every part of the surface gets points in proportion to its area. Colours come from the texture where there
    is one, else from the vertices. Normals are those of the mesh, blended over the face, else the face's own.

    count: how many points
    seed: another seed gives other places
    """
    from meshloom.nodes.mesh._checks import need_surface
    from meshloom.nodes.mesh._surface import crosses, sample, unit

    need_surface(mesh)
    run.progress(0.0, 1.0, "scattering points")
    face, weights, positions = sample(mesh, count, seed)
    normals = np.empty((count, 3), np.float32)
    texture = None if mesh.uv is None or mesh.material is None else mesh.material.base_colour
    colours = None if texture is None and mesh.colours is None else np.empty((count, 3), np.uint8)
    for first in range(0, count, BATCH):
        run.progress(0.2 + 0.8 * first / count, 1.0, "colours and normals")
        part = slice(first, first + BATCH)
        corners, weight = mesh.faces[face[part]], weights[part]
        if mesh.normals is None:
            normals[part] = unit(crosses(mesh.vertices, corners))
        else:
            normals[part] = unit(np.einsum("ij,ijk->ik", weight, mesh.normals[corners].astype(np.float64)))
        if colours is None:
            continue
        if texture is not None and mesh.uv is not None:
            colours[part] = _looked_up(
                texture, np.einsum("ij,ijk->ik", weight, mesh.uv[corners].astype(np.float64))
            )
        else:
            blended = np.einsum("ij,ijk->ik", weight, mesh.colours[corners].astype(np.float64))
            colours[part] = np.rint(blended).astype(np.uint8)
    run.progress(1.0, 1.0, "done")
    return PointCloud(positions.astype(np.float32), colours, normals)


def _looked_up(texture: NDArray[np.uint8], uv: NDArray[np.float64]) -> NDArray[np.uint8]:
    """(P, 3) bilinear colours of ``texture`` (H, W, C) at ``uv`` (P, 2), which repeats beyond 0..1."""
    height, width = texture.shape[:2]
    colour = texture[:, :, :3] if texture.shape[2] >= 3 else texture[:, :, :1].repeat(3, axis=2)
    place = np.where(np.isfinite(uv), uv, 0.0) * (width, height) - 0.5
    low = np.floor(place)
    part = (place - low)[:, :, None]
    x, y = low.astype(np.int64).T
    left, right, top, bottom = x % width, (x + 1) % width, y % height, (y + 1) % height
    upper = colour[top, left] * (1 - part[:, 0]) + colour[top, right] * part[:, 0]
    lower = colour[bottom, left] * (1 - part[:, 0]) + colour[bottom, right] * part[:, 0]
    return np.rint(upper * (1 - part[:, 1]) + lower * part[:, 1]).astype(np.uint8)
