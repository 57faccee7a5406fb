"""What is drawn: a mesh with its acceleration structure and attributes, built once."""

from __future__ import annotations

import threading
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from meshloom.kernels.raycast.arrays import settled
from meshloom.kernels.raycast.texture import factor_curve, no_texture, pyramid, tinted


class Hits(NamedTuple):
    """Where rays (...,) met the mesh. ``face`` is -1 and ``depth`` 0 where they did not.

    ``depth``: (...) float32 in lengths of the ray's direction. ``weights``: (..., 2) float32, of the face's second
    and third corner.
    """

    depth: NDArray[np.float32]
    face: NDArray[np.int32]
    weights: NDArray[np.float32]


class Surface(NamedTuple):
    """How a mesh reflects, as glTF says it. ``metallic_roughness`` (H, W, 3) uint8: green roughness, blue metal;
    ``normal`` (H, W, 3) uint8: in tangent space. Either may be ``None``; both need UV coordinates."""

    metallic: float = 0.0
    roughness: float = 1.0
    metallic_roughness: NDArray[np.uint8] | None = None
    normal: NDArray[np.uint8] | None = None


class Scene:
    """A triangle mesh ready for rays.

    ``vertices`` (V, 3) float32, ``faces`` (F, 3) int32, at least one face. Colour comes from ``texture``
    (H, W, C) uint8 with ``uv`` (V, 2) (top left origin), else from ``colours`` (V, 3) uint8, else it is
    ``grey``. ``factor`` (glTF's, linear light) tints the texture, or what has no colours. ``normals`` (V, 3) are
    computed where not given. ``surface`` is used by looks that reflect. ``threads``: for Embree, 0 = all.
    """

    def __init__(
        self,
        vertices: NDArray[np.float32],
        faces: NDArray[np.int32],
        *,
        normals: NDArray[np.float32] | None = None,
        colours: NDArray[np.uint8] | None = None,
        uv: NDArray[np.float32] | None = None,
        texture: NDArray[np.uint8] | None = None,
        grey: int = 215,
        factor: tuple[float, float, float] = (1.0, 1.0, 1.0),
        surface: Surface | None = None,
        threads: int = 0,
    ) -> None:
        self.vertices = settled(vertices, np.float32)
        self.faces = settled(faces, np.int32)
        self.threads = threads
        corners = self.vertices[self.faces].astype(np.float64)
        cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        double_area = np.linalg.norm(cross, axis=1)
        self.face_normals = settled(cross / np.maximum(double_area, 1e-30)[:, None], np.float32)
        if normals is None:
            normals = vertex_normals(len(self.vertices), self.faces, cross)
        self.normals = settled(normals, np.float32)
        #: For looks that reflect; ``None``: a dull surface.
        self.surface = surface
        self.surface_uv = settled(uv, np.float32) if surface is not None and uv is not None else None
        textured = uv is not None and texture is not None
        if tuple(factor) != (1.0, 1.0, 1.0):
            curve = factor_curve(factor)
            if textured and texture is not None:
                texture = tinted(texture, curve)
            elif colours is None:
                # Two colours would be a colour a vertex; one for each keeps the tint.
                colours = np.repeat(curve[255:256], len(self.vertices), axis=0)
        self.uv = settled(uv if textured else np.zeros((1, 2)), np.float32)
        self.pyramid = pyramid(texture) if textured and texture is not None else no_texture()
        #: Texels of the full texture in one unit of surface area, per face.
        self.density = settled(np.zeros(len(self.faces)), np.float32)
        if textured:
            flat = self.uv[self.faces].astype(np.float64)
            first, second = flat[:, 1] - flat[:, 0], flat[:, 2] - flat[:, 0]
            double_flat = np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0])
            texels = double_flat * float(self.pyramid.size[0].prod())
            self.density = settled(texels / np.maximum(double_area, 1e-30), np.float32)
        if colours is None or textured:
            colours = np.full((1, 3), grey, np.uint8)
        self.colours = settled(colours, np.uint8)
        #: 0 one colour, 1 a colour a vertex, 2 texture.
        self.painted = 2 if textured else int(len(self.colours) > 1)
        self._bvh: Any = None
        self._lock = threading.Lock()

    def _built(self) -> Any:
        with self._lock:
            if self._bvh is None:
                import open3d as o3d

                bvh = o3d.t.geometry.RaycastingScene(nthreads=self.threads)
                bvh.add_triangles(
                    o3d.core.Tensor.from_numpy(self.vertices),
                    o3d.core.Tensor.from_numpy(self.faces.astype(np.uint32)),
                )
                self._bvh = bvh
            return self._bvh

    def cast(self, rays: NDArray[np.float32]) -> Hits:
        """First hits of ``rays`` (..., 6) float32. Holds the interpreter lock: give it a tile at a time."""
        import open3d as o3d

        found = self._built().cast_rays(o3d.core.Tensor.from_numpy(rays), nthreads=self.threads)
        depth = found["t_hit"].numpy()
        face = found["primitive_ids"].numpy().astype(np.int32)  # the invalid id, 2**32 - 1, becomes -1
        return Hits(np.where(face >= 0, depth, np.float32(0)), face, found["primitive_uvs"].numpy())

    def blocked(self, rays: NDArray[np.float32], far: float) -> NDArray[np.bool_]:
        """Whether each ray (..., 6) meets anything within ``far`` lengths of its direction."""
        import open3d as o3d

        tensor = o3d.core.Tensor.from_numpy(rays)
        return self._built().test_occlusions(tensor, tfar=far, nthreads=self.threads).numpy()


def vertex_normals(count: int, faces: NDArray[np.int32], cross: NDArray[np.float64]) -> NDArray[np.float32]:
    """(count, 3) unit normals: face normals averaged by area. ``cross``: (F, 3) cross products of two edges."""
    total = np.zeros((count, 3))
    for axis in range(3):
        for corner in range(3):
            total[:, axis] += np.bincount(faces[:, corner], cross[:, axis], count)
    return (total / np.maximum(np.linalg.norm(total, axis=1), 1e-30)[:, None]).astype(np.float32)
