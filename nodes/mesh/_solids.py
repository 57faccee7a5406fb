"""Booleans of solids by Manifold, here or in a process of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from meshloom.graph_runtime.spec import NodeError
from meshloom.nodes.mesh._apart import Arrays, Say

OPERATIONS = ("union", "difference", "intersection")


def combine(inputs: Arrays, say: Say) -> Arrays:
    """``properties_a`` (V, 3 or 6) float32: positions and perhaps colours in 0..255; ``faces_a`` (F, 3)
    uint32, closed; the same of b; ``operation``: its place in ``OPERATIONS`` -> ``properties``, ``faces``,
    both empty where nothing is left.
    """
    say(0.2, "reading solids")
    a, b = (_solid(inputs, name) for name in "ab")
    operation = OPERATIONS[int(inputs["operation"])]
    say(0.4, operation)
    if operation == "union":
        made = a + b
    elif operation == "difference":
        made = a - b
    else:
        made = a ^ b
    found = made.to_mesh()
    return {
        "properties": np.array(found.vert_properties, np.float32),
        "faces": np.array(found.tri_verts, np.int32).reshape(-1, 3),
    }


def _solid(inputs: Arrays, name: str) -> Any:
    import manifold3d

    mesh = manifold3d.Mesh(vert_properties=inputs[f"properties_{name}"], tri_verts=inputs[f"faces_{name}"])
    solid = manifold3d.Manifold(mesh)
    if solid.status() != manifold3d.Error.NoError:
        raise NodeError(
            f"mesh {name} is no solid: {solid.status().name}",
            hint="mend it with mesh.repair and mesh.fill_holes",
        )
    return solid
