"""Simple solids."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Range, Slider, node
from meshloom.graph_runtime.types import Mesh


@node("Primitive", aliases=("cube", "box", "sphere", "torus", "cylinder", "cone", "capsule", "plane"))
def primitive(
    kind: Literal["cube", "sphere", "torus", "cylinder", "cone", "capsule", "plane"] = "cube",
    size: Annotated[tuple[float, float, float], Range(0.0, None, unit="scene units")] = (1.0, 1.0, 1.0),
    detail: Annotated[int, Slider(3, 256)] = 32,
) -> Mesh:
    """Make a simple solid about the origin, for trying things out, cutting with mesh.boolean or scale.

    All are closed but the plane. Axis of torus, cylinder, cone and capsule is y; the cone's tip and the
    plane's front look up (y points down).

    kind: which solid
    size: of the bounding box along x, y and z
    detail: how many segments go round
    """
    from trimesh import creation

    if not (np.isfinite(size).all() and min(size) > 0):
        raise NodeError(f"size is {size}; three numbers above 0 are expected", hint="set size to 1, 1, 1")
    if kind == "cube":
        vertices, faces = _arrays(creation.box())
    elif kind == "sphere":
        vertices, faces = _arrays(creation.uv_sphere(radius=0.5, count=[max(detail // 2, 3), detail]))
    elif kind == "torus":
        vertices, faces = _arrays(
            creation.torus(major_radius=1.0, minor_radius=0.4, major_sections=detail, minor_sections=detail)
        )
    elif kind == "cylinder":
        vertices, faces = _arrays(creation.cylinder(radius=0.5, height=1.0, sections=detail))
    elif kind == "cone":
        vertices, faces = _arrays(creation.cone(radius=0.5, height=1.0, sections=detail))
    elif kind == "capsule":
        count = [max(detail // 2 * 2, 4), detail]
        vertices, faces = _arrays(creation.capsule(height=1.0, radius=0.5, count=count))
    else:
        across = np.linspace(-0.5, 0.5, max(detail // 8, 1) + 1)
        x, y = (grid.ravel() for grid in np.meshgrid(across, across))
        vertices = np.stack([x, y, np.zeros_like(x)], axis=1)
        side = len(across)
        corner = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).ravel()
        lower = np.stack([corner, corner + 1, corner + side + 1], axis=1)
        upper = np.stack([corner, corner + side + 1, corner + side], axis=1)
        faces = np.concatenate([lower, upper])
    # From trimesh's z axis to our up, -y.
    vertices = vertices @ np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    extent = np.where(high > low, high - low, 1.0)
    vertices = (vertices - (low + high) / 2) / extent * np.asarray(size)
    return Mesh(vertices.astype(np.float32), np.ascontiguousarray(faces, np.int32))


def _arrays(made):  # type: ignore[no-untyped-def]
    return np.asarray(made.vertices), np.asarray(made.faces)
