"""Several textures in one: shelves of tiles, each with a border of its own edge against its neighbours."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.formats import srgb
from meshloom.graph_runtime.formats.image_reading import resized
from meshloom.graph_runtime.types import Material

Array = NDArray[Any]
Box = tuple[float, float, float, float]

_MAX_SIDE = 16384
#: Pixels of a tile's edge repeated around it: enough for three levels of mip maps.
_BORDER = 8
#: The side of a tile of one plain colour.
_PLAIN = 8


@dataclass(frozen=True)
class Tile:
    """A material whose textures are laid out ``across`` times ``down`` times."""

    material: Material
    across: int = 1
    down: int = 1

    def one(self, scale: float) -> tuple[int, int]:
        """Width and height in pixels of the texture once."""
        texture = self.material.base_colour
        wide, high = (_PLAIN, _PLAIN) if texture is None else (texture.shape[1], texture.shape[0])
        return max(1, round(wide * scale)), max(1, round(high * scale))


def pack(tiles: list[Tile]) -> tuple[Material, list[Box], float]:
    """One material of all ``tiles``, each one's box (left, top, width, height; 0..1), the scale to fit."""
    scale = 1.0
    while True:
        ones = [tile.one(scale) for tile in tiles]
        sizes = [
            (wide * tile.across, high * tile.down) for (wide, high), tile in zip(ones, tiles, strict=True)
        ]
        places, width, height = _shelves([(wide + 2 * _BORDER, high + 2 * _BORDER) for wide, high in sizes])
        if max(width, height) <= _MAX_SIDE:
            break
        scale *= min(0.95, _MAX_SIDE / max(width, height))
    boxes = [
        ((left + _BORDER) / width, (top + _BORDER) / height, wide / width, high / height)
        for (left, top), (wide, high) in zip(places, sizes, strict=True)
    ]
    see_through = any(_base(tile).shape[2] == 4 for tile in tiles)

    def sheet(pictures: list[Array], channels: int) -> Array:
        result = np.zeros((height, width, channels), np.uint8)
        for picture, (left, top), (wide, high), tile in zip(pictures, places, ones, tiles, strict=True):
            if picture.shape[:2] != (high, wide):
                picture = resized(np.ascontiguousarray(picture), wide, high)
            picture = np.tile(_channels(picture, channels), (tile.down, tile.across, 1))
            padded = np.pad(picture, ((_BORDER, _BORDER), (_BORDER, _BORDER), (0, 0)), mode="edge")
            result[top : top + padded.shape[0], left : left + padded.shape[1]] = padded
        return result

    def second(name: str, plain: list[tuple[int, int, int]]) -> Array | None:
        """The sheet of another texture, if any tile has one; the others are plain."""
        if all(getattr(tile.material, name) is None for tile in tiles):
            return None
        pictures = []
        for tile, colour in zip(tiles, plain, strict=True):
            found = getattr(tile.material, name)
            plain_one = np.full((1, 1, 3), colour, np.uint8)
            pictures.append(plain_one if found is None else found)
        return sheet([np.asarray(picture) for picture in pictures], 3)

    base = sheet([_base(tile) for tile in tiles], 4 if see_through else 3)
    surface = [
        (0, round(255 * _unit(tile.material.roughness)), round(255 * _unit(tile.material.metallic)))
        for tile in tiles
    ]
    differ = len(set(surface)) > 1
    metallic_roughness = second("metallic_roughness", surface)
    if metallic_roughness is None and differ:
        metallic_roughness = sheet([np.full((1, 1, 3), colour, np.uint8) for colour in surface], 3)
    first = tiles[0].material
    return (
        Material(
            base_colour=base,
            metallic_roughness=metallic_roughness,
            metallic=1.0 if metallic_roughness is not None else first.metallic,
            roughness=1.0 if metallic_roughness is not None else first.roughness,
            normal=second("normal", [(128, 128, 255)] * len(tiles)),
        ),
        boxes,
        scale,
    )


def _shelves(sizes: list[tuple[int, int]]) -> tuple[list[tuple[int, int]], int, int]:
    """Places of rectangles in rows, the tallest first, about as wide as high; and the size of it all."""
    area = sum(wide * high for wide, high in sizes)
    limit = max(math.isqrt(area), *(wide for wide, _ in sizes))
    places = [(0, 0)] * len(sizes)
    left = top = shelf = widest = 0
    for index in sorted(range(len(sizes)), key=lambda i: (-sizes[i][1], -sizes[i][0], i)):
        wide, high = sizes[index]
        if left and left + wide > limit:
            left, top, shelf = 0, top + shelf, 0
        places[index] = (left, top)
        left, shelf = left + wide, max(shelf, high)
        widest = max(widest, left)
    return places, widest, top + shelf


def _base(tile: Tile) -> Array:
    """The base colour with the factor multiplied in, (H, W, 3|4) uint8."""
    factor = np.array(tile.material.base_factor, np.float32)
    texture = tile.material.base_colour
    if texture is None:
        colour = np.append(srgb.encode(np.clip(factor[:3], 0, 1)), np.clip(factor[3], 0, 1))
        plain = (colour * 255 + 0.5).astype(np.uint8)[None, None]
        return plain if factor[3] < 1 else plain[:, :, :3]
    if (factor != 1).any():
        light = srgb.decode(texture[:, :, :3].astype(np.float32) / np.float32(255)) * factor[:3]
        painted = (np.clip(srgb.encode(light), 0, 1) * 255 + 0.5).astype(np.uint8)
        if texture.shape[2] == 4 or factor[3] < 1:
            alpha = _channels(texture, 4)[:, :, 3:] * _unit(float(factor[3])) + 0.5
            painted = np.concatenate([painted, alpha.astype(np.uint8)], axis=2)
        texture = painted
    return texture


def _channels(picture: Array, count: int) -> Array:
    if picture.shape[2] == count:
        return picture
    if picture.shape[2] > count:
        return picture[:, :, :count]
    opaque = np.full((*picture.shape[:2], count - picture.shape[2]), 255, np.uint8)
    return np.concatenate([picture, opaque], axis=2)


def _unit(number: float) -> float:
    return min(max(number, 0.0), 1.0)
