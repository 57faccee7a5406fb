"""A model of several parts and materials, made into the one mesh with one material that travels on wires."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats import srgb
from meshloom.graph_runtime.formats.atlas import Tile, pack
from meshloom.graph_runtime.formats.trimeshes import checked_mesh
from meshloom.graph_runtime.types import Material, Mesh

Array = NDArray[Any]
Warn = Callable[[str], None]

#: A scene that places its meshes so often that it has more vertices is refused.
MAX_VERTICES = 100_000_000
#: A texture that repeats is laid out that often at most, each way.
_MAX_REPEATS = 8


@dataclass
class Part:
    """A piece of a model with one material, in our world. Arrays as in :class:`Mesh`, of any number type."""

    vertices: Array
    faces: Array
    uv: Array | None = None
    normals: Array | None = None
    colours: Array | None = None
    material: Material | None = None


def merge(parts: list[Part], name: str, warn: Warn) -> Mesh:
    """One mesh of all ``parts``.

    One material stays as it is. Several without any texture become vertex colours, with the metal and
    roughness of the largest part. Several with textures become one atlas, each colour factor multiplied in;
    textures that repeat are laid out as often as they do, up to 8 times. Normals stay where all parts have
    them; parts without vertex colours beside others with them are white.
    """
    parts = [part for part in parts if len(part.faces)]
    if not parts:
        raise NodeError(
            f"{name} has no triangles; expected a mesh", hint="a point cloud is read by cloud.load"
        )
    for part in parts:
        checked_mesh(name, part.vertices, part.faces)
    materials = {id(part.material): part.material for part in parts}
    if len(materials) == 1:
        return _joined(parts, name, parts[0].material)
    textured = any(_textured(part) for part in parts)
    if not textured:
        return _coloured(parts, name)
    if any(part.colours is not None and not _textured(part) for part in parts):
        warn(f"{name}: vertex colours of parts without a texture are kept beside the atlas, not in it")
    return _joined(*_with_atlas(parts, name, warn))


def _textured(part: Part) -> bool:
    return part.uv is not None and part.material is not None and part.material.base_colour is not None


def _joined(parts: list[Part], name: str, material: Material | None) -> Mesh:
    counts = np.array([len(part.vertices) for part in parts])
    offsets = np.cumsum(counts) - counts
    faces = np.concatenate([part.faces + offset for part, offset in zip(parts, offsets, strict=True)])
    colours = None
    if any(part.colours is not None for part in parts):
        white = [np.full((count, 3), 255, np.uint8) for count in counts]
        colours = np.concatenate(
            [
                blank if part.colours is None else part.colours
                for part, blank in zip(parts, white, strict=True)
            ]
        )
    return checked_mesh(
        name,
        np.concatenate([part.vertices for part in parts]),
        faces,
        _all([part.uv for part in parts]),
        _all([part.normals for part in parts]),
        colours,
        material,
    )


def _all(arrays: list[Array | None]) -> Array | None:
    found = [array for array in arrays if array is not None]
    return np.concatenate(found) if len(found) == len(arrays) else None


def _coloured(parts: list[Part], name: str) -> Mesh:
    """Materials of plain colours as vertex colours: the same picture, with one material."""
    painted = []
    for part in parts:
        linear = np.ones((len(part.vertices), 3), np.float32)
        if part.colours is not None:
            linear = srgb.decode(part.colours[:, :3].astype(np.float32) / np.float32(255))
        linear = linear * np.array((part.material or Material()).base_factor[:3], np.float32)
        colours = (np.clip(srgb.encode(linear), 0, 1) * 255 + 0.5).astype(np.uint8)
        painted.append(Part(part.vertices, part.faces, part.uv, part.normals, colours))
    largest = max(parts, key=lambda part: len(part.faces)).material or Material()
    return _joined(painted, name, Material(metallic=largest.metallic, roughness=largest.roughness))


def _with_atlas(parts: list[Part], name: str, warn: Warn) -> tuple[list[Part], str, Material]:
    tiles: list[Tile] = []
    index: dict[tuple[int, int, int], int] = {}
    chosen: list[tuple[int, Array]] = []
    clipped = 0
    for part in parts:
        material = part.material or Material()
        if _textured(part):
            assert part.uv is not None
            uv, across, down, wrapped = _unwrapped(np.asarray(part.uv, np.float64))
            clipped += wrapped
        else:
            uv, across, down = np.full((len(part.vertices), 2), 0.5), 1, 1
        key = (id(part.material), across, down)
        if key not in index:
            index[key] = len(tiles)
            tiles.append(Tile(material, across, down))
        chosen.append((index[key], uv))
    if clipped:
        warn(
            f"{name}: textures repeat more than {_MAX_REPEATS} times on {clipped:,} vertices; seams may show"
        )
    atlas, boxes, shrunk = pack(tiles)
    if shrunk < 1:
        warn(f"{name}: textures were scaled by {shrunk:.2f} to fit into one of 16384 pixels")
    placed = []
    for part, (tile, uv) in zip(parts, chosen, strict=True):
        left, top, wide, high = boxes[tile]
        moved = np.column_stack([left + uv[:, 0] * wide, top + uv[:, 1] * high])
        placed.append(Part(part.vertices, part.faces, moved, part.normals, part.colours))
    return placed, name, atlas


def _unwrapped(uv: Array) -> tuple[Array, int, int, int]:
    """uv within 0..1 of a texture laid out (across, down) times, and how many vertices had to be wrapped."""
    uv = np.nan_to_num(uv, nan=0.0, posinf=0.0, neginf=0.0)
    edge = 1e-4  # rounding at the border is no repeat
    low = np.floor(uv.min(axis=0) + edge)
    repeats = np.maximum(np.ceil(uv.max(axis=0) - edge) - low, 1)
    wrapped = 0
    if (repeats > _MAX_REPEATS).any():
        repeats = np.minimum(repeats, _MAX_REPEATS)
        beyond = ((uv - low) > repeats).any(axis=1)
        wrapped = int(beyond.sum())
        uv = np.where(beyond[:, None], low + (uv - low) % repeats, uv)
    across, down = repeats.astype(int).tolist()
    return np.clip((uv - low) / repeats, 0, 1), across, down, wrapped
