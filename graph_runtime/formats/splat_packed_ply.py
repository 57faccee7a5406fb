"""Splats as the compressed PLY of PlayCanvas and SuperSplat: 16 bytes each, and a byte a higher coefficient.

Elements: ``chunk``, one for every 256 splats, with the least and the largest of their positions, logarithms of
scales, and (in files since 2024) colours in 0..1; ``vertex``, with position and scale as 11, 10 and 11 bits between
these, rotation as the number of its largest part in 2 bits and the other three of w, x, y, z in 10 bits each, colour
and opacity as bytes; ``sh``, ``f_rest`` as bytes over -4..4, in the order of the PLY. Axes are those of the PLY.
Source: github.com/playcanvas/splat-transform (MIT), whose reader and writer are the format's only description.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats.ply import Element, write_ply
from meshloom.graph_runtime.formats.splat_parts import (
    BANDS,
    SH_0,
    Array,
    Warn,
    check_count,
    normalised,
    repaired,
)
from meshloom.graph_runtime.types import Splats

CHUNK = 256
_PACKED = ("packed_position", "packed_rotation", "packed_scale", "packed_color")
_AXES, _COLOURS = ("x", "y", "z"), ("r", "g", "b")
_WIDTHS = (11, 10, 11)
#: Logarithms of scales are held within this.
_FARTHEST = 20.0


def is_packed(elements: Mapping[str, Element]) -> bool:
    """Whether a PLY's elements say that its splats are packed."""
    return "chunk" in elements and "vertex" in elements and _PACKED[0] in elements["vertex"].columns


def read_packed(
    elements: Mapping[str, Element], name: str, antialiased: bool, warn: Warn | None = None
) -> Splats:
    """The splats. Raises ``NodeError`` where columns or chunks are missing."""
    chunks, vertices = elements["chunk"], elements["vertex"]
    count = vertices.count
    check_count(count, name)
    if chunks.count * CHUNK < count:
        raise NodeError(
            f"{name} has {chunks.count:,} chunks for {count:,} splats; expected {-(-count // CHUNK):,}",
            hint="export it again",
        )
    words = [vertices.column(column) for column in _PACKED]
    if any(word is None or word.dtype.kind != "u" or word.dtype.itemsize != 4 for word in words):
        raise NodeError(
            f"{name} lacks some of {', '.join(_PACKED)}, or has them as another type than uint",
            hint="export it again",
        )
    place, turn, size, colour = (word.astype(np.uint32) for word in words if word is not None)
    which = np.arange(count) // CHUNK

    def between(low: str, axes: Sequence[str], shares: Array) -> Array:
        ends = [chunks.stacked(*(f"{end}_{low}{axis}" for axis in axes)) for end in ("min", "max")]
        if ends[0] is None or ends[1] is None:
            raise NodeError(
                f"{name} lacks columns of its chunks, min_{low}{axes[0]} or others", hint="export it again"
            )
        least, most = (np.asarray(end, np.float64)[which] for end in ends)
        return np.asarray(least * (1 - shares) + most * shares)

    with np.errstate(all="ignore"):
        means = between("", _AXES, _shares(place, _WIDTHS))
        scales = np.exp(np.minimum(between("scale_", _AXES, _shares(size, _WIDTHS)), 80.0))
        seen = _shares(colour, (8, 8, 8, 8))
        rgb = seen[:, :3] if chunks.column("min_r") is None else between("", _COLOURS, seen[:, :3])
    sh = np.concatenate([((rgb - 0.5) / SH_0)[:, None], _higher(elements.get("sh"), count, name)], axis=1)
    return repaired(name, means, _turns(turn), scales, seen[:, 3], sh, antialiased, warn)


def _higher(element: Element | None, count: int, name: str) -> Array:
    """(count, bands - 1, 3) of the element ``sh``."""
    if element is None:
        return np.zeros((count, 0, 3), np.float32)
    columns = len(element.columns)
    bytes_ = element.stacked(*(f"f_rest_{index}" for index in range(columns)))
    if columns // 3 + 1 not in BANDS[1:] or columns % 3 or bytes_ is None or element.count != count:
        raise NodeError(
            f"{name} has {columns} columns of {element.count:,} rows in its element sh; expected f_rest_0 on, 9, 24"
            f" or 45 of them, of {count:,} rows",
            hint="export it again",
        )
    levels = bytes_.astype(np.float32)
    # Between the ends, the middle of what was rounded down to the byte.
    shares = np.where(levels <= 0, 0, np.where(levels >= 255, 1, (levels + np.float32(0.5)) / 256))
    return np.asarray(((shares - 0.5) * 8).reshape(count, 3, columns // 3).transpose(0, 2, 1), np.float32)


def _shares(words: Array, widths: Sequence[int]) -> Array:
    """(N, len(widths)) in 0..1: the first in the highest bits."""
    parts, at = [], 32
    for width in widths:
        at -= width
        most = (1 << width) - 1
        parts.append((words >> np.uint32(at) & np.uint32(most)) / most)
    return np.column_stack(parts)


def _turns(words: Array) -> Array:
    """(N, 4) w, x, y, z."""
    largest = (words >> np.uint32(30)).astype(np.int64)
    small = (_shares(words << np.uint32(2), (10, 10, 10)) - 0.5) * np.sqrt(2)
    missing = np.sqrt(np.maximum(1 - (small**2).sum(axis=1), 0))
    # The three stand in the places that the largest leaves free, in order.
    places = np.array([[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]])[largest]
    found = np.empty((len(words), 4))
    np.put_along_axis(found, places, small, axis=1)
    np.put_along_axis(found, largest[:, None], missing[:, None], axis=1)
    return found


# ------------------------------------------------------------------------------------------------ writing


def write_packed(splats: Splats, comments: Sequence[str] = ()) -> bytes:
    """The file; splats that are near stand together, so that chunks are small and their bits fine.

    One that cannot be drawn would spoil the range of all in its chunk: such are left out, as they are when read.
    """
    splats = repaired(
        "the scene", splats.means, splats.quaternions, splats.scales, splats.opacities, splats.sh, False, None
    )
    order = _along_a_curve(splats.means)
    means = splats.means[order].astype(np.float64)
    scales = np.clip(np.log(splats.scales[order].astype(np.float64)), -_FARTHEST, _FARTHEST)
    colours = splats.sh[order, 0].astype(np.float64) * SH_0 + 0.5
    starts = np.arange(0, len(means), CHUNK)
    chunks: dict[str, Array] = {}
    shares = []
    for values, low, axes in ((means, "", _AXES), (scales, "scale_", _AXES), (colours, "", _COLOURS)):
        # As float32, which is what a reader has.
        least, most = (
            of.reduceat(values, starts, axis=0).astype(np.float32) for of in (np.minimum, np.maximum)
        )
        for end, table in (("min", least), ("max", most)):
            chunks |= {f"{end}_{low}{axis}": table[:, index] for index, axis in enumerate(axes)}
        begin, width = (np.repeat(part, CHUNK, axis=0)[: len(means)] for part in (least, most - least))
        shares.append((values - begin) / np.where(width > 1e-9, width, 1))
    opacities = splats.opacities[order][:, None]
    vertex = {
        "packed_position": _packed(shares[0], _WIDTHS),
        "packed_rotation": _packed_turns(splats.quaternions[order]),
        "packed_scale": _packed(shares[1], _WIDTHS),
        "packed_color": _packed(np.concatenate([shares[2], opacities], axis=1), (8, 8, 8, 8)),
    }
    elements: dict[str, dict[str, Array]] = {"chunk": chunks, "vertex": vertex}
    rest = splats.sh[order, 1:].transpose(0, 2, 1).reshape(len(means), -1)
    if rest.shape[1]:
        levels = np.clip((rest / 8 + 0.5) * 256, 0, 255).astype(np.uint8)
        elements["sh"] = {f"f_rest_{index}": levels[:, index] for index in range(levels.shape[1])}
    return write_ply(elements, comments)


def _packed(shares: Array, widths: Sequence[int]) -> Array:
    words, at = np.zeros(len(shares), np.uint32), 32
    for index, width in enumerate(widths):
        at -= width
        most = (1 << width) - 1
        words |= np.clip(shares[:, index] * most + 0.5, 0, most).astype(np.uint32) << np.uint32(at)
    return words


def _packed_turns(quaternions: Array) -> Array:
    turns = normalised(quaternions).astype(np.float64)
    largest = np.abs(turns).argmax(axis=1)[:, None]
    turns *= np.where(np.take_along_axis(turns, largest, axis=1) < 0, -1, 1)
    small = turns[np.arange(4) != largest].reshape(-1, 3)
    words = _packed(small * np.sqrt(0.5) + 0.5, (10, 10, 10)) >> np.uint32(2)
    return np.asarray(words | largest[:, 0].astype(np.uint32) << np.uint32(30))


def _along_a_curve(means: Array) -> Array:
    """The order along Morton's curve, in which neighbours are mostly near.

    Of ranks along the axes, not of places: a few far splats (sky) would leave all others in one cell.
    """
    code, step = np.zeros(len(means), np.uint32), max(1, -(-len(means) // 1024))
    for axis in range(3):
        cells = np.empty(len(means), np.uint32)
        cells[np.argsort(means[:, axis], kind="stable")] = np.arange(len(means)) // step
        for bit in range(10):
            code |= (cells >> np.uint32(bit) & np.uint32(1)) << np.uint32(3 * bit + axis)
    return np.argsort(code, kind="stable")
