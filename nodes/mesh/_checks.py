"""What a mesh must have before work on it makes sense."""

from __future__ import annotations

import math

import numpy as np

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Mesh


def need_surface(mesh: Mesh, name: str = "the mesh") -> None:
    """Raise unless ``mesh`` has faces, all used vertices are finite, and some face has an area."""
    if not len(mesh.faces):
        raise NodeError(f"{name} has no faces; a surface is needed", hint="reconstruct or load a mesh first")
    used = mesh.vertices[mesh.faces.ravel()]
    if not np.isfinite(used).all():
        bad = int((~np.isfinite(mesh.vertices[np.unique(mesh.faces)]).all(axis=1)).sum())
        raise NodeError(
            f"{name} has {bad} vertices that are not finite numbers", hint="put mesh.repair before this node"
        )
    if not (used != used[0]).any():
        raise NodeError(
            f"all vertices of {name} lie at one point; its surface has no area", hint="check its source"
        )


def need_finite(numbers: tuple[float, ...], name: str) -> None:
    """Raise unless every component of the parameter ``name`` is finite."""
    if not all(math.isfinite(number) for number in numbers):
        raise NodeError(
            f"{name} is {numbers}; finite numbers are expected", hint=f"set {name} to plain numbers"
        )
