"""Which ellipses touch which tiles of the picture, nearest first.

The ellipse at one grey level is cut with each row of tiles exactly, as in Hanson et al., "Speedy-Splat" (2025):
thin slanted ellipses touch far fewer tiles than their bounding boxes do.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from meshloom.kernels.splatting.projecting import DEPTH, LIMIT, MX, MY, REACH_X, REACH_Y, A, B, C

#: Pixels along the side of a tile.
TILE = 16


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _tile_rows(row, tiles_down):  # type: ignore[no-untyped-def]
    """(first, end) of the rows of tiles that the ellipse reaches into, by pixel centres."""
    top = int(np.ceil(row[MY] - row[REACH_Y] - 0.5))
    bottom = int(np.floor(row[MY] + row[REACH_Y] - 0.5))
    return max(top, 0) // TILE, min(bottom // TILE + 1, tiles_down)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _span(row, tile_row, tiles_across):  # type: ignore[no-untyped-def]
    """(first, end) of the tiles of one row that the ellipse reaches into."""
    my, reach = float(row[MY]), float(row[REACH_Y])
    upper = max(tile_row * TILE + 0.5 - my, -reach)
    lower = min(tile_row * TILE + TILE - 0.5 - my, reach)
    a, b, c, across = float(row[A]), float(row[B]), float(row[C]), float(row[REACH_X])
    # The ellipse is widest to the right at dy = -b/c times its reach; within the band, at the nearest dy.
    turn = -b / c * across
    dy = min(max(turn, upper), lower)
    twice = 2.0 * row[LIMIT] * a
    right = (-b * dy + np.sqrt(max((b * b - a * c) * dy * dy + twice, 0.0))) / a
    dy = min(max(-turn, upper), lower)
    left = (-b * dy - np.sqrt(max((b * b - a * c) * dy * dy + twice, 0.0))) / a
    # A hair more than the ellipse, against rounding.
    first = int(np.ceil(row[MX] + left - 0.502))
    end = int(np.floor(row[MX] + right - 0.498))
    return max(first, 0) // TILE, min(end // TILE + 1, tiles_across) if end >= 0 else 0


@njit(cache=True, nogil=True, error_model="numpy")
def count(first, last, rows, tiles_across, tiles_down, each, lengths):  # type: ignore[no-untyped-def]
    """Write how many tiles each of ``rows[first:last]`` touches; add to ``lengths`` (tiles,) how many touch each."""
    for n in range(first, last):
        total = 0
        row = rows[n]
        if row[REACH_X] >= 0:
            begin, end = _tile_rows(row, tiles_down)
            for tile_row in range(begin, end):
                left, right = _span(row, tile_row, tiles_across)
                for tile in range(left, right):
                    lengths[tile_row * tiles_across + tile] += 1
                total += max(right - left, 0)
        each[n] = total


@njit(cache=True, nogil=True, error_model="numpy")
def by_depth(rows, each):  # type: ignore[no-untyped-def]
    """Numbers of the Gaussians that touch a tile, nearest first; equal depths keep their order (radix sort)."""
    total = 0
    for n in range(len(each)):
        total += each[n] > 0
    keys, order = np.empty(total, np.uint32), np.empty(total, np.int32)
    other_keys, other = np.empty(total, np.uint32), np.empty(total, np.int32)
    one = np.empty(1, np.float32)
    bits = one.view(np.uint32)
    at = 0
    for n in range(len(each)):
        if each[n] > 0:
            one[0] = rows[n, DEPTH]
            keys[at] = bits[0]
            order[at] = n
            at += 1
    buckets = np.empty(2048, np.int64)
    for step in range(3):
        by = np.uint32(11 * step)
        buckets[:] = 0
        for at in range(total):
            buckets[(keys[at] >> by) & np.uint32(2047)] += 1
        before = 0
        for bucket in range(2048):
            here = buckets[bucket]
            buckets[bucket] = before
            before += here
        for at in range(total):
            bucket = (keys[at] >> by) & np.uint32(2047)
            place = buckets[bucket]
            buckets[bucket] = place + 1
            other_keys[place] = keys[at]
            other[place] = order[at]
        keys, other_keys = other_keys, keys
        order, other = other, order
    return order


@njit(cache=True, nogil=True, error_model="numpy")
def fill(order, rows, starts, begin_row, end_row, tiles_across, tiles_down, cursor, who, slot):  # type: ignore[no-untyped-def]
    """List the ellipses of each tile in these rows of tiles, nearest first.

    ``who[i]`` is the Gaussian, ``slot[i]`` its own number of the hit: hits of one Gaussian lie together from
    ``starts[n]`` on. ``cursor`` (tiles,): where each tile's list begins; it is moved.
    """
    for n in order:
        row = rows[n]
        begin, end = _tile_rows(row, tiles_down)
        if begin >= end_row or end <= begin_row:
            continue
        number = starts[n]
        for tile_row in range(begin, min(end, end_row)):
            left, right = _span(row, tile_row, tiles_across)
            if tile_row >= begin_row:
                for tile in range(left, right):
                    place = cursor[tile_row * tiles_across + tile]
                    cursor[tile_row * tiles_across + tile] = place + 1
                    who[place] = n
                    slot[place] = number + tile - left
            number += max(right - left, 0)
