"""Several floats side by side, as a type of numba: ``+ - * /``, comparisons and a few words more.

LLVM's vectoriser wants long loops without branches; ellipses of trained scenes are some eight pixels across, and
there a loop costs more than what is in it. With values that are vectors to begin with, a row of an ellipse is a
handful of instructions and sums stay in registers. LLVM turns them into whatever the processor has, of any width.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, ClassVar

from llvmlite import ir
from llvmlite.binding import get_host_cpu_features
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

#: Of float32, sixteen where one register holds them; elsewhere more than eight would leave no room for anything else.
LANES = 16 if get_host_cpu_features().get("avx512f") else 8
#: Of float64.
DOUBLES = LANES // 2
#: The floats of a row of a strip, of what :func:`totals` and :func:`copy` write, and the most that a row gives.
EIGHT = 8
#: Sums in any order, and products joined to sums where the processor does that.
_FAST = ("reassoc", "nsz", "arcp", "contract")
_INT, _BIT = ir.IntType(32), ir.IntType(1)


class _Vector(types.Type):
    """A numba type: ``count`` values of LLVM's type ``one``; ``scalar`` is numba's name of that."""

    def __init__(self, name: str, one: Any, count: int, scalar: Any) -> None:
        super().__init__(name=f"{name}x{count}")
        self.one, self.count, self.scalar = one, count, scalar
        self.whole = ir.VectorType(one, count)


SINGLE = _Vector("float32", ir.FloatType(), LANES, types.float32)
DOUBLE = _Vector("float64", ir.DoubleType(), DOUBLES, types.float64)
_MASKS = {kind: _Vector("bool", _BIT, kind.count, types.boolean) for kind in (SINGLE, DOUBLE)}


@register_model(_Vector)
class _VectorModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: _Vector) -> None:
        super().__init__(manager, kind, kind.whole)


def _splat(builder: Any, kind: _Vector, value: Any) -> Any:
    if isinstance(value.type, ir.VectorType):
        return value
    none = ir.Constant(kind.whole, ir.Undefined)
    first = builder.insert_element(none, value, ir.Constant(_INT, 0))
    return builder.shuffle_vector(first, none, ir.Constant(ir.VectorType(_INT, kind.count), None))


def _kind(*given: Any) -> _Vector:
    """Of the arguments of a function, the first that is lanes."""
    return next(kind for kind in given if isinstance(kind, _Vector))


def _operator(
    operation: Any, result: Callable[[_Vector], Any], build: Callable[[Any, Any, Any], Any]
) -> None:
    """Teach numba ``operation`` between lanes and lanes, or one float for all of them."""
    pairs = [
        (kind, left, right)
        for kind in (SINGLE, DOUBLE)
        for left, right in ((kind, kind), (kind, kind.scalar), (kind.scalar, kind))
    ]

    class Typing(ConcreteTemplate):  # type: ignore[misc]
        cases: ClassVar = [signature(result(kind), left, right) for kind, left, right in pairs]

    infer_global(operation)(Typing)
    for kind, left, right in pairs:

        @lower_builtin(operation, left, right)  # type: ignore[untyped-decorator]
        def lower(context: Any, builder: Any, kinds: Any, values: Any, kind: _Vector = kind) -> Any:
            return build(builder, *(_splat(builder, kind, value) for value in values))


def _same(kind: _Vector) -> _Vector:
    return kind


_operator(operator.add, _same, lambda builder, a, b: builder.fadd(a, b, flags=_FAST))
_operator(operator.sub, _same, lambda builder, a, b: builder.fsub(a, b, flags=_FAST))
_operator(operator.mul, _same, lambda builder, a, b: builder.fmul(a, b, flags=_FAST))
_operator(operator.truediv, _same, lambda builder, a, b: builder.fdiv(a, b, flags=_FAST))
_operator(operator.ge, _MASKS.__getitem__, lambda builder, a, b: builder.fcmp_ordered(">=", a, b))
_operator(operator.gt, _MASKS.__getitem__, lambda builder, a, b: builder.fcmp_ordered(">", a, b))
_operator(operator.lt, _MASKS.__getitem__, lambda builder, a, b: builder.fcmp_ordered("<", a, b))


class _Negated(ConcreteTemplate):  # type: ignore[misc]
    cases: ClassVar = [signature(kind, kind) for kind in (SINGLE, DOUBLE)]


class _Both(ConcreteTemplate):  # type: ignore[misc]
    cases: ClassVar = [signature(mask, mask, mask) for mask in _MASKS.values()]


infer_global(operator.neg)(_Negated)
infer_global(operator.and_)(_Both)


@lower_builtin(operator.neg, _Vector)  # type: ignore[untyped-decorator]
def _negated(context: Any, builder: Any, kinds: Any, values: Any) -> Any:
    return builder.fneg(values[0])


@lower_builtin(operator.and_, _Vector, _Vector)  # type: ignore[untyped-decorator]
def _both(context: Any, builder: Any, kinds: Any, values: Any) -> Any:
    return builder.and_(*values)


@intrinsic  # type: ignore[untyped-decorator]
def spread(typing: Any, value: Any) -> Any:
    """One float in all lanes."""
    kind = SINGLE if value == types.float32 else DOUBLE

    def build(context: Any, builder: Any, kinds: Any, values: Any) -> Any:
        return _splat(builder, kind, values[0])

    return signature(kind, kind.scalar), build


@intrinsic  # type: ignore[untyped-decorator]
def any_of(typing: Any, mask: Any) -> Any:
    """Whether one lane is true."""

    def build(context: Any, builder: Any, kinds: Any, values: Any) -> Any:
        whole = ir.IntType(mask.count)
        return builder.icmp_unsigned("!=", builder.bitcast(values[0], whole), ir.Constant(whole, 0))

    return signature(types.boolean, mask), build


@intrinsic  # type: ignore[untyped-decorator]
def choose(typing: Any, mask: Any, then: Any, otherwise: Any) -> Any:
    """Lane by lane ``then`` where ``mask`` is true, else ``otherwise``; either may be one float."""
    kind = _kind(then, otherwise)

    def build(context: Any, builder: Any, kinds: Any, values: Any) -> Any:
        return builder.select(values[0], *(_splat(builder, kind, value) for value in values[1:]))

    return signature(kind, mask, then, otherwise), build


def _picked(sign: str, a: Any, b: Any) -> Any:
    kind = _kind(a, b)

    def build(context: Any, builder: Any, kinds: Any, values: Any) -> Any:
        left, right = (_splat(builder, kind, value) for value in values)
        return builder.select(builder.fcmp_ordered(sign, left, right), left, right)

    return signature(kind, a, b), build


@intrinsic  # type: ignore[untyped-decorator]
def smaller(typing: Any, a: Any, b: Any) -> Any:
    """Lane by lane the smaller; either may be one float."""
    return _picked("<", a, b)


@intrinsic  # type: ignore[untyped-decorator]
def larger(typing: Any, a: Any, b: Any) -> Any:
    """Lane by lane the larger; either may be one float."""
    return _picked(">", a, b)


@intrinsic  # type: ignore[untyped-decorator]
def root(typing: Any, lanes: Any) -> Any:
    """The square roots."""

    def build(context: Any, builder: Any, kinds: Any, values: Any) -> Any:
        kind = ir.FunctionType(lanes.whole, [lanes.whole])
        name = f"llvm.sqrt.v{lanes.count}f{lanes.scalar.bitwidth}"
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), values)

    return signature(lanes, lanes), build


@intrinsic  # type: ignore[untyped-decorator]
def total(typing: Any, lanes: Any) -> Any:
    """The sum of the lanes."""

    def build(context: Any, builder: Any, kinds: Any, values: Any) -> Any:
        kind = ir.FunctionType(lanes.one, [lanes.one, lanes.whole])
        name = f"llvm.vector.reduce.fadd.v{lanes.count}f{lanes.scalar.bitwidth}"
        reduce = cgutils.get_or_insert_function(builder.module, kind, name)
        return builder.call(reduce, [ir.Constant(lanes.one, -0.0), values[0]], fastmath=_FAST)

    return signature(lanes.scalar, lanes), build


def _flat(*arrays: Any) -> None:
    """Refuse those whose rows do not lie one after the other."""
    for array in arrays:
        if not isinstance(array, types.Array) or array.layout != "C":
            raise TypingError(f"lanes need a contiguous array, not {array}")


def _place(context: Any, builder: Any, array: Any, values: Any, whole: Any) -> Any:
    """The address of ``values[1]`` in the array ``values[0]``, as of LLVM's type ``whole``."""
    data = context.make_array(array)(context, builder, values[0]).data
    return builder.bitcast(builder.gep(data, [values[1]]), whole.as_pointer())


@intrinsic  # type: ignore[untyped-decorator]
def load(typing: Any, array: Any, index: Any) -> Any:
    """What lies from ``index`` on in a contiguous array of either float; nothing is checked."""
    _flat(array)
    kind = SINGLE if array.dtype == types.float32 else DOUBLE

    def build(context: Any, builder: Any, kinds: Any, values: Any) -> Any:
        return builder.load(
            _place(context, builder, array, values, kind.whole), align=kind.scalar.bitwidth // 8
        )

    return signature(kind, array, types.intp), build


@intrinsic  # type: ignore[untyped-decorator]
def store(typing: Any, array: Any, index: Any, lanes: Any) -> Any:
    """Write to a contiguous array of the same float from ``index`` on; nothing is checked."""

    def build(context: Any, builder: Any, kinds: Any, values: Any) -> Any:
        place = _place(context, builder, array, values, lanes.whole)
        builder.store(values[2], place, align=lanes.scalar.bitwidth // 8)
        return context.get_dummy_value()

    return signature(types.void, array, types.intp, lanes), build


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def load_rows(typing: Any, array: Any, index: Any, stride: Any) -> Any:
    """Eight float32 from ``index``, eight from ``stride`` later, as many as the lanes hold; nothing is checked."""

    def build(context: Any, builder: Any, kinds: Any, values: Any) -> Any:
        whole = ir.VectorType(SINGLE.one, EIGHT)
        rows = []
        for row in range(LANES // EIGHT):
            ahead = ir.Constant(values[1].type, row * stride.literal_value)
            place = _place(context, builder, array, (values[0], builder.add(values[1], ahead)), whole)
            rows.append(builder.load(place, align=4))
        return rows[0] if len(rows) == 1 else _shuffled(builder, rows[0], rows[1], list(range(LANES)))

    return signature(SINGLE, array, types.intp, stride), build


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def store_rows(typing: Any, array: Any, index: Any, stride: Any, lanes: Any) -> Any:
    """The other way."""

    def build(context: Any, builder: Any, kinds: Any, values: Any) -> Any:
        whole = ir.VectorType(SINGLE.one, EIGHT)
        for row in range(LANES // EIGHT):
            ahead = ir.Constant(values[1].type, row * stride.literal_value)
            place = _place(context, builder, array, (values[0], builder.add(values[1], ahead)), whole)
            part = _shuffled(builder, values[3], values[3], list(range(row * EIGHT, row * EIGHT + EIGHT)))
            builder.store(part, place, align=4)
        return context.get_dummy_value()

    return signature(types.void, array, types.intp, stride, lanes), build


@intrinsic  # type: ignore[untyped-decorator]
def copy(typing: Any, array: Any, index: Any, source: Any, begin: Any) -> Any:
    """``array[index : index + 8] = source[begin : begin + 8]``, of float32; nothing is checked."""

    def build(context: Any, builder: Any, kinds: Any, values: Any) -> Any:
        whole = ir.VectorType(SINGLE.one, EIGHT)
        held = builder.load(_place(context, builder, source, values[2:], whole), align=4)
        builder.store(held, _place(context, builder, array, values, whole), align=4)
        return context.get_dummy_value()

    return signature(types.void, array, types.intp, source, types.intp), build


def _shuffled(builder: Any, left: Any, right: Any, lanes: list[int]) -> Any:
    return builder.shuffle_vector(left, right, ir.Constant(ir.VectorType(_INT, len(lanes)), lanes))


def _joined(builder: Any, left: Any, right: Any, size: int) -> Any:
    """Of two that hold parts of sums in blocks of ``size``: both blocks in turn, with half as many parts of each."""
    starts = range(0, EIGHT, 2 * size)
    even = [side + start + lane for start in starts for side in (0, EIGHT) for lane in range(size)]
    first, second = (_shuffled(builder, left, right, [lane + more for lane in even]) for more in (0, size))
    return builder.fadd(first, second, flags=_FAST)


@intrinsic  # type: ignore[untyped-decorator]
def totals(
    typing: Any, array: Any, index: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any
) -> Any:
    """Write eight sums of float32 to ``array[index : index + 8]``; less work than eight times :func:`total`."""

    def build(context: Any, builder: Any, kinds: Any, values: Any) -> Any:
        parts = list(values[2:])
        wide = LANES
        while wide > EIGHT:
            wide //= 2
            low, high = list(range(wide)), list(range(wide, 2 * wide))
            parts = [
                builder.fadd(
                    _shuffled(builder, part, part, low), _shuffled(builder, part, part, high), flags=_FAST
                )
                for part in parts
            ]
        size = 1
        while size < EIGHT:
            parts = [_joined(builder, *pair, size) for pair in zip(parts[::2], parts[1::2], strict=True)]
            size *= 2
        builder.store(parts[0], _place(context, builder, array, values, parts[0].type), align=4)
        return context.get_dummy_value()

    return signature(types.void, array, types.intp, *[SINGLE] * EIGHT), build


def _transposed(builder: Any, rows: list[Any]) -> list[Any]:
    """Eight of eight, columns for rows: blocks of 1, then 2, then 4 change places."""
    size = 1
    while size < EIGHT:
        upper = [lane if not lane & size else EIGHT + lane - size for lane in range(EIGHT)]
        lower = [lane + size if not lane & size else EIGHT + lane for lane in range(EIGHT)]
        swapped = list(rows)
        for row in range(EIGHT):
            if not row & size:
                pair = rows[row], rows[row + size]
                swapped[row] = _shuffled(builder, *pair, upper)
                swapped[row + size] = _shuffled(builder, *pair, lower)
        rows, size = swapped, 2 * size
    return rows


def _rows(context: Any, builder: Any, array: Any, values: Any, count: int) -> list[Any]:
    """Addresses of ``count`` floats of each lane's row in the array ``values[0]``.

    ``values``: the array, which rows, floats from row to row, the first float of a row.
    """
    data, which, stride, offset = values
    numbers = context.make_array(array[1])(context, builder, which).data
    begin = context.make_array(array[0])(context, builder, data).data
    whole = ir.VectorType(context.get_value_type(array[0].dtype), count)
    found = []
    for lane in range(DOUBLES):
        number = builder.load(builder.gep(numbers, [ir.Constant(ir.IntType(64), lane)]))
        place = builder.add(builder.mul(number, stride), offset)
        found.append(builder.bitcast(builder.gep(begin, [place]), whole.as_pointer()))
    return found


def _part(context: Any, builder: Any, held: Any, values: Any, column: int = 0) -> Any:
    """The address of part ``values[1] + column`` of the lanes in ``values[0]``."""
    kind = values[1].type
    part = builder.add(values[1], ir.Constant(kind, column))
    index = builder.mul(part, ir.Constant(kind, DOUBLES))
    return _place(context, builder, held, (values[0], index), DOUBLE.whole)


@intrinsic  # type: ignore[untyped-decorator]
def of(typing: Any, held: Any, part: Any) -> Any:
    """Of an array of float64 that holds lanes after lanes, the ``part``-th; nothing is checked."""

    def build(context: Any, builder: Any, kinds: Any, values: Any) -> Any:
        return builder.load(_part(context, builder, held, values), align=8)

    return signature(DOUBLE, held, types.intp), build


@intrinsic  # type: ignore[untyped-decorator]
def put(typing: Any, held: Any, part: Any, lanes: Any) -> Any:
    """Write the ``part``-th of such an array."""

    def build(context: Any, builder: Any, kinds: Any, values: Any) -> Any:
        builder.store(values[2], _part(context, builder, held, values), align=8)
        return context.get_dummy_value()

    return signature(types.void, held, types.intp, lanes), build


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def gather(
    typing: Any, held: Any, part: Any, source: Any, which: Any, stride: Any, offset: Any, count: Any
) -> Any:
    """Put ``count`` (1 to 8) floats of each lane's row into the parts from ``part`` on, lanes of float64.

    The rows are ``which`` (DOUBLES,) of ``source``, ``stride`` floats apart; of each, those from ``offset`` on.
    Nothing is checked.
    """
    _flat(held, source, which)
    size = count.literal_value

    def build(context: Any, builder: Any, kinds: Any, values: Any) -> Any:
        places = _rows(context, builder, (source, which), values[2:6], size)
        whole = [*range(size), *[0] * (EIGHT - size)]
        rows = [builder.load(place, align=source.dtype.bitwidth // 8) for place in places]
        rows = [_shuffled(builder, row, row, whole) for row in rows]
        rows += [rows[0]] * (EIGHT - DOUBLES)
        for column, lanes in enumerate(_transposed(builder, rows)[:size]):
            lanes = _shuffled(builder, lanes, lanes, list(range(DOUBLES)))
            if source.dtype == types.float32:
                lanes = builder.fpext(lanes, DOUBLE.whole)
            builder.store(lanes, _part(context, builder, held, values, column), align=8)
        return context.get_dummy_value()

    return signature(types.void, held, types.intp, source, which, types.intp, types.intp, count), build


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def scatter(
    typing: Any, held: Any, part: Any, target: Any, which: Any, stride: Any, offset: Any, count: Any
) -> Any:
    """What :func:`gather` does, the other way, to a ``target`` of float32; of equal rows the first lane stays."""
    _flat(held, target, which)
    size = count.literal_value

    def build(context: Any, builder: Any, kinds: Any, values: Any) -> Any:
        columns = []
        for column in range(size):
            lanes = builder.load(_part(context, builder, held, values, column), align=8)
            lanes = builder.fptrunc(lanes, ir.VectorType(SINGLE.one, DOUBLES))
            columns.append(_shuffled(builder, lanes, lanes, [lane % DOUBLES for lane in range(EIGHT)]))
        columns += [columns[0]] * (EIGHT - size)
        places = _rows(context, builder, (target, which), values[2:6], size)
        rows = _transposed(builder, columns)[:DOUBLES]
        for row, place in reversed(list(zip(rows, places, strict=True))):
            builder.store(_shuffled(builder, row, row, list(range(size))), place, align=4)
        return context.get_dummy_value()

    return signature(types.void, held, types.intp, target, which, types.intp, types.intp, count), build
