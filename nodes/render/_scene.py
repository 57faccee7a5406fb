"""Values to what the ray caster draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Cameras, Mesh

if TYPE_CHECKING:
    from meshloom.kernels.raycast.scene import Scene
    from meshloom.kernels.raycast.view import View


def scene_of(mesh: Mesh, threads: int) -> Scene:
    """The mesh ready for rays: textured, else vertex colours, else its material's colour, else grey."""
    from meshloom.kernels.raycast.scene import Scene

    if not len(mesh.faces):
        raise NodeError(
            "the mesh has no faces, so there is nothing to draw", hint="reconstruct or load a mesh first"
        )
    if not np.isfinite(mesh.vertices[mesh.faces]).all():
        raise NodeError("the mesh has vertices that are not finite numbers", hint="clean it with mesh.repair")
    material = mesh.material
    return Scene(
        mesh.vertices,
        mesh.faces,
        normals=mesh.normals,
        colours=mesh.colours,
        uv=mesh.uv,
        texture=None if material is None else material.base_colour,
        factor=(1.0, 1.0, 1.0) if material is None else material.base_factor[:3],
        threads=threads,
    )


def views_of(cameras: Cameras) -> list[View]:
    """One view a camera. Raises NodeError where a camera holds NaN."""
    from meshloom.kernels.raycast.view import View

    if not (np.isfinite(cameras.intrinsics).all() and np.isfinite(cameras.extrinsics).all()):
        raise NodeError("a camera has values that are not finite numbers", hint="check the reconstruction")
    return [
        View(
            cameras.intrinsics[index],
            cameras.extrinsics[index, :, :3],
            cameras.extrinsics[index, :, 3],
            (int(cameras.sizes[index, 0]), int(cameras.sizes[index, 1])),
            None if cameras.distortion is None else cameras.distortion[index],
        )
        for index in range(len(cameras))
    ]
