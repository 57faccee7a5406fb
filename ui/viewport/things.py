"""What the viewport shows: values made ready for drawing, once each."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.types import Cameras, Mesh, PointCloud, Splats
from meshloom.kernels.raycast.framing import robust_bounds, spacing
from meshloom.kernels.raycast.overlay import camera_colours, frusta, frustum_length
from meshloom.kernels.raycast.scene import Scene, Surface
from meshloom.kernels.raycast.view import View

Bounds = tuple[NDArray[np.float64], NDArray[np.float64]]

#: The grey of what has no colour of its own.
GREY = np.full((1, 3), 160, np.uint8)


@dataclass(eq=False)
class Thing:
    """One value in the viewport, with what the user chose for it. ``key`` tells it apart (its digest)."""

    key: str
    title: str
    value: Any
    visible: bool = True
    #: Kept when another value is shown.
    kept: bool = False
    #: Of a scene made from photos, their cameras.
    seen_from: Cameras | None = None
    _made: Any = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def made(self) -> SolidMesh | Points | Stands:
        """Ready for drawing. The first call may take seconds: it belongs on the painter's thread."""
        with self._lock:
            if self._made is None:
                self._made = make(self.value)
            return self._made


def is_spatial(value: Any) -> bool:
    """Whether the viewport can show a value."""
    return isinstance(value, (Mesh, PointCloud, Cameras, Splats))


def make(value: Any) -> SolidMesh | Points | Stands:
    if isinstance(value, Mesh):
        return SolidMesh(value)
    if isinstance(value, PointCloud):
        return Points(value)
    if isinstance(value, Splats):
        from meshloom.ui.viewport.soft import Soft

        return Soft(value)
    return Stands(value)


class SolidMesh:
    """A mesh with its acceleration structure; of a mesh without faces its points are drawn."""

    def __init__(self, mesh: Mesh) -> None:
        self.mesh = mesh
        material = mesh.material
        self.scene: Scene | None = None
        self.points: Points | None = None
        good = np.isfinite(mesh.vertices).all(axis=1)
        #: Which faces of the value are drawn.
        self.index = np.flatnonzero(good[mesh.faces].all(axis=1))
        faces = mesh.faces if good.all() else mesh.faces[self.index]
        if len(faces):
            self.scene = Scene(
                np.nan_to_num(mesh.vertices),
                faces,
                normals=mesh.normals,
                colours=mesh.colours,
                uv=mesh.uv,
                texture=None if material is None else material.base_colour,
                factor=(1.0, 1.0, 1.0) if material is None else material.base_factor[:3],
                surface=None
                if material is None
                else Surface(
                    material.metallic, material.roughness, material.metallic_roughness, material.normal
                ),
            )
            self.scene.cast(np.array([[[0, 0, 0, 0, 0, 1]]], np.float32))  # builds the structure now
        else:
            self.points = Points(PointCloud(mesh.vertices, mesh.colours, mesh.normals))
        used = mesh.vertices[np.unique(faces)] if len(faces) else mesh.vertices[good]
        self.bounds: Bounds | None = robust_bounds(used) if len(used) else None
        self.core = self.bounds
        self._edges: NDArray[np.float64] | None = None

    def edges(self) -> NDArray[np.float64]:
        """(E, 2, 3) ends of all edges, each once."""
        if self._edges is None:
            assert self.scene is not None
            faces = self.scene.faces
            pairs = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
            codes = np.unique(pairs[:, 0].astype(np.int64) * (faces.max() + 1) + pairs[:, 1])
            ends = np.stack(np.divmod(codes, int(faces.max()) + 1), axis=1)
            self._edges = self.scene.vertices[ends].astype(np.float64)
        return self._edges


class Points:
    """A cloud, shuffled: the first n points are a fair picture of all."""

    def __init__(self, cloud: PointCloud) -> None:
        good = np.flatnonzero(np.isfinite(cloud.positions).all(axis=1))
        order = np.random.default_rng(0).permutation(len(good))
        self.index = good[order]
        self.cloud = cloud
        self.positions = np.ascontiguousarray(cloud.positions[self.index])
        self.bounds: Bounds | None = robust_bounds(self.positions) if len(good) else None
        #: What is to be looked at first.
        self.core = self.bounds
        size = 1.0 if self.bounds is None else float(np.linalg.norm(self.bounds[1] - self.bounds[0])) or 1.0
        self.radius = spacing(self.positions, size)
        self._painted: dict[str, NDArray[np.uint8]] = {}

    def offers(self) -> list[str]:
        """What the points can be coloured by."""
        cloud = self.cloud
        held = {"colour": cloud.colours, "confidence": cloud.confidence, "normals": cloud.normals}
        return [name for name, given in held.items() if given is not None] + ["height", "plain"]

    def colours(self, by: str) -> NDArray[np.uint8]:
        """(P, 3) uint8 in drawing order, or (1, 3) for all."""
        if by not in self.offers():
            by = self.offers()[0] if self.cloud.colours is not None else "plain"
        if by not in self._painted:
            self._painted[by] = self._paint(by)
        return self._painted[by]

    def _paint(self, by: str) -> NDArray[np.uint8]:
        cloud = self.cloud
        if by == "colour" and cloud.colours is not None:
            return np.ascontiguousarray(cloud.colours[self.index])
        if by == "normals" and cloud.normals is not None:
            return ((cloud.normals[self.index] * [1, -1, -1] + 1) * 127.5).astype(np.uint8)
        if by == "confidence" and cloud.confidence is not None:
            return mapped(cloud.confidence[self.index])
        if by == "height" and self.bounds is not None:
            low, high = self.bounds
            return mapped((high[1] - self.positions[:, 1]) / max(float(high[1] - low[1]), 1e-12))
        return GREY


def mapped(level: NDArray[Any]) -> NDArray[np.uint8]:
    """(P,) levels 0..1 to (P, 3) uint8 sRGB on the viridis map."""
    import cv2

    index = (np.clip(np.nan_to_num(level), 0, 1) * 255 + 0.5).astype(np.uint8)
    table = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_VIRIDIS)[:, 0, ::-1]
    return np.ascontiguousarray(table[index])


class Stands:
    """Cameras as wire pyramids, from blue (first photo) to orange (last)."""

    def __init__(self, cameras: Cameras) -> None:
        self.cameras = cameras
        good = np.isfinite(cameras.intrinsics).all(axis=(1, 2)) & np.isfinite(cameras.extrinsics).all(
            axis=(1, 2)
        )
        self.index = np.flatnonzero(good)
        self.views = [
            View(
                cameras.intrinsics[i],
                cameras.extrinsics[i, :, :3],
                cameras.extrinsics[i, :, 3],
                (int(cameras.sizes[i, 0]), int(cameras.sizes[i, 1])),
                None if cameras.distortion is None else cameras.distortion[i],
            )
            for i in self.index
        ]
        self.centres = np.array([view.centre for view in self.views]).reshape(-1, 3)
        self.colours = camera_colours(len(self.views))
        self.bounds: Bounds | None = None
        if len(self.centres):
            self.bounds = (self.centres.min(axis=0), self.centres.max(axis=0))
        self.core = self.bounds
        self._lines: dict[float, NDArray[np.float64]] = {}
        self._photos: Scene | None = None
        #: The photos in that scene, and the length of the pyramids they hang in.
        self._hung: list[NDArray[np.uint8]] = []
        self._hung_at = 0.0

    def length(self, subject: Bounds | None) -> float:
        """How deep the pyramids are drawn."""
        around = np.stack(subject) if subject is not None else np.zeros((0, 3))
        return frustum_length(self.centres, around) if len(self.centres) else 1.0

    def lines(self, length: float) -> NDArray[np.float64]:
        """(N, 9, 2, 3) of the pyramids."""
        if length not in self._lines:
            self._lines = {length: frusta(self.views, length)}
        return self._lines[length]

    def photos(self, length: float, thumbs: dict[str, NDArray[np.uint8]]) -> Scene | None:
        """The photos in the mouths of the pyramids. ``thumbs``: (H, W, 3) uint8 by name, all of one size."""
        held = [(view, thumbs[self.cameras.names[i]]) for view, i in zip(self.views, self.index, strict=True)
                if self.cameras.names[i] in thumbs]  # fmt: skip
        if not held:
            return None
        hung = [photo for _view, photo in held]
        same = len(hung) == len(self._hung) and all(a is b for a, b in zip(hung, self._hung, strict=True))
        if not same or length != self._hung_at:
            self._hung, self._hung_at = hung, length
            self._photos = _quads(held, length * 0.995)
        return self._photos


def _quads(held: list[tuple[View, NDArray[np.uint8]]], length: float) -> Scene:
    """One rectangle a photo, all on one texture."""
    height, width = held[0][1].shape[:2]
    across = int(np.ceil(np.sqrt(len(held))))
    down = -(-len(held) // across)
    atlas = np.zeros((down * height, across * width, 3), np.uint8)
    vertices, uv, faces = [], [], []
    for n, (view, photo) in enumerate(held):
        row, column = divmod(n, across)
        atlas[row * height : (row + 1) * height, column * width : (column + 1) * width] = photo
        w, h = view.size
        pixels = np.array([[0, 0, 1], [w, 0, 1], [w, h, 1], [0, h, 1.0]])
        corners = (pixels @ np.linalg.inv(view.intrinsics).T) * length
        vertices.append(corners @ view.rotation + view.centre)
        inset = np.array([[0.01, 0.01], [0.99, 0.01], [0.99, 0.99], [0.01, 0.99]])
        uv.append((inset + np.array([column, row])) / [across, down])
        faces.append(np.array([[0, 1, 2], [0, 2, 3]]) + 4 * n)
    return Scene(
        np.concatenate(vertices).astype(np.float32),
        np.concatenate(faces).astype(np.int32),
        uv=np.concatenate(uv).astype(np.float32),
        texture=atlas,
    )
