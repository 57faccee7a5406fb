"""The inner product of bf16 tiles by AVX512-BF16's ``vdpbf16ps``, as an instruction numba does not know.

One ``vdpbf16ps`` adds to 16 sums the products of 16 *pairs* of bf16, so both factors are held as int32 whose
halves are two neighbours along the summed axis. A tile of ROWS x 32 sums stays in registers over the whole sum:
16 of the 32 registers are sums, and two loads and eight broadcasts feed sixteen products.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

ROWS = 8
VECTORS = 2
#: Columns of a tile.
WIDTH = 16 * VECTORS


class _BFloat(ir.types.Type):
    """LLVM's ``bfloat``, which llvmlite does not name."""

    intrinsic_name = "bf16"

    def _to_string(self) -> str:
        return "bfloat"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _BFloat)

    def __hash__(self) -> int:
        return hash(_BFloat)


_F32, _I32, _I64 = ir.FloatType(), ir.IntType(32), ir.IntType(64)
_SUMS = ir.VectorType(_F32, 16)
_WORDS = ir.VectorType(_I32, 16)
_PAIRS = ir.VectorType(_BFloat(), 32)


def _at(number: int) -> Any:
    return ir.Constant(_I64, number)


@intrinsic
def tile(typing_context, c, c_at, c_row, a, a_at, a_row, b, b_at, count, add):  # type: ignore[no-untyped-def]
    """``C[ROWS, WIDTH] = A[ROWS, count] . B[count, WIDTH]``, or ``+=`` where ``add``, of pairs of bf16.

    ``c``: float32, ``a``, ``b``: int32 arrays, C-contiguous; ``*_at``: element to begin at; ``*_row``: elements
    from one row to the next (those of ``b`` lie one after the other).
    """
    signature = types.void(
        c, types.int64, types.int64, a, types.int64, types.int64, b, types.int64, types.int64, types.boolean
    )

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        c_, c_at_, c_row_, a_, a_at_, a_row_, b_, b_at_, count_, add_ = arguments

        def pointer(kind: Any, array: Any, at: Any, element: Any) -> Any:
            data = context.make_array(kind)(context, builder, array).data
            return builder.gep(builder.bitcast(data, element.as_pointer()), [at])

        c_begin = pointer(signature.args[0], c_, c_at_, _F32)
        a_begin = pointer(signature.args[3], a_, a_at_, _I32)
        b_begin = pointer(signature.args[6], b_, b_at_, _I32)
        a_rows = [builder.gep(a_begin, [builder.mul(a_row_, _at(row))]) for row in range(ROWS)]
        places = []
        for row in range(ROWS):
            begin = builder.gep(c_begin, [builder.mul(c_row_, _at(row))])
            for vector in range(VECTORS):
                place = builder.gep(begin, [_at(16 * vector)])
                places.append(builder.bitcast(place, _SUMS.as_pointer()))

        with builder.if_else(add_) as (adding, fresh):
            with adding:
                loaded = [builder.load(place, align=4) for place in places]
                from_adding = builder.block
            with fresh:
                from_fresh = builder.block
        zero = ir.Constant(_SUMS, [ir.Constant(_F32, 0.0)] * 16)
        before = []
        for value in loaded:
            chosen = builder.phi(_SUMS)
            chosen.add_incoming(value, from_adding)
            chosen.add_incoming(zero, from_fresh)
            before.append(chosen)

        entry = builder.block
        loop, done = builder.append_basic_block("pairs"), builder.append_basic_block("store")
        builder.branch(loop)
        builder.position_at_end(loop)
        index = builder.phi(_I64)
        index.add_incoming(_at(0), entry)
        sums = []
        for value in before:
            held = builder.phi(_SUMS)
            held.add_incoming(value, entry)
            sums.append(held)
        after = _products(
            builder, sums, a_rows, builder.gep(b_begin, [builder.mul(index, _at(WIDTH))]), index
        )
        following = builder.add(index, _at(1))
        index.add_incoming(following, loop)
        for held, value in zip(sums, after, strict=True):
            held.add_incoming(value, loop)
        builder.cbranch(builder.icmp_signed("<", following, count_), loop, done)
        builder.position_at_end(done)
        for place, value in zip(places, after, strict=True):
            builder.store(value, place, align=4)
        return context.get_dummy_value()

    return signature, generate


def _products(builder: Any, sums: list[Any], a_rows: list[Any], b_row: Any, index: Any) -> list[Any]:
    """The sums after one pair along the summed axis."""
    name = "llvm.x86.avx512bf16.dpbf16ps.512"
    module = builder.module
    dot = module.globals.get(name) or ir.Function(
        module, ir.FunctionType(_SUMS, [_SUMS, _PAIRS, _PAIRS]), name
    )
    columns = []
    for vector in range(VECTORS):
        place = builder.bitcast(builder.gep(b_row, [_at(16 * vector)]), _WORDS.as_pointer())
        columns.append(builder.bitcast(builder.load(place, align=4), _PAIRS))
    nothing = ir.Constant(_WORDS, ir.Undefined)
    everywhere = ir.Constant(_WORDS, [ir.Constant(_I32, 0)] * 16)
    after = []
    for row in range(ROWS):
        word = builder.load(builder.gep(a_rows[row], [index]), align=4)
        single = builder.insert_element(nothing, word, ir.Constant(_I32, 0))
        spread = builder.bitcast(builder.shuffle_vector(single, nothing, everywhere), _PAIRS)
        for vector in range(VECTORS):
            after.append(builder.call(dot, [sums[row * VECTORS + vector], spread, columns[vector]]))
    return after
