"""Flash attention of one head on the processor: bf16 products, float32 sums and softmax.

The online softmax of Dao et al. (arXiv 2205.14135) in base 2. Scores of 64 queries by up to 512 keys stay in the
second-level cache.
"""

from __future__ import annotations

import numpy as np
from numba import boolean, float32, int32, int64, njit, types, uint16, void

from meshloom.kernels.attention.impl._cpu_bf16_tile import ROWS, WIDTH, tile

#: Queries in a block (a multiple of ROWS) and most keys in one (a multiple of WIDTH).
QUERIES = 64
KEYS = 512

#: Logits (base 2) of a key that does not exist, of one masked by a finite number beyond float32, and between.
DEAD, LEAST, NO_KEY = -1e30, -0.9e30, np.float32(-0.95e30)

ZERO, ONE, HALF = np.float32(0), np.float32(1), np.int32(0x7FFF)
FLOOR, NOT_A_NUMBER = np.float32(-126), np.float32(np.nan)
START = np.float32(DEAD)
#: 2**x on [-1, 0] to 3e-7: 1 + C1 x + ... with the least largest relative error.
C1, C2, C3 = np.float32(0.69314372), np.float32(0.24018014), np.float32(0.05529736)
C4, C5 = np.float32(0.00920580), np.float32(0.00094490)
#: The exponents of a pair of bf16.
LOW, HIGH = np.int32(0x7F80), np.int32(0x7F800000)
SHIFT23, SHIFT16, LAST_BIT = np.int32(23), np.int32(16), np.int32(1)

#: Sums may be reordered; infinities and NaN keep their meaning.
MATHS = {"contract", "reassoc", "nsz", "arcp"}

_A2, _C4, _OUT = types.Array(int32, 2, "A"), types.Array(int32, 4, "C"), types.Array(uint16, 2, "A")
_BIAS = types.Array(float32, 2, "A")


@njit(inline="always")
def not_finite(word):  # type: ignore[no-untyped-def]
    """1 where one of a pair of bf16 has all bits of its exponent set, else 0."""
    return np.int32((word & LOW) == LOW) | np.int32((word & HIGH) == HIGH)


@njit(boolean(_A2, _OUT, _C4, _C4), cache=True, nogil=True)
def pack(k, v, keys, values):  # type: ignore[no-untyped-def]
    """Lay one head's K and V out for :func:`tile`; keys beyond the last are zero. Whether all of K is finite.

    ``k``: (Nk, D/2) int32 pairs, ``v``: (Nk, D) uint16. ``keys``: (blocks, block/WIDTH, D/2, WIDTH),
    ``values``: (blocks, D/WIDTH, block/2, WIDTH), both int32.
    """
    count, half = k.shape
    blocks, panels = keys.shape[:2]
    size = panels * WIDTH
    ill = np.int32(0)
    for block in range(blocks):
        for panel in range(panels):
            for w in range(WIDTH):
                at = block * size + panel * WIDTH + w
                if at < count:
                    for d in range(half):
                        word = k[at, d]
                        keys[block, panel, d, w] = word
                        ill |= not_finite(word)
                else:
                    for d in range(half):
                        keys[block, panel, d, w] = 0
        for panel in range(values.shape[1]):
            for pair in range(size // 2):
                at = block * size + 2 * pair
                for w in range(WIDTH):
                    low = np.uint32(v[at, panel * WIDTH + w]) if at < count else np.uint32(0)
                    high = np.uint32(v[at + 1, panel * WIDTH + w]) if at + 1 < count else np.uint32(0)
                    values[block, panel, pair, w] = np.int32(low | high << np.uint32(16))
    return ill == 0


@njit(
    void(_A2, _C4, _C4, _BIAS, _OUT, int64, float32, boolean, boolean, int64, int64),
    cache=True,
    nogil=True,
    fastmath=MATHS,
    error_model="numpy",
)
def attend(q, keys, values, bias, out, count, scale, causal, healthy, first, last):  # type: ignore[no-untyped-def]
    """Fill rows ``first`` to ``last`` of ``out`` (Nq, Dv) uint16 (bf16 bits).

    ``q``: (Nq, D/2) int32 pairs; ``keys``, ``values`` of :func:`pack`; ``bias``: (Nq or 1, Nk) float32 in base 2,
    or (0, 0) for none; ``count``: Nk; ``scale``: that of the logits times log2(e); ``healthy``: K is finite. What
    is not finite in Q or K gives NaN: a maximum is blind to it, and an error must not look like a result.
    """
    queries, half = q.shape
    blocks, panels, _, _ = keys.shape
    size = panels * WIDTH
    wide = values.shape[1] * WIDTH
    shift = count - queries
    masked = bias.shape[0] > 0
    scores = np.zeros((QUERIES, size), np.float32)
    weights = np.zeros((QUERIES, size // 2), np.int32)
    weight_bits = weights.view(np.uint16)
    sums = np.zeros((QUERIES, wide), np.float32)
    rows = np.zeros((QUERIES, half), np.int32)
    top = np.empty(QUERIES, np.float32)
    total = np.empty(QUERIES, np.float32)
    sick = np.zeros(QUERIES, np.int32)
    for begin in range(first, last, QUERIES):
        tall = min(QUERIES, last - begin)
        for i in range(tall):
            ill = np.int32(not healthy)
            for d in range(half):
                rows[i, d] = q[begin + i, d]
                ill |= not_finite(q[begin + i, d])
            sick[i] = ill
        top[:] = START
        total[:] = ZERO
        sums[:] = ZERO
        for block in range(blocks):
            here = min(size, count - block * size)
            if causal:
                here = min(here, begin + tall + shift - block * size)
                if here <= 0:
                    break
            for panel in range((here + WIDTH - 1) // WIDTH):
                for i in range(0, tall, ROWS):
                    at = ((block * panels + panel) * half) * WIDTH
                    tile(scores, i * size + panel * WIDTH, size, rows, i * half, half, keys, at, half, False)
            even = (here + 1) // 2 * 2
            for i in range(tall):
                score, bits = scores[i], weight_bits[i]
                seen = here
                if causal:
                    seen = max(0, min(here, begin + i + 1 + shift - block * size))
                if masked:
                    row = bias[begin + i if bias.shape[0] > 1 else 0]
                    for j in range(seen):
                        score[j] = score[j] * scale + row[block * size + j]
                else:
                    for j in range(seen):
                        score[j] = score[j] * scale
                most = START
                for j in range(seen):
                    most = max(most, score[j])
                if most > top[i]:
                    shrink = np.float32(2.0) ** max(top[i] - most, np.float32(-200))
                    total[i] *= shrink
                    for d in range(wide):
                        sums[i, d] *= shrink
                    top[i] = most
                most = top[i]
                gained = ZERO
                for j in range(seen):
                    x = max(score[j] - most, FLOOR)
                    whole = np.int32(x)
                    part = x - np.float32(whole)
                    power = ((((C5 * part + C4) * part + C3) * part + C2) * part + C1) * part + ONE
                    held = np.int32(np.float32(power).view(np.int32) + np.int32(whole << SHIFT23))
                    gained += np.int32(held).view(np.float32)
                    bits[j] = np.uint16((held + HALF + ((held >> SHIFT16) & LAST_BIT)) >> SHIFT16)
                for j in range(seen, even):
                    bits[j] = 0
                total[i] += gained
            for panel in range(wide // WIDTH):
                for i in range(0, tall, ROWS):
                    at = ((block * (wide // WIDTH) + panel) * (size // 2)) * WIDTH
                    row = i * (size // 2)
                    tile(
                        sums,
                        i * wide + panel * WIDTH,
                        wide,
                        weights,
                        row,
                        size // 2,
                        values,
                        at,
                        even // 2,
                        True,
                    )
        for i in range(tall):
            share = ONE / total[i] if top[i] > NO_KEY else ZERO
            if sick[i]:
                share = NOT_A_NUMBER
            for d in range(wide):
                found = sums[i, d] * share
                held = np.float32(found).view(np.int32)
                if found == found:
                    rounded = np.uint16((held + HALF + ((held >> SHIFT16) & LAST_BIT)) >> SHIFT16)
                else:  # rounding a NaN could carry it into another number
                    rounded = np.uint16(0x7FC0)
                out[begin + i, d] = rounded
