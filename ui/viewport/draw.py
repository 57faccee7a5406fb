"""One picture of the things in view: meshes by rays, points and lines by z-buffer, in one depth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meshloom.kernels.raycast import light
from meshloom.kernels.raycast.overlay import draw_lines, draw_points
from meshloom.kernels.raycast.render import Frame, shrunk, tiles
from meshloom.kernels.raycast.scene import Scene
from meshloom.kernels.raycast.view import View
from meshloom.ui.viewport.box import Box
from meshloom.ui.viewport.fading import dimmed, dimmed_pixels
from meshloom.ui.viewport.soft import Soft, draw_soft
from meshloom.ui.viewport.things import Bounds, Points, SolidMesh, Stands

Triple = tuple[float, float, float]

#: Points drawn at most while moving: at a quarter of the size, at full size.
_MOVING, _STILL = 100_000, 4_000_000
#: Edges drawn at most.
_MOST_EDGES = 1_500_000

#: How much of a wire covers what is below.
_WIRE = np.float32(0.45)
#: The grid is not seen through what covers more of a pixel than this.
_COVERED = 0.1

#: A normal's colour beyond grey: x red, up green, towards the viewer of the front blue.
NORMAL_PAINT = np.array([0.5, -0.5, -0.5], np.float32)


@dataclass(frozen=True)
class Style:
    """How things are drawn. ``shading``: auto, material, studio, plain or normals. ``top``, ``bottom``: of the
    backdrop, sRGB 0..1. ``clip``: axis, where (0..1 through the bounds), and whether the far side is kept.
    ``splats``: what they are at rest: soft, ellipsoids or points. ``crop``: what it does not keep is dimmed."""

    shading: str = "auto"
    wireframe: bool = False
    point_size: float = 1.0
    points_by: str = "colour"
    splats: str = "soft"
    cameras: bool = True
    photos: bool = True
    grid: bool = True
    axes: bool = True
    bounds: bool = False
    clip: tuple[int, float, bool] | None = None
    crop: Box | None = None
    top: Triple = (0.15, 0.16, 0.18)
    bottom: Triple = (0.08, 0.09, 0.10)
    line: Triple = (0.30, 0.32, 0.35)

    @property
    def backdrop(self) -> Triple:
        """The backdrop's colour half-way down."""
        red, green, blue = ((a + b) / 2 for a, b in zip(self.top, self.bottom, strict=True))
        return red, green, blue


class Overtaken(Exception):
    """Something newer is to be drawn."""


def bounds_of(made: Sequence[SolidMesh | Points | Stands], core: bool = False) -> Bounds | None:
    """The box around all things, or around their cores; cameras count only where there is nothing else."""
    solid = [each for each in made if not isinstance(each, Stands) and each.bounds is not None]
    parts = [each.core if core else each.bounds for each in solid or made]
    held = [part for part in parts if part is not None]
    if not held:
        return None
    low = np.min([each[0] for each in held], axis=0)
    high = np.max([each[1] for each in held], axis=0)
    if float(np.max(high - low)) <= 0:
        low, high = low - 0.5, high + 0.5
    return low, high


def draw(
    made: Sequence[SolidMesh | Points | Stands],
    view: View,
    style: Style,
    *,
    moving: bool = False,
    samples: int = 1,
    thumbs: dict[str, NDArray[np.uint8]] | None = None,
    between: Callable[[], None] = lambda: None,
    begun: Frame | None = None,
    whole: bool = False,
) -> Frame:
    """A frame of ``view``'s size. ``moving``: leave out what costs. ``between`` may raise :class:`Overtaken`.

    ``whole``: splats that move are Gaussians of one colour from all sides, not points.
    ``begun``: the meshes and clouds, drawn by something else; the rest is drawn into it.
    """
    if begun is not None:
        _draw_lines(begun, view, made, style, bounds_of(made), 1, moving, thumbs or {})
        return begun
    fine = view.resized(view.size[0] * samples, view.size[1] * samples)
    box = bounds_of(made)
    plane = _plane(style.clip, box)
    frame = Frame.empty(fine.size[1], fine.size[0])
    for each in made:
        between()
        if isinstance(each, SolidMesh) and each.scene is not None:
            as_normals = style.shading == "normals"
            _draw_scene(frame, each.scene, fine, look_of(each.scene, style), plane, between, as_normals)
    if style.crop is not None:
        dimmed_pixels(frame, fine, style.crop, style.backdrop)
    points = [each.points if isinstance(each, SolidMesh) else each for each in made]
    clouds = [each for each in points if isinstance(each, Points)]
    most = _MOVING if moving else _STILL
    for cloud in clouds:
        between()
        if isinstance(cloud, Soft) and (whole or not moving) and style.splats != "points":
            if style.splats == "ellipsoids":
                draw_solid(frame, fine, cloud, plane, style, between)
                continue
            draw_soft(
                frame,
                fine,
                cloud,
                plane,
                style.points_by,
                style.crop,
                samples,
                style.backdrop,
                between,
                moving,
            )
            continue
        count = cloud.solid if isinstance(cloud, Soft) else len(cloud.positions)
        held = slice(min(count, most))
        positions, colours = cloud.positions[held], cloud.colours(style.points_by)
        sizes = cloud.sizes[held] if isinstance(cloud, Soft) else None
        colours = colours if len(colours) == 1 else colours[held]
        if plane is not None:
            kept = positions @ plane[:3].astype(np.float32) + np.float32(plane[3]) >= 0
            positions, colours = positions[kept], colours if len(colours) == 1 else colours[kept]
            sizes = None if sizes is None else sizes[kept]
        if style.crop is not None:
            colours = dimmed(positions, colours, style.crop, style.backdrop)
        thin = (count / max(1, min(count, most))) ** (1 / 3)
        radius, least = cloud.radius * style.point_size * thin, 0.5
        if isinstance(cloud, Soft) and not moving:  # just where they are
            radius, least, sizes = 0.0, style.point_size, None
        widest = 6.0 if isinstance(cloud, Soft) else 16.0
        dome = 0.0 if moving or isinstance(cloud, Soft) else 30.0
        draw_points(frame, fine, positions, colours, radius, least * samples, widest * samples, dome, sizes)
    between()
    _draw_lines(frame, fine, made, style, box, samples, moving, thumbs or {})
    return shrunk(frame, samples)


def draw_solid(
    frame: Frame,
    view: View,
    soft: Soft,
    plane: NDArray[np.float64] | None,
    style: Style,
    between: Callable[[], None] = lambda: None,
) -> None:
    """Splats as solid ellipsoids; faint ones are left out."""
    from meshloom.kernels.raycast.ellipsoids import draw_ellipsoids

    which, positions = soft.index[: soft.solid], soft.positions[: soft.solid]
    colours = soft.colours(style.points_by)
    colours = colours if len(colours) == 1 else colours[: soft.solid]
    if plane is not None:
        kept = positions @ plane[:3].astype(np.float32) + np.float32(plane[3]) >= 0
        which, positions = which[kept], positions[kept]
        colours = colours if len(colours) == 1 else colours[kept]
    if style.crop is not None:
        colours = dimmed(positions, colours, style.crop, style.backdrop)
    splats = soft.splats
    turns, scales = splats.quaternions[which], splats.scales[which]
    draw_ellipsoids(frame, view, positions, turns, scales, colours, near=soft.near, between=between)


def look_of(scene: Scene, style: Style) -> light.Look:
    """How a mesh is lit in a style."""
    if style.shading in ("plain", "normals"):
        return light.UNLIT
    if style.shading == "material" or (style.shading == "auto" and _shines(scene)):
        return light.REFLECTING
    return light.CLAY if style.shading == "studio" or not scene.painted else light.SOFT


def _shines(scene: Scene) -> bool:
    """Whether there is more to a surface than its colour."""
    surface = scene.surface
    if surface is None:
        return False
    maps = surface.metallic_roughness is not None or surface.normal is not None
    return maps or surface.metallic > 0 or surface.roughness < 0.95


def _plane(clip: tuple[int, float, bool] | None, box: Bounds | None) -> NDArray[np.float64] | None:
    if clip is None or box is None:
        return None
    axis, share, beyond = clip
    at = box[0][axis] + share * (box[1][axis] - box[0][axis])
    plane = np.zeros(4)
    plane[axis], plane[3] = (1.0, -at) if beyond else (-1.0, at)
    return plane


def _draw_scene(
    frame: Frame,
    scene: Scene,
    view: View,
    look: light.Look,
    plane: NDArray[np.float64] | None,
    between: Callable[[], None],
    as_normals: bool = False,
    solid: bool = True,
) -> None:
    """``solid``: its faces and normals count, not only its colours."""
    from meshloom.kernels.raycast._screen_kernel import nearer

    empty = not frame.alpha.any()
    for first, last, part in tiles(scene, view, look, clip=plane):
        between()
        rows = slice(first, last)
        if as_normals:
            part.colour = np.float32(0.5) + part.normal * NORMAL_PAINT
        if not solid:
            part.face, part.normal = np.full_like(part.face, -1), np.zeros_like(part.normal)
        if empty:
            for name in ("colour", "depth", "normal", "face", "alpha"):
                getattr(frame, name)[rows] = getattr(part, name)
            continue
        before = frame.depth[rows].copy()
        nearer(
            frame.depth[rows], frame.face[rows], frame.normal[rows], frame.colour[rows], frame.alpha[rows],
            part.depth, part.colour, part.alpha,
        )  # fmt: skip
        won = frame.depth[rows] != before
        frame.face[rows][won], frame.normal[rows][won] = part.face[won], part.normal[won]


def _draw_lines(
    frame: Frame,
    view: View,
    made: Sequence[SolidMesh | Points | Stands],
    style: Style,
    box: Bounds | None,
    samples: int,
    moving: bool,
    thumbs: dict[str, NDArray[np.uint8]],
) -> None:
    thin, usual = 1.0 * samples, 1.6 * samples
    if style.wireframe and not moving:
        for each in made:
            if isinstance(each, SolidMesh) and each.scene is not None:
                ends = each.edges()[:_MOST_EDGES]
                before = frame.colour.copy()
                draw_lines(frame, view, ends, np.full((len(ends), 3), 0.05, np.float32), thin)
                frame.colour = _WIRE * frame.colour + (1 - _WIRE) * before
    for each in made:
        if isinstance(each, Stands) and style.cameras and each.views:
            length = each.length(box)
            photos = each.photos(length, thumbs) if style.photos and not moving else None
            if photos is not None:
                _draw_scene(frame, photos, view, light.UNLIT, None, lambda: None, solid=False)
            lines = each.lines(length)
            paint = np.repeat(each.colours, lines.shape[1], axis=0)
            draw_lines(frame, view, lines.reshape(-1, 2, 3), paint, usual)
    if box is None:
        return
    if style.grid:
        ground = _grid(box)
        covered = frame.alpha > _COVERED if any(isinstance(each, Soft) for each in made) else None
        before = frame.colour.copy() if covered is not None else frame.colour
        draw_lines(frame, view, ground, np.tile(np.array(style.line, np.float32), (len(ground), 1)), thin)
        if covered is not None:  # what is soft has no depth that lines could run before or behind
            frame.colour = np.where(covered[:, :, None], before, frame.colour)
    if style.bounds:
        draw_lines(frame, view, _box_edges(box), np.tile(np.float32([0.85, 0.65, 0.25]), (12, 1)), thin)


def _grid(box: Bounds) -> NDArray[np.float64]:
    """(N, 2, 3) lines on the floor (the largest y), at steps of 1, 2 or 5 times a power of ten."""
    low, high = box
    reach = 1.5 * float(max(high[0] - low[0], high[2] - low[2], 1e-9))
    rough = reach / 8
    power = 10.0 ** np.floor(np.log10(rough))
    step = power * min((1, 2, 5, 10), key=lambda each: abs(each * power - rough))
    middle = np.round((low + high) / 2 / step) * step
    count = int(np.ceil(reach / 2 / step)) + 1
    at = np.arange(-count, count + 1) * step
    edge, floor = count * step, high[1]
    ends = np.empty((2 * len(at), 2, 3))
    ends[:, :, 1] = floor
    ends[: len(at), :, 0] = middle[0] + at[:, None]
    ends[: len(at), 0, 2], ends[: len(at), 1, 2] = middle[2] - edge, middle[2] + edge
    ends[len(at) :, :, 2] = middle[2] + at[:, None]
    ends[len(at) :, 0, 0], ends[len(at) :, 1, 0] = middle[0] - edge, middle[0] + edge
    return ends


def _box_edges(box: Bounds) -> NDArray[np.float64]:
    """(12, 2, 3)."""
    corners = (
        np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)]) * (box[1] - box[0]) + box[0]
    )
    pairs = [(a, b) for a in range(8) for b in range(a + 1, 8) if bin(a ^ b).count("1") == 1]
    return corners[np.array(pairs)]


def to_bytes(frame: Frame, style: Style) -> NDArray[np.uint8]:
    """(H, W, 3) sRGB for the screen, over the backdrop."""
    from meshloom.kernels.raycast._screen_kernel import compose

    out = np.empty((*frame.alpha.shape, 3), np.uint8)
    compose(
        np.ascontiguousarray(frame.colour),
        np.ascontiguousarray(frame.alpha),
        np.ascontiguousarray(frame.normal),
        np.array(style.top, np.float32),
        np.array(style.bottom, np.float32),
        False,
        out,
    )
    return out
