"""A small picture of any value, without a GPU, a window or a heavy library: for reports, sheets and nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime import types
from meshloom.graph_runtime.types import Array

Pixels = NDArray[np.uint8]

#: How many points a thumbnail of geometry is drawn from.
_MOST_POINTS = 60_000
#: The largest disc that a splat is drawn as, in widths of the picture.
_LARGEST = 0.03
#: So much behind the nearest, as a share of what is shown, is seen together with it.
_LAYER = 0.02


def thumbnail(value: Any, side: int = 256) -> Pixels | None:
    """(h, w, 3) uint8 no larger than ``side``, or ``None`` for a value that shows nothing."""
    drawer = _DRAWERS.get(type(value))
    with np.errstate(all="ignore"):  # values may hold anything, and a picture of NaN is a picture
        return drawer(value, side) if drawer is not None else None


def _image(image: types.Image, side: int) -> Pixels:
    from PIL import Image as Pillow

    small = _reduced(image.pixels, side * 2)
    eight = types.Image(small).as_uint8()
    if eight.shape[2] == 4:
        alpha = eight[:, :, 3:].astype(np.float32) / 255.0
        eight = (eight[:, :, :3] * alpha + _checkers(eight.shape[:2]) * (1 - alpha)).astype(np.uint8)
    picture = Pillow.fromarray(types.Image(np.ascontiguousarray(eight)).rgb())
    picture.thumbnail((side, side), Pillow.Resampling.LANCZOS)
    return np.asarray(picture, np.uint8)


def _reduced(pixels: Array, most: int) -> Array:
    """Every k-th pixel, so that a 100 MP picture costs no more than a small one."""
    step = max(1, max(pixels.shape[:2]) // max(1, most))
    return np.ascontiguousarray(pixels[::step, ::step])


def _checkers(shape: tuple[int, ...]) -> Array:
    rows, columns = np.indices(shape[:2]) // 8
    return np.where((rows + columns) % 2, 205, 235)[:, :, None].astype(np.float32)


def _mask(mask: types.Mask, side: int) -> Pixels:
    return _image(types.Image(np.clip(mask.coverage, 0, 1)[:, :, None]), side)


def _depth(depth: types.DepthMap, side: int) -> Pixels:
    held = _reduced(depth.depth, side * 2)
    known = held > 0
    if not known.any():
        return np.full((side // 2, side, 3), 40, np.uint8)
    # By depth or by its inverse, whichever spreads the colours better: a far wall leaves the subject its share.
    level = min(
        (_near_to_far(held, known), 1.0 - _near_to_far(1.0 / np.where(known, held, 1.0), known)),
        key=lambda each: abs(float(np.median(each[known])) - 0.5),
    )
    shown = _ramp(1.0 - level) * known[:, :, None]
    return _image(types.Image(shown.astype(np.uint8)), side)


def _near_to_far(held: Array, known: Array) -> Array:
    """0..1 from the 2nd to the 98th percentile of what is known."""
    low, high = np.percentile(held[known], (2, 98))
    return np.asarray(np.clip((held - low) / max(high - low, 1e-9 * abs(high)), 0.0, 1.0))


def _ramp(level: Array) -> Array:
    """0..1 to a dark-blue to yellow ramp, (..., 3) in 0..255."""
    stops = np.array([[32, 18, 77], [66, 64, 134], [42, 120, 142], [53, 183, 121], [253, 231, 37]], float)
    place = level * (len(stops) - 1)
    low = np.clip(place.astype(int), 0, len(stops) - 2)
    share = (place - low)[..., None]
    return np.asarray(stops[low] * (1 - share) + stops[low + 1] * share)


def _cloud(cloud: types.PointCloud, side: int) -> Pixels:
    count = len(cloud)
    chosen = np.arange(0, count, max(1, count // _MOST_POINTS))
    colours = cloud.colours[chosen] if cloud.colours is not None else None
    normals = cloud.normals[chosen] if cloud.normals is not None and colours is None else None
    return _splat(cloud.positions[chosen], colours, normals, side)


def _splats(splats: types.Splats, side: int) -> Pixels:
    """Discs as large as the splats, of what lies in the box that is to be looked at."""
    seen = (
        (splats.opacities > 0.1)
        & np.isfinite(splats.means).all(axis=1)
        & np.isfinite(splats.scales).all(axis=1)
    )
    core = splats.core()
    if core is not None:
        margin = 0.15 * (core[1] - core[0])
        seen &= ((splats.means >= core[0] - margin) & (splats.means <= core[1] + margin)).all(axis=1)
    rows = np.flatnonzero(seen)
    chosen = splats.take(rows[:: max(1, len(rows) // _MOST_POINTS)])
    return _splat(chosen.means, chosen.base_colours(), None, side, np.sort(chosen.scales, axis=1)[:, 1])


def _mesh(mesh: types.Mesh, side: int) -> Pixels:
    if not len(mesh.faces):
        return _splat(mesh.vertices, mesh.colours, None, side)
    corners = mesh.vertices[mesh.faces].astype(np.float64)
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(cross, axis=1)
    total = area.sum()
    if not np.isfinite(total) or total <= 0:
        return _splat(mesh.vertices, mesh.colours, None, side)
    # Evenly spaced over the area: no random numbers, so that a thumbnail is the same each time.
    places = (np.arange(_MOST_POINTS) + 0.5) / _MOST_POINTS * total
    face = np.minimum(np.searchsorted(np.cumsum(area), places), len(area) - 1)
    spread = np.sqrt((np.arange(_MOST_POINTS) * 0.7548776662) % 1.0)
    along = (np.arange(_MOST_POINTS) * 0.5698402910) % 1.0
    weights = np.stack([1 - spread, spread * (1 - along), spread * along], axis=1)
    points = np.einsum("nij,ni->nj", corners[face], weights)
    normals = cross[face] / np.maximum(area[face], 1e-30)[:, None]
    return _splat(points, _mesh_colours(mesh, face, weights), normals, side)


def _mesh_colours(mesh: types.Mesh, face: Array, weights: Array) -> Array | None:
    texture = mesh.material.base_colour if mesh.material is not None else None
    if mesh.uv is not None and texture is not None:
        uv = np.einsum("nij,ni->nj", mesh.uv[mesh.faces[face]].astype(float), weights)
        height, width = texture.shape[:2]
        column = np.clip((uv[:, 0] % 1.0 * width).astype(int), 0, width - 1)
        row = np.clip((uv[:, 1] % 1.0 * height).astype(int), 0, height - 1)
        return np.asarray(texture[row, column, :3])
    if mesh.colours is not None:
        return np.asarray(np.einsum("nij,ni->nj", mesh.colours[mesh.faces[face]].astype(float), weights))
    return None


def _splat(
    points: Array, colours: Array | None, normals: Array | None, side: int, radii: Array | None = None
) -> Pixels:
    """Points seen from three quarters above, nearest on top, as 2 x 2 dots, or as discs of radii in world units."""
    picture = np.full((side, side, 3), 24, np.uint8)
    finite = np.isfinite(points).all(axis=1)
    points = points[finite].astype(np.float64)
    if not len(points):
        return picture
    low, high = np.percentile(points, (1, 99), axis=0)
    centre, size = (low + high) / 2, max(float(np.linalg.norm(high - low)), 1e-9)
    view = (points - centre) @ _three_quarters().T / size
    shade = np.ones(len(points))
    if normals is not None:
        facing = normals[finite] @ _three_quarters().T
        shade = 0.35 + 0.65 * np.abs(facing[:, 2])
    lit = np.full((len(points), 3), 200.0) if colours is None else colours[finite].astype(float)
    lit = lit * shade[:, None] if colours is None else lit * (0.6 + 0.4 * shade[:, None])
    order = np.argsort(-view[:, 2], kind="stable")
    column = (view[order, 0] * 0.95 + 0.5) * side
    row = (view[order, 1] * 0.95 + 0.5) * side
    ink, depth = np.broadcast_to(np.clip(lit[order], 0, 255), (len(order), 3)), view[order, 2]
    reach = np.ones(len(order))
    if radii is not None:
        reach = np.clip(radii[finite][order] / size * 0.95 * side, 1.0, max(1.0, _LARGEST * side))
    # Disc by disc would be slow: pixel by pixel of a disc, each over all discs at once. First the nearest...
    front = np.full(side * side, np.inf)
    for rows, pixels, _share in _pixels_of(column, row, reach, side):
        np.minimum.at(front, pixels, depth[rows])
    # ...then the mean of what lies little behind it: splats show their colours only together.
    layer = _LAYER if radii is not None else 0.0
    sums = np.zeros((4, side * side))
    for rows, pixels, share in _pixels_of(column, row, reach, side):
        seen = depth[rows] <= front[pixels] + layer
        rows, pixels, share = rows[seen], pixels[seen], share[seen]
        sums[3] += np.bincount(pixels, share, side * side)
        for channel in range(3):
            sums[channel] += np.bincount(pixels, share * ink[rows, channel], side * side)
    shown = np.flatnonzero(sums[3] > 0)
    picture.reshape(-1, 3)[shown] = (sums[:3, shown] / sums[3, shown]).T + 0.5
    return picture


def _pixels_of(column: Array, row: Array, reach: Array, side: int) -> Iterator[tuple[Array, Array, Array]]:
    """Of discs around points: which have a pixel in the picture, which it is, and how much they count there."""
    most = int(np.ceil(reach.max()))
    for down in range(1 - most, most + 1):
        for right in range(1 - most, most + 1):
            away = np.hypot(right - 0.5, down - 0.5)
            rows = np.flatnonzero(reach >= away)
            x, y = column[rows].astype(int) + right, row[rows].astype(int) + down
            inside = (x >= 0) & (x < side) & (y >= 0) & (y < side)
            rows = rows[inside]
            yield rows, y[inside] * side + x[inside], np.exp(-2 * (away / reach[rows]) ** 2)


def _three_quarters() -> Array:
    """World (y down) to a view from above right: rows are right, down, away."""
    turn, tilt = np.radians(35.0), np.radians(25.0)
    about_y = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]], float)
    about_x = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]], float)
    return np.asarray(about_x @ about_y)


def _cameras(cameras: types.Cameras, side: int) -> Pixels:
    if not len(cameras):
        return np.full((side, side, 3), 24, np.uint8)
    forward = cameras.extrinsics[:, 2, :3]
    centres = cameras.centres()
    reach = np.linalg.norm(np.ptp(centres, axis=0)) / 12 + 1e-6
    steps = np.linspace(0, 1, 12)[None, :, None]
    lines = (centres[:, None] + forward[:, None] * reach * steps).reshape(-1, 3)
    colours = np.tile(np.array([[255, 170, 60]], np.uint8), (len(lines), 1))
    return _splat(lines, colours, None, side)


def _figure(figure: types.Figure, side: int) -> Pixels:
    from PIL import Image as Pillow
    from PIL import ImageDraw

    width, height = side, side * 3 // 4
    picture = Pillow.new("RGB", (width, height), (250, 250, 250))
    draw = ImageDraw.Draw(picture)
    finite = [
        (series, np.isfinite(series.x) & np.isfinite(series.y)) for series in figure.series if len(series.x)
    ]
    if any(good.any() for _, good in finite):
        x = np.concatenate([series.x[good] for series, good in finite])
        y = np.concatenate([series.y[good] for series, good in finite])
        left, right, bottom, top = x.min(), x.max(), y.min(), y.max()
        colours = [(31, 119, 180), (214, 93, 14), (44, 140, 60), (148, 60, 160)]
        for index, (series, good) in enumerate(finite):
            across = 8 + (series.x[good] - left) / max(right - left, 1e-12) * (width - 16)
            down = height - 8 - (series.y[good] - bottom) / max(top - bottom, 1e-12) * (height - 16)
            places = [(float(a), float(b)) for a, b in zip(across, down, strict=True)]
            colour = colours[index % len(colours)]
            if series.kind == "line" and len(places) > 1:
                draw.line(places, fill=colour, width=2)
            else:
                for a, b in places:
                    draw.ellipse((a - 2, b - 2, a + 2, b + 2), fill=colour)
    draw.rectangle((0, 0, width - 1, height - 1), outline=(200, 200, 200))
    return np.asarray(picture, np.uint8)


_DRAWERS: dict[type, Callable[[Any, int], Pixels]] = {
    types.Image: _image,
    types.Mask: _mask,
    types.DepthMap: _depth,
    types.PointCloud: _cloud,
    types.Mesh: _mesh,
    types.Splats: _splats,
    types.Cameras: _cameras,
    types.Figure: _figure,
}


def png(pixels: Pixels) -> bytes:
    """The PNG of a thumbnail."""
    import io

    from PIL import Image as Pillow

    held = io.BytesIO()
    Pillow.fromarray(pixels).save(held, "PNG", compress_level=6)
    return held.getvalue()
