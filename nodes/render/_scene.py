"""Values to what the ray caster draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

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
    texture, colours = None if material is None else material.base_colour, mesh.colours
    if mesh.uv is None:
        texture = None
    if texture is not None and texture.ndim == 2:
        texture = texture[:, :, None]
    if material is not None and tuple(material.base_factor[:3]) != (1.0, 1.0, 1.0):
        curve = _factor_curve(material.base_factor)
        if texture is not None:
            rgb = np.repeat(texture, 3, axis=2) if texture.shape[2] == 1 else texture[:, :, :3]
            texture = np.stack([curve[rgb[:, :, c], c] for c in range(3)], axis=2)
        elif colours is None:
            # Two colours would be a colour a vertex; one for each keeps the tint.
            colours = np.repeat(curve[255:256], len(mesh.vertices), axis=0)
    return Scene(
        mesh.vertices,
        mesh.faces,
        normals=mesh.normals,
        colours=colours,
        uv=mesh.uv,
        texture=texture,
        threads=threads,
    )


def _factor_curve(factor: tuple[float, float, float, float]) -> NDArray[np.uint8]:
    """(256, 3) sRGB to sRGB for a factor in linear light."""
    level = np.arange(256.0)[:, None] / 255.0
    linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4) * np.array(
        factor[:3]
    )
    srgb = np.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055
    )
    return (np.clip(srgb, 0, 1) * 255 + 0.5).astype(np.uint8)


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
