"""Flash attention in Triton: (B, S, H, D) by strides, ragged lengths, bottom-right causal, grouped heads.

The online softmax of Dao et al. (arXiv 2205.14135, 2307.08691) in base 2. Blocks of keys that no mask touches run
in a loop of their own, so the ragged end and the diagonal cost nothing elsewhere.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def _blocks(
    acc, total, top, q, k_at, v_at, k_row, v_row, pad_at, rows, first, last, nk, shift, scale,
    BLOCK_N: tl.constexpr, MASKED: tl.constexpr, CAUSAL: tl.constexpr, PADDED: tl.constexpr,
    UPCAST: tl.constexpr,
):  # fmt: skip
    """Take keys ``first`` to ``last`` into the running sums."""
    columns = tl.arange(0, BLOCK_N)
    for start in range(first, last, BLOCK_N):
        here = start + columns
        if MASKED:
            k = tl.load(k_at + here[None, :] * k_row, mask=here[None, :] < nk, other=0.0)
        else:
            k = tl.load(k_at + here[None, :] * k_row)
        if UPCAST:
            scores = tl.dot(q.to(tl.float32), k.to(tl.float32), input_precision="ieee")
        else:
            scores = tl.dot(q, k, input_precision="ieee")
        if MASKED:
            seen = here[None, :] < nk
            if CAUSAL:
                seen = seen & (here[None, :] <= rows[:, None] + shift)
            scores = tl.where(seen, scores, float("-inf"))
        if PADDED:
            there = tl.load(pad_at + here, mask=here < nk, other=0)
            scores = tl.where(there[None, :] != 0, scores, float("-inf"))
        # The scale waits until here, where it is one fused instruction with taking the maximum off.
        most = tl.maximum(top, tl.max(scores, 1))
        # A row that has met no key yet has no maximum to take off. (A large finite number in place of infinity
        # would not cancel: the fused product is not rounded, the other is.)
        base = tl.where(most == float("-inf"), 0.0, most * scale)
        shrink = tl.exp2(top * scale - base)
        weights = tl.exp2(scores * scale - base[:, None])
        total = total * shrink + tl.sum(weights, 1)
        acc = acc * shrink[:, None]
        if MASKED:
            v = tl.load(v_at + here[:, None] * v_row, mask=here[:, None] < nk, other=0.0)
        else:
            v = tl.load(v_at + here[:, None] * v_row)
        if UPCAST:
            acc += tl.dot(weights.to(v.dtype).to(tl.float32), v.to(tl.float32), input_precision="ieee")
        else:
            acc = tl.dot(weights.to(v.dtype), v, acc, input_precision="ieee")
        top = most
    return acc, total, top


@triton.jit
def flash_forward(
    q, k, v, out, pad, scale, nq, nk, heads, group,
    q_batch, q_row, q_head, k_batch, k_row, k_head, v_batch, v_row, v_head, o_batch, o_row, o_head, pad_batch,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, HEAD: tl.constexpr, WIDE: tl.constexpr, CAUSAL: tl.constexpr,
    PADDED: tl.constexpr, UPCAST: tl.constexpr,
):  # fmt: skip
    """One program: BLOCK_M queries of one head. ``scale``: that of the logits times log2(e), above 0.

    Grid: (blocks of queries, batch x heads). ``pad``: (B, Nk) uint8, 0 = no key, read where PADDED. Elements of a
    head lie side by side. HEAD and WIDE are powers of two: the head dimensions of keys and of values.
    """
    block = tl.program_id(0)
    batch = (tl.program_id(1) // heads).to(tl.int64)
    head = (tl.program_id(1) % heads).to(tl.int64)
    rows = block * BLOCK_M + tl.arange(0, BLOCK_M)
    deep = tl.arange(0, HEAD)
    wide = tl.arange(0, WIDE)
    shift = nk - nq
    q_at = q + batch * q_batch + head * q_head + rows[:, None].to(tl.int64) * q_row + deep[None, :]
    k_at = k + batch * k_batch + (head // group) * k_head + deep[:, None]
    v_at = v + batch * v_batch + (head // group) * v_head + wide[None, :]
    pad_at = pad + batch * pad_batch
    queries = tl.load(q_at, mask=rows[:, None] < nq, other=0.0)
    top = tl.full((BLOCK_M,), float("-inf"), tl.float32)
    total = tl.zeros((BLOCK_M,), tl.float32)
    acc = tl.zeros((BLOCK_M, WIDE), tl.float32)
    last = nk
    whole = nk // BLOCK_N * BLOCK_N
    if CAUSAL:
        last = tl.minimum(nk, (block + 1) * BLOCK_M + shift)
        whole = tl.minimum(whole, tl.maximum(0, (block * BLOCK_M + shift + 1) // BLOCK_N * BLOCK_N))
    acc, total, top = _blocks(
        acc, total, top, queries, k_at, v_at, k_row, v_row, pad_at, rows, 0, whole, nk, shift, scale,
        BLOCK_N, False, CAUSAL, PADDED, UPCAST,
    )  # fmt: skip
    acc, total, top = _blocks(
        acc, total, top, queries, k_at, v_at, k_row, v_row, pad_at, rows, whole, last, nk, shift, scale,
        BLOCK_N, True, CAUSAL, PADDED, UPCAST,
    )  # fmt: skip
    share = tl.where(total == 0.0, 0.0, 1.0 / tl.where(total == 0.0, 1.0, total))
    o_at = out + batch * o_batch + head * o_head + rows[:, None].to(tl.int64) * o_row + wide[None, :]
    tl.store(o_at, (acc * share[:, None]).to(out.dtype.element_ty), mask=rows[:, None] < nq)
