"""Texture from photographs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError, Range, Run, Slider, node
from meshloom.graph_runtime.types import Cameras, Image, Material, Mesh, Table

#: Rows of the texture that one thread works on between two looks at the clock.
ROWS = 32
#: Exposure is compared at about this many texels.
EXPOSURE_TEXELS = 20_000
#: Deviation from the median, 0..255, at which a view's weight is halved.
STRAY = 14.0


class Baked(NamedTuple):
    """The textured mesh.

    mesh: the mesh with the texture as the base colour of its material
    texture: the texture, sRGB
    coverage: per photo the fraction of the surface's texels that it sees and where it is the best, and the
      gains that its exposure was corrected by (linear light); the last row is for all photos together
    """

    mesh: Mesh
    texture: Image
    coverage: Table


@node("Bake texture", aliases=("texture", "project photos", "texturing", "uv"))
def bake_texture(
    mesh: Mesh,
    images: Sequence[Image],
    cameras: Cameras,
    size: Annotated[int, Range(64, 8192, step=64, unit="texels")] = 2048,
    angle: Annotated[float, Slider(30.0, 89.0, step=1.0, unit="°")] = 80.0,
    margin: Annotated[float, Slider(0.0, 0.05, step=0.001)] = 0.006,
    sharpness: Annotated[float, Slider(1.0, 32.0, step=1.0)] = 4.0,
    exposure: bool = True,
    reject: bool = True,
    *,
    run: Run,
) -> Baked:
    """Paint a mesh with the photographs it was made from.

    For each texel, the photos that see that bit of surface (found by casting rays) are weighed by angle,
    resolution and distance from outlines; exposure is evened out; views that disagree with the others lose their
    say; detail comes from the best view and tones from all, so that neither seams nor ghosts show. What no photo
    shows is filled from the surface around it, and charts are grown into their gutters.

    Multi-band blending after Baumberg, "Blending images for texturing 3D models" (2002); gains as in Brown and
    Lowe, "Automatic panoramic image stitching" (2007), in linear light and robust.

    mesh: with UV coordinates (mesh.unwrap)
    images: the photos, undistorted, in the order of the cameras; transparent pixels are not used
    cameras: pinhole cameras of the photos
    size: width and height of the texture
    angle: surfaces seen at a flatter angle than this from their normal are not taken from that photo
    margin: rim along outlines, depth edges and the photo's border that is avoided, as a fraction of its width;
      raise it when the background shows on the model
    sharpness: 1 averages all photos (soft), high takes each detail from the best one
    exposure: even out the brightness and colour of the photos first
    reject: ignore photos that disagree with the others at a texel (passers-by, highlights, wrong geometry)
    """
    from meshloom.kernels.raycast.scene import Scene
    from meshloom.kernels.raycast.view import View
    from meshloom.nodes.mesh import (
        _bake_fill,
        _bake_fill_kernel,
        _bake_gains,
        _bake_kernel,
        _bake_texels,
        _bake_views,
    )
    from meshloom.nodes.mesh._bake_photos import matched

    if mesh.uv is None:
        raise NodeError(
            "the mesh has no UV coordinates; a texture needs them", hint="put mesh.unwrap before this"
        )
    if not len(mesh.faces):
        raise NodeError("the mesh has no faces; a surface is needed", hint="reconstruct or load a mesh first")
    if not (np.isfinite(mesh.vertices).all() and np.isfinite(mesh.uv).all()):
        raise NodeError(
            "the mesh has vertices or UVs that are not finite numbers", hint="clean it with mesh.repair"
        )
    photos, cameras = matched(images, cameras)

    run.progress(0.0, 1.0, "laying out texels")
    origin = mesh.vertices.astype(np.float64).mean(axis=0)
    local = (mesh.vertices - origin).astype(np.float32)
    normals = _bake_texels.smooth_normals(local, mesh.faces)
    texels = _bake_texels.texels(local, normals, mesh.faces, mesh.uv, size)
    count = int(texels.inside.sum())
    if not count:
        raise NodeError(
            "the UV coordinates cover no texel", hint="unwrap the mesh again, or use a larger size"
        )

    views = [
        View(intrinsics, pose[:, :3], pose[:, 3], (int(width), int(height)))
        for intrinsics, pose, (width, height) in zip(
            cameras.intrinsics, cameras.extrinsics, cameras.sizes, strict=True
        )
    ]
    scene = Scene(mesh.vertices, mesh.faces, normals=normals, threads=run.threads)
    seen = _bake_views.prepare(
        scene,
        views,
        photos,
        origin,
        _texel_density(mesh, size),
        margin,
        lambda done: run.progress(0.05 + 0.3 * done, 1.0, "looking from each photo"),
    )
    if not seen.hits.any():
        raise NodeError(
            "no photo sees the mesh: every ray from the cameras misses it",
            hint="mesh and cameras must come from the same reconstruction; check transforms between them",
        )
    cosine = np.float32(np.cos(np.deg2rad(angle)))
    rows, columns = _spread_sample(texels.inside, EXPOSURE_TEXELS)
    colours = np.zeros((len(rows), len(views), 3), np.float32)
    weights = np.zeros((len(rows), len(views)), np.float32)
    gather = (
        texels.face,
        texels.maps,
        cosine,
        seen.cameras,
        seen.layout,
        seen.depth,
        seen.trust,
        seen.middle,
    )
    for first in range(0, len(rows), 4000):
        run.progress(0.36, 1.0, "evening out exposure")
        part = slice(first, first + 4000)
        _bake_kernel.gather(rows[part], columns[part], *gather, colours[part].reshape(-1, 3), weights[part])
    factor = np.ones((len(views), 3))
    if exposure and len(views) > 1:
        factor = _bake_gains.gains(colours, weights)
        _apply(seen, [_bake_gains.curve(gain) for gain in factor])

    colour = np.zeros((size, size, 3), np.uint8)
    confidence = np.zeros((size, size), np.uint8)
    best = np.full((size, size), -1, np.int16)
    tolerance = np.float32(STRAY if reject else 0.0)
    arguments = (
        texels.face,
        texels.maps,
        cosine,
        np.float32(sharpness),
        tolerance,
        seen.cameras,
        seen.layout,
    )
    arguments += (seen.depth, seen.trust, seen.photos, seen.middle, seen.low, colour, confidence, best)
    _in_rows(run, size, 0.4, 0.9, "blending", lambda a, b: _bake_kernel.blend(a, b, *arguments))
    covered = float((confidence[texels.inside] > 0).mean())
    if covered == 0:
        raise NodeError(
            "no photo sees the front of any face of the mesh",
            hint="flip the faces if the mesh is inside out (mesh.repair), or raise the angle",
        )
    if covered < 0.5:
        run.warn(f"only {covered:.0%} of the surface is seen by a photo; the rest is filled from around it")
    run.progress(0.9, 1.0, "filling the unseen")
    around = _bake_fill.vertex_colours(local, mesh.faces, texels, colour, confidence, run.check)
    rest = (texels.face, texels.maps, local, mesh.faces, around, confidence, colour)
    _in_rows(run, size, 0.92, 0.97, "filling the unseen", lambda a, b: _bake_fill_kernel.fill(a, b, *rest))
    _bake_fill.spread(colour, texels.face >= 0)
    run.progress(1.0, 1.0)

    chosen = np.bincount(best[texels.inside & (best >= 0)], minlength=len(views)) / count
    sees = (weights > 0).mean(axis=0)
    table = [
        (name, round(float(part), 4), round(float(most), 4), *(round(float(each), 4) for each in gain))
        for name, part, most, gain in zip(cameras.names, sees, chosen, factor, strict=True)
    ]
    table.append(("all", round(covered, 4), round(float(chosen.sum()), 4), None, None, None))
    coverage = Table(("photo", "sees", "best", "gain_red", "gain_green", "gain_blue"), tuple(table))
    return Baked(replace(mesh, material=Material(base_colour=colour)), Image(colour, "texture.png"), coverage)


def _texel_density(mesh: Mesh, size: int) -> NDArray[np.float32]:
    """(F,) texels in one unit of surface area."""
    corners = mesh.vertices[mesh.faces].astype(np.float64)
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    flat = mesh.uv[mesh.faces].astype(np.float64)  # type: ignore[index]
    first, second = flat[:, 1] - flat[:, 0], flat[:, 2] - flat[:, 0]
    texels = np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]) * float(size) ** 2
    return (texels / np.maximum(area, 1e-30)).astype(np.float32)


def _spread_sample(inside: NDArray[np.bool_], wanted: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """About ``wanted`` of the texels inside charts, evenly spread: (rows, columns)."""
    step = max(1, int(np.sqrt(inside.sum() / wanted)))
    rows, columns = np.nonzero(inside[::step, ::step])
    return rows * step, columns * step


def _apply(seen: Any, curves: list[NDArray[np.uint8]]) -> None:
    """Run each photo and its soft copies through its curve (256, 3)."""
    for buffer, start, width, height in ((seen.photos, 0, 1, 2), (seen.middle, 3, 4, 5), (seen.low, 3, 4, 5)):
        for row, curve in zip(seen.layout, curves, strict=True):
            part = buffer[row[start] : row[start] + row[width] * row[height]]
            for channel in range(3):
                part[:, channel] = curve[part[:, channel], channel]


def _in_rows(
    run: Run, size: int, begin: float, end: float, message: str, work: Callable[[int, int], None]
) -> None:
    """``work(first, last)`` over all rows on ``run.threads`` threads, with progress; stops soon when cancelled."""
    pool = ThreadPoolExecutor(max(1, run.threads))
    try:
        waiting = {pool.submit(work, row, min(row + ROWS, size)) for row in range(0, size, ROWS)}
        total = len(waiting)
        while waiting:
            finished, waiting = wait(waiting, timeout=0.1)
            for each in finished:
                each.result()
            run.progress(begin + (end - begin) * (1 - len(waiting) / total), 1.0, message)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # what still runs writes to arrays nobody reads
