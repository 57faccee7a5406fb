"""Which ellipses touch which tiles of the picture, nearest first.

Every tile gets copies of the rows of its ellipses, side by side in the order of the Gaussians: whoever walks through
a tile, or through all Gaussians in their order, reads memory from one end to the other.

The ellipse at one grey level is cut with each row of tiles exactly, as in Hanson et al., "Speedy-Splat" (2025):
thin slanted ellipses touch far fewer tiles than their bounding boxes do.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from meshloom.kernels.splatting.lanes import EIGHT
from meshloom.kernels.splatting.side_by_side import DEPTH, LIMIT, MX, MY, REACH_X, REACH_Y, ROW, A, B, C

#: Pixels across a tile and down it. Large, for an ellipse in two tiles costs twice; small enough that a picture has
#: some for every thread, and that what is held of one tile stays in the second cache.
WIDE, TALL = 64, 128
#: Columns of pixels of a strip of a tile.
STRIP = EIGHT
#: Columns of what an ellipse sees of a tile: its first column of pixels, how many strips there are from there on, and
#: for each of them the first and the end of the rows of pixels that it reaches there.
WINDOW = 2 + 2 * WIDE // STRIP
HALF = np.float32(0.5)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _extent(middle, reach, size, tiles):  # type: ignore[no-untyped-def]
    """(first, end) of the rows or columns of tiles that the ellipse reaches into, by pixel centres."""
    first = int(np.ceil(middle - reach - 0.5))
    last = int(np.floor(middle + reach - 0.5))
    return max(first, 0) // size, min(last // size + 1, tiles)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _span(row, tile_row, tiles_across):  # type: ignore[no-untyped-def]
    """(first, end) of the tiles of one row that the ellipse reaches into."""
    my, reach = float(row[MY]), float(row[REACH_Y])
    upper = max(tile_row * TALL + 0.5 - my, -reach)
    lower = min(tile_row * TALL + TALL - 0.5 - my, reach)
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
    return max(first, 0) // WIDE, min(end // WIDE + 1, tiles_across) if end >= 0 else 0


@njit(cache=True, nogil=True, error_model="numpy")
def count(first, last, rows, tiles_across, tiles_down, each, one, lengths):  # type: ignore[no-untyped-def]
    """Write how many tiles each of ``rows[first:last]`` touches, and in ``one`` the last of them.

    Adds to ``lengths`` (tiles,) how many touch each.
    """
    for n in range(first, last):
        total = 0
        row = rows[n]
        if row[REACH_X] >= 0:
            begin, end = _extent(row[MY], row[REACH_Y], TALL, tiles_down)
            left, right = _extent(row[MX], row[REACH_X], WIDE, tiles_across)
            slants = end - begin > 1 and right - left > 1
            for tile_row in range(begin, end):
                if slants:
                    left, right = _span(row, tile_row, tiles_across)
                for tile in range(tile_row * tiles_across + left, tile_row * tiles_across + right):
                    lengths[tile] += 1
                    one[n] = tile
                    total += 1
        each[n] = total


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _append(row, tile, cursor, copies):  # type: ignore[no-untyped-def]
    """Copy ``row`` to the end of the tile's list; the place."""
    place = cursor[tile]
    cursor[tile] = place + 1
    for column in range(ROW):
        copies[place, column] = row[column]
    return place


@njit(cache=True, nogil=True, error_model="numpy")
def fill(first, last, rows, starts, one, tiles_across, tiles_down, cursor, copies, places):  # type: ignore[no-untyped-def]
    """Copy ``rows[first:last]`` into the lists of the tiles that each touches, (M, 16), one list after the other.

    ``cursor`` (tiles,): where in ``copies`` the next of each tile goes; it is moved. The copies of Gaussian n are at
    ``places[starts[n] : starts[n + 1]]``.
    """
    for n in range(first, last):
        number = starts[n]
        if number == starts[n + 1]:
            continue
        row = rows[n]
        if number + 1 == starts[n + 1]:  # most are
            places[number] = _append(row, one[n], cursor, copies)
            continue
        begin, end = _extent(row[MY], row[REACH_Y], TALL, tiles_down)
        left, right = _extent(row[MX], row[REACH_X], WIDE, tiles_across)
        slants = end - begin > 1 and right - left > 1
        for tile_row in range(begin, end):
            if slants:
                left, right = _span(row, tile_row, tiles_across)
            for tile in range(tile_row * tiles_across + left, tile_row * tiles_across + right):
                places[number] = _append(row, tile, cursor, copies)
                number += 1


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _within(middle, reach, size):  # type: ignore[no-untyped-def]
    """(first, end) of the pixels 0..size whose centres lie within ``reach`` of ``middle``."""
    first = min(max(int(np.ceil(middle - reach - 0.5)), 0), size)
    return first, max(min(int(np.floor(middle + reach - 0.5)) + 1, size), first)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _see(row, wide, tall, window):  # type: ignore[no-untyped-def]
    """Write the ``window`` of an ellipse in its tile."""
    begin, end = _within(row[MX], row[REACH_X], wide)
    upper, lower = _within(row[MY], row[REACH_Y], tall)
    window[0], window[1] = begin, (end - begin + STRIP - 1) // STRIP
    window[2], window[3] = upper, lower
    if window[1] < 2:
        return
    a, b, c, reach = row[A], row[B], row[C], row[REACH_Y]
    flat = np.float32(float(b) * float(b) - float(a) * float(c))  # of needles, next to nothing is left
    twice, inverse = np.float32(2) * row[LIMIT] * c, np.float32(1) / c
    # The ellipse is lowest at dx = -b/a times its reach; within the strip, at the nearest dx.
    turn = -b / a * reach
    hair = np.float32(0.01) + np.float32(1e-6) * reach
    column = 2
    for strip in range(window[1]):
        west = np.float32(begin + strip * STRIP) + HALF - row[MX]
        east = west + np.float32(STRIP - 1)
        dx = min(max(turn, west), east)
        low = (np.sqrt(max(flat * dx * dx + twice, np.float32(0))) - b * dx) * inverse
        dx = min(max(-turn, west), east)
        high = (-np.sqrt(max(flat * dx * dx + twice, np.float32(0))) - b * dx) * inverse
        # A hair more than the ellipse, against rounding.
        first = min(max(int(np.ceil(row[MY] + high - HALF - hair)), upper), lower)
        window[column] = first
        window[column + 1] = max(min(int(np.floor(row[MY] + low - HALF + hair)) + 1, lower), first)
        column += 2


@njit(cache=True, nogil=True, error_model="numpy")
def by_depth(tiles, offsets, tiles_across, width, height, copies, windows, order):  # type: ignore[no-untyped-def]
    """Put the ``copies`` of each of ``tiles`` in order, nearest first; equal depths stay (radix sort).

    Their centres become those from the tile's corner. ``windows`` (M, WINDOW): see there. ``order`` (M,): the places
    where they were.
    """
    longest = 0
    for tile in tiles:
        longest = max(longest, offsets[tile + 1] - offsets[tile])
    keys, other_keys = np.empty(longest, np.uint32), np.empty(longest, np.uint32)
    here, other = np.empty(longest, np.int32), np.empty(longest, np.int32)
    before = np.empty((longest, ROW), np.float32)
    one = np.empty(1, np.float32)
    bits = one.view(np.uint32)
    buckets = np.empty(256, np.int64)
    for tile in tiles:
        first, length = offsets[tile], offsets[tile + 1] - offsets[tile]
        x0, y0 = (tile % tiles_across) * WIDE, (tile // tiles_across) * TALL
        wide, tall = min(WIDE, width - x0), min(TALL, height - y0)
        least, most = np.uint32(0xFFFFFFFF), np.uint32(0)
        for at in range(length):
            one[0] = copies[first + at, DEPTH]
            keys[at] = bits[0]
            least, most = min(least, bits[0]), max(most, bits[0])
            here[at] = at
            for column in range(ROW):
                before[at, column] = copies[first + at, column]
        # Only the bits in which depths of this tile differ.
        step = 0
        while step < 4 and length > 1 and (most - least) >> np.uint32(8 * step):
            by = np.uint32(8 * step)
            buckets[:] = 0
            for at in range(length):
                buckets[((keys[at] - least) >> by) & np.uint32(255)] += 1
            total = 0
            for bucket in range(256):
                held = buckets[bucket]
                buckets[bucket] = total
                total += held
            for at in range(length):
                bucket = ((keys[at] - least) >> by) & np.uint32(255)
                place = buckets[bucket]
                buckets[bucket] = place + 1
                other_keys[place] = keys[at]
                other[place] = here[at]
            keys, other_keys = other_keys, keys
            here, other = other, here
            step += 1
        for at in range(length):
            row, own, window = before[here[at]], copies[first + at], windows[first + at]
            for column in range(ROW):
                own[column] = row[column]
            own[MX], own[MY] = row[MX] - np.float32(x0), row[MY] - np.float32(y0)
            _see(own, wide, tall, window)
            order[first + at] = first + here[at]
