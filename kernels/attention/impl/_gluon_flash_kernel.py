"""Flash attention for Hopper in Gluon: a warp that fetches, two groups of warps that compute.

The schedule of FlashAttention-3 (Shah et al., arXiv 2407.08608): tiles arrive by TMA in a ring that mbarriers guard;
each group of four warps owns 64 queries, and the products Q K^T of the next block of keys run while the softmax of
this one is taken and its P V is under way. The fetching warp gives its registers to the others.

Blocks of keys go from the last to the first, so that the ragged end and the diagonal come first and the long rest
needs no mask. Gluon has no interpreter: tests run this source with its words replaced by slow ones.
"""

from __future__ import annotations

from triton.experimental import gluon
from triton.experimental.gluon import language as gl
from triton.experimental.gluon.language.nvidia.hopper import (
    fence_async_shared,
    mbarrier,
    tma,
    warpgroup_mma,
    warpgroup_mma_wait,
)

# Triton before 3.7 calls them so.
load_tile = getattr(tma, "async_load", None) or tma.async_copy_global_to_shared
store_tile = getattr(tma, "async_store", None) or tma.async_copy_shared_to_global


@gluon.jit
def _fetch(
    q, k, v, tiles, bars, batch, head, key_head, first, blocks, BLOCK_N: gl.constexpr,
    HEAD: gl.constexpr, STAGES: gl.constexpr,
):  # fmt: skip
    """The fetching warp: both tiles of queries, then keys and values into the ring as places get free."""
    q_tiles, k_tiles, v_tiles = tiles
    q_ready, k_ready, k_free, v_ready, v_free = bars
    for part in gl.static_range(2):
        mbarrier.expect(q_ready.index(part), 64 * HEAD * 2)
        load_tile(q, [batch, first + 64 * part, head, 0], q_ready.index(part), q_tiles.index(part))
    for i in range(blocks):
        place = i % STAGES
        phase = i // STAGES & 1
        start = (blocks - 1 - i) * BLOCK_N
        mbarrier.wait(k_free.index(place), phase ^ 1)
        mbarrier.expect(k_ready.index(place), BLOCK_N * HEAD * 2)
        load_tile(k, [batch, start, key_head, 0], k_ready.index(place), k_tiles.index(place))
        mbarrier.wait(v_free.index(place), phase ^ 1)
        mbarrier.expect(v_ready.index(place), BLOCK_N * HEAD * 2)
        load_tile(v, [batch, start, key_head, 0], v_ready.index(place), v_tiles.index(place))


@gluon.jit
def _softmax(
    scores, top, total, rows, start, nk, shift, scale,
    BLOCK_N: gl.constexpr, MASKED: gl.constexpr, CAUSAL: gl.constexpr, SCORES: gl.constexpr,
):  # fmt: skip
    """(weights, how much sums so far shrink, maximum, total) after a block of scores."""
    if MASKED:
        keys = start + gl.arange(0, BLOCK_N, gl.SliceLayout(0, SCORES))
        seen = gl.expand_dims(keys, 0) < nk
        if CAUSAL:
            seen = seen & (gl.expand_dims(keys, 0) <= gl.expand_dims(rows, 1) + shift)
        scores = gl.where(seen, scores, float("-inf"))
    most = gl.maximum(top, gl.max(scores, 1))
    # A row that has met no key yet has no maximum to take off.
    base = gl.where(most == float("-inf"), 0.0, most * scale)
    shrink = gl.exp2(top * scale - base)
    weights = gl.exp2(scores * scale - gl.expand_dims(base, 1))
    return weights, shrink, most, total * shrink + gl.sum(weights, 1)


@gluon.jit
def _step(
    i, acc, weights, top, total, queries, tiles, bars, rows, blocks, nk, shift, scale,
    BLOCK_N: gl.constexpr, HEAD: gl.constexpr, STAGES: gl.constexpr, MASKED: gl.constexpr,
    CAUSAL: gl.constexpr, SCORES: gl.constexpr, SUMS: gl.constexpr, DTYPE: gl.constexpr,
):  # fmt: skip
    """Scores of block ``i`` while the weights of the block before meet their values."""
    _q_tiles, k_tiles, v_tiles = tiles
    _q_ready, k_ready, k_free, v_ready, v_free = bars
    place = i % STAGES
    before = (i - 1) % STAGES
    mbarrier.wait(k_ready.index(place), i // STAGES & 1)
    keys = k_tiles.index(place).reshape([BLOCK_N, HEAD]).permute((1, 0))
    nothing = gl.full([64, BLOCK_N], 0.0, gl.float32, SCORES)
    coming = warpgroup_mma(queries, keys, nothing, use_acc=False, is_async=True)
    mbarrier.wait(v_ready.index(before), (i - 1) // STAGES & 1)
    values = v_tiles.index(before).reshape([BLOCK_N, HEAD])
    held = gl.convert_layout(weights.to(DTYPE), gl.DotOperandLayout(0, SUMS, 2))
    acc = warpgroup_mma(held, values, acc, is_async=True)
    scores = warpgroup_mma_wait(1, deps=[coming])
    mbarrier.arrive(k_free.index(place), count=1)
    start = (blocks - 1 - i) * BLOCK_N
    weights, shrink, top, total = _softmax(
        scores, top, total, rows, start, nk, shift, scale, BLOCK_N, MASKED, CAUSAL, SCORES
    )
    acc = warpgroup_mma_wait(0, deps=[acc])
    mbarrier.arrive(v_free.index(before), count=1)
    acc = acc * gl.expand_dims(gl.convert_layout(shrink, gl.SliceLayout(1, SUMS)), 1)
    return acc, weights, top, total


@gluon.jit
def _compute(
    out, tiles, bars, batch, head, first, blocks, masked, nk, shift, scale,
    PART: gl.constexpr, BLOCK_N: gl.constexpr, HEAD: gl.constexpr, STAGES: gl.constexpr, CAUSAL: gl.constexpr,
    DTYPE: gl.constexpr,
):  # fmt: skip
    """Four warps: 64 queries against all blocks of keys, the first ``masked`` of which need a mask."""
    q_tiles, k_tiles, v_tiles = tiles
    q_ready, k_ready, k_free, v_ready, _v_free = bars
    SCORES: gl.constexpr = gl.NVMMADistributedLayout([3, 0], [4, 1], [16, BLOCK_N, 16])
    SUMS: gl.constexpr = gl.NVMMADistributedLayout([3, 0], [4, 1], [16, HEAD, 16])
    start_row = first + 64 * PART
    rows = start_row + gl.arange(0, 64, gl.SliceLayout(1, SCORES))
    top = gl.full([64], float("-inf"), gl.float32, gl.SliceLayout(1, SCORES))
    total = gl.full([64], 0.0, gl.float32, gl.SliceLayout(1, SCORES))
    acc = gl.full([64, HEAD], 0.0, gl.float32, SUMS)
    mbarrier.wait(q_ready.index(PART), 0)
    queries = q_tiles.index(PART).reshape([64, HEAD])
    mbarrier.wait(k_ready.index(0), 0)
    keys = k_tiles.index(0).reshape([BLOCK_N, HEAD]).permute((1, 0))
    nothing = gl.full([64, BLOCK_N], 0.0, gl.float32, SCORES)
    scores = warpgroup_mma(queries, keys, nothing, use_acc=False, is_async=True)
    scores = warpgroup_mma_wait(0, deps=[scores])
    mbarrier.arrive(k_free.index(0), count=1)
    weights, _shrink, top, total = _softmax(
        scores, top, total, rows, (blocks - 1) * BLOCK_N, nk, shift, scale, BLOCK_N, True, CAUSAL, SCORES
    )
    if CAUSAL:
        for i in range(1, masked):
            acc, weights, top, total = _step(
                i, acc, weights, top, total, queries, tiles, bars, rows, blocks, nk, shift, scale,
                BLOCK_N, HEAD, STAGES, True, CAUSAL, SCORES, SUMS, DTYPE,
            )  # fmt: skip
    for i in range(masked, blocks):
        acc, weights, top, total = _step(
            i, acc, weights, top, total, queries, tiles, bars, rows, blocks, nk, shift, scale,
            BLOCK_N, HEAD, STAGES, False, CAUSAL, SCORES, SUMS, DTYPE,
        )  # fmt: skip
    last = (blocks - 1) % STAGES
    mbarrier.wait(v_ready.index(last), (blocks - 1) // STAGES & 1)
    held = gl.convert_layout(weights.to(DTYPE), gl.DotOperandLayout(0, SUMS, 2))
    values = v_tiles.index(last).reshape([BLOCK_N, HEAD])
    acc = warpgroup_mma(held, values, acc, is_async=True)
    acc = warpgroup_mma_wait(0, deps=[acc])
    share = gl.where(total == 0.0, 0.0, 1.0 / gl.where(total == 0.0, 1.0, total))
    acc = acc * gl.expand_dims(gl.convert_layout(share, gl.SliceLayout(1, SUMS)), 1)
    # Nobody reads these queries any more, so their place takes the result; TMA leaves out rows beyond the last.
    queries.store(acc.to(DTYPE))
    fence_async_shared()
    store_tile(out, [batch, start_row, head, 0], q_tiles.index(PART))
    tma.store_wait(0)


@gluon.jit
def gluon_forward(
    q, k, v, out, scale, nq, nk, heads, group,
    BLOCK_N: gl.constexpr, HEAD: gl.constexpr, STAGES: gl.constexpr, CAUSAL: gl.constexpr,
    DTYPE: gl.constexpr,
):  # fmt: skip
    """One program: 128 queries of one head. ``scale``: that of the logits times log2(e), above 0.

    ``q`` and ``out``: descriptors of (B, S, H, D) in boxes of (1, 64, 1, D); ``k``, ``v``: in (1, BLOCK_N, 1, D).
    Grid: (blocks of 128 queries, batch x heads).
    """
    first = gl.program_id(0) * 128
    batch = gl.program_id(1) // heads
    head = gl.program_id(1) % heads
    shift = nk - nq
    last = nk
    whole = nk // BLOCK_N
    if CAUSAL:
        last = gl.minimum(nk, first + 128 + shift)
        whole = gl.minimum(whole, gl.maximum(0, first + shift + 1) // BLOCK_N)
    blocks = gl.maximum(1, (gl.maximum(last, 0) + BLOCK_N - 1) // BLOCK_N)
    masked = gl.maximum(1, blocks - whole)

    q_tiles = gl.allocate_shared_memory(DTYPE, [2, 1, 64, 1, HEAD], q.layout)
    k_tiles = gl.allocate_shared_memory(DTYPE, [STAGES, 1, BLOCK_N, 1, HEAD], k.layout)
    v_tiles = gl.allocate_shared_memory(DTYPE, [STAGES, 1, BLOCK_N, 1, HEAD], v.layout)
    q_ready = gl.allocate_shared_memory(gl.int64, [2, 1], mbarrier.MBarrierLayout())
    k_ready = gl.allocate_shared_memory(gl.int64, [STAGES, 1], mbarrier.MBarrierLayout())
    k_free = gl.allocate_shared_memory(gl.int64, [STAGES, 1], mbarrier.MBarrierLayout())
    v_ready = gl.allocate_shared_memory(gl.int64, [STAGES, 1], mbarrier.MBarrierLayout())
    v_free = gl.allocate_shared_memory(gl.int64, [STAGES, 1], mbarrier.MBarrierLayout())
    for i in gl.static_range(2):
        mbarrier.init(q_ready.index(i), count=1)
    for i in gl.static_range(STAGES):
        mbarrier.init(k_ready.index(i), count=1)
        mbarrier.init(v_ready.index(i), count=1)
        mbarrier.init(k_free.index(i), count=2)
        mbarrier.init(v_free.index(i), count=2)

    bars = (q_ready, k_ready, k_free, v_ready, v_free)
    tiles = (q_tiles, k_tiles, v_tiles)
    # Of 65536 registers each of the 384 threads starts with 168; the fetching warps keep 24 and the others get 240.
    gl.warp_specialize(
        [
            (_compute, (
                out, tiles, bars, batch, head, first, blocks, masked, nk, shift, scale,
                0, BLOCK_N, HEAD, STAGES, CAUSAL, DTYPE,
            )),
            (_compute, (
                out, tiles, bars, batch, head, first, blocks, masked, nk, shift, scale,
                1, BLOCK_N, HEAD, STAGES, CAUSAL, DTYPE,
            )),
            (_fetch, (q, k, v, tiles, bars, batch, head, head // group, first, blocks, BLOCK_N, HEAD, STAGES)),
        ],
        [4, 1],
        [240, 24],
    )  # fmt: skip
