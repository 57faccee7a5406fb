"""Pictures of a scene, a tile of rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meshloom.kernels.raycast.arrays import settled
from meshloom.kernels.raycast.light import UNLIT, Look
from meshloom.kernels.raycast.scene import Hits, Scene, Surface
from meshloom.kernels.raycast.texture import rgb
from meshloom.kernels.raycast.view import View

#: Rays cast at once. Casting holds the interpreter lock, for about 10 ms at this number.
TILE_RAYS = 64_000


@dataclass
class Frame:
    """What each pixel shows.

    ``colour`` (H, W, 3) float32 sRGB 0..1, zero where nothing was hit. ``depth`` (H, W) float32 along the optical
    axis, 0 = nothing. ``normal`` (H, W, 3) float32, unit, world axes, towards the eye. ``face`` (H, W) int32,
    -1 = nothing. ``alpha`` (H, W) float32: how much of the pixel was hit; ``colour`` is not multiplied by it.
    """

    colour: NDArray[np.float32]
    depth: NDArray[np.float32]
    normal: NDArray[np.float32]
    face: NDArray[np.int32]
    alpha: NDArray[np.float32]

    @classmethod
    def empty(cls, height: int, width: int) -> Frame:
        """Nothing hit anywhere."""
        return cls(
            np.zeros((height, width, 3), np.float32),
            np.zeros((height, width), np.float32),
            np.zeros((height, width, 3), np.float32),
            np.full((height, width), -1, np.int32),
            np.zeros((height, width), np.float32),
        )


def tiles(
    scene: Scene,
    view: View,
    look: Look = UNLIT,
    free: NDArray[np.float32] | None = None,
    clip: NDArray[np.float64] | None = None,
) -> Iterator[tuple[int, int, Frame]]:
    """Yield (first row, last row, their part) from top to bottom, one ray through each pixel's centre.

    ``free``: ambient openness per vertex (``light.openness``); without it nothing is occluded. ``clip``: (4,) a
    plane n, d; only what has n x + d >= 0 is there.
    """
    from meshloom.kernels.raycast._shade_kernel import shade

    width, height = view.size
    rows = max(1, TILE_RAYS // width)
    pixel_area = np.float32(1.0 / view.focal**2)
    rotation = view.rotation.astype(np.float32)
    light = look.packed()
    free = settled(np.ones(1) if free is None else free, np.float32)
    for first in range(0, height, rows):
        last = min(first + rows, height)
        rays = view.rays(first, last)
        hits = scene.cast(rays) if clip is None else _cast_beyond(scene, rays, clip)
        part = Frame.empty(last - first, width)
        part.face, part.depth = hits.face, hits.depth
        part.alpha = (hits.face >= 0).astype(np.float32)
        shade(
            rays.reshape(-1, 6),
            hits.depth.reshape(-1),
            hits.face.reshape(-1),
            hits.weights.reshape(-1, 2),
            scene.faces,
            scene.normals,
            scene.face_normals,
            scene.painted,
            scene.colours,
            scene.uv,
            scene.density,
            scene.pyramid.texels,
            scene.pyramid.start,
            scene.pyramid.size,
            pixel_area,
            rotation,
            look.lit,
            light,
            free,
            part.colour.reshape(-1, 3),
            part.normal.reshape(-1, 3),
        )
        if look.reflects:
            _reflect(scene, look, rays, hits, rotation, part)
        yield first, last, part


def _reflect(
    scene: Scene,
    look: Look,
    rays: NDArray[np.float32],
    hits: Hits,
    rotation: NDArray[np.float32],
    part: Frame,
) -> None:
    from meshloom.kernels.raycast._reflect_kernel import reflect

    surface = scene.surface or Surface()
    mapped = scene.surface_uv is not None
    none = np.zeros((1, 1, 3), np.uint8)
    metal, bumps = surface.metallic_roughness, surface.normal
    reflect(
        rays.reshape(-1, 6),
        hits.face.reshape(-1),
        hits.weights.reshape(-1, 2),
        scene.vertices,
        scene.faces,
        scene.surface_uv if mapped else scene.uv,
        mapped,
        settled(none if metal is None else rgb(metal), np.uint8),
        metal is not None,
        settled(none if bumps is None else rgb(bumps), np.uint8),
        bumps is not None,
        np.float32(surface.metallic),
        np.float32(surface.roughness),
        rotation,
        look.lamps(),
        part.colour.reshape(-1, 3),
        part.normal.reshape(-1, 3),
    )


def _cast_beyond(scene: Scene, rays: NDArray[np.float32], clip: NDArray[np.float64]) -> Hits:
    """First hits on the kept side of a plane, in lengths from the rays' own origins."""
    height = rays[..., :3] @ clip[:3].astype(np.float32) + np.float32(clip[3])
    slope = rays[..., 3:] @ clip[:3].astype(np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = -height / slope
    outside = height < 0
    start = np.where(outside, np.where(slope > 0, crossing, 0), 0).astype(np.float32)
    moved = rays.copy()
    moved[..., :3] += rays[..., 3:] * start[..., None]
    hits = scene.cast(moved)
    depth = np.where(hits.face >= 0, hits.depth + start, 0).astype(np.float32)
    gone = (outside & (slope <= 0)) | (~outside & (slope < 0) & (depth > crossing))
    return Hits(np.where(gone, 0, depth).astype(np.float32), np.where(gone, -1, hits.face), hits.weights)


def render(
    scene: Scene,
    view: View,
    look: Look = UNLIT,
    *,
    samples: int = 1,
    free: NDArray[np.float32] | None = None,
    between: Callable[[float], None] | None = None,
) -> Frame:
    """The whole picture. ``samples``: rays per pixel along x and y; colour and alpha are their mean.

    ``between(done)`` is called after each tile with the fraction done; what it raises stops the work.
    """
    width, height = view.size
    fine = view.resized(width * samples, height * samples)
    frame = Frame.empty(height * samples, width * samples)
    for first, last, part in tiles(scene, fine, look, free):
        for name in ("colour", "depth", "normal", "face", "alpha"):
            getattr(frame, name)[first:last] = getattr(part, name)
        if between is not None:
            between(last / (height * samples))
    return shrunk(frame, samples)


def shrunk(frame: Frame, samples: int) -> Frame:
    """``frame`` averaged over ``samples`` x ``samples`` pixels; depth, normal and face are one sample's."""
    if samples == 1:
        return frame
    height, width = frame.alpha.shape
    shape = (height // samples, samples, width // samples, samples)
    alpha = frame.alpha.reshape(shape).mean(axis=(1, 3))
    colour = (frame.colour * frame.alpha[..., None]).reshape(*shape, 3).mean(axis=(1, 3))
    colour /= np.maximum(alpha, 1e-6)[..., None]
    middle = (slice(samples // 2, None, samples),) * 2
    return Frame(colour, frame.depth[middle], frame.normal[middle], frame.face[middle], alpha)
