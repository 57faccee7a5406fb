"""The PLY container: elements of named columns, binary or text, whatever they mean.

Source: Turk, "The PLY Polygon File Format" (1994). Own code because libraries drop unknown properties
(confidence, observations), trust declared counts, or end lines of a comment at 1,024 characters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.errors import NodeError

Array = NDArray[Any]

_TYPES = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "i2", "int16": "i2", "ushort": "u2",
    "uint16": "u2", "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4", "float": "f4", "float32": "f4",
    "double": "f8", "float64": "f8",
}  # fmt: skip
_NAMES = {
    "i1": "char",
    "u1": "uchar",
    "i2": "short",
    "u2": "ushort",
    "i4": "int",
    "u4": "uint",
    "f4": "float",
}
_NAMES["f8"] = "double"
#: A header with a workflow in its comments may be long, but not longer than this.
MAX_HEADER = 64 << 20
_MAX_LINES = 4_000_000


@dataclass(frozen=True)
class Lists:
    """A list property: row ``i`` has ``counts[i]`` of the ``values``, one row after the other."""

    counts: Array
    values: Array


@dataclass
class Element:
    """``count`` rows; ``columns`` by property name, each (count,) or :class:`Lists`."""

    count: int
    columns: dict[str, Array | Lists] = field(default_factory=dict)

    def column(self, name: str) -> Array | None:
        """The scalar property ``name``, if there is one."""
        found = self.columns.get(name)
        return found if isinstance(found, np.ndarray) else None

    def stacked(self, *names: str) -> Array | None:
        """(count, len(names)) if all of these scalar properties exist."""
        found = [self.column(name) for name in names]
        return None if any(part is None for part in found) else np.column_stack(found)  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Property:
    name: str
    dtype: str
    length: str | None = None  # the type of the number of values, for a list


def header_end(data: bytes) -> int:
    """Where the body starts, or 0 if ``data`` starts with no complete PLY header."""
    if not re.match(rb"ply[ \t]*\r?\n", data):
        return 0
    found = re.compile(rb"\nend_header[ \t]*\r?\n").search(data, 0, MAX_HEADER)
    return found.end() if found else 0


def read_ply(data: bytes, name: str) -> dict[str, Element]:
    """The elements of a PLY file by name. Raises ``NodeError``; allocates nothing for rows not there."""
    end = header_end(data)
    if not end:
        raise NodeError(f"{name} is no PLY file, or its header is cut off", hint="export it again")
    layout, declared = _header(data[:end], name)
    elements: dict[str, Element] = {}
    if layout == "ascii":
        numbers, at = _numbers(data[end:], name), 0
        for element, (count, properties) in declared.items():
            elements[element], at = _text_rows(numbers, at, count, properties, f"{name}, element {element}")
    else:
        order, at = "<" if layout == "binary_little_endian" else ">", end
        for element, (count, properties) in declared.items():
            elements[element], at = _binary_rows(
                data, at, count, properties, order, f"{name}, element {element}"
            )
    return elements


def write_ply(elements: Mapping[str, Mapping[str, Array]], comments: Sequence[str] = ()) -> bytes:
    """A binary little-endian PLY. Columns are (N,) scalars, or (N, K) for a list of K values a row."""
    lines = ["ply", "format binary_little_endian 1.0", *(f"comment {comment}" for comment in comments)]
    body = []
    for name, columns in elements.items():
        count = len(next(iter(columns.values())))
        lines.append(f"element {name} {count}")
        layout: list[tuple[Any, ...]] = []
        for column, array in columns.items():
            kind = array.dtype.newbyteorder("<").str[1:]
            if array.ndim == 1:
                lines.append(f"property {_NAMES[kind]} {column}")
                layout.append((column, "<" + kind))
            else:
                lines.append(f"property list uchar {_NAMES[kind]} {column}")
                layout += [(f"{column} count", "u1"), (column, "<" + kind, (array.shape[1],))]
        rows = np.empty(count, layout)
        for column, array in columns.items():
            rows[column] = array
            if array.ndim == 2:
                rows[f"{column} count"] = array.shape[1]
        body.append(rows.tobytes())
    return "\n".join([*lines, "end_header\n"]).encode("ascii", "replace") + b"".join(body)


def _header(header: bytes, name: str) -> tuple[str, dict[str, tuple[int, list[_Property]]]]:
    layout = ""
    elements: dict[str, tuple[int, list[_Property]]] = {}
    properties: list[_Property] = []
    for line in header.decode("ascii", "replace").splitlines()[:_MAX_LINES]:
        words = line.split()
        match words:
            case ["format", kind, *_]:
                layout = kind
            case ["element", element, count] if re.fullmatch(r"\d{1,18}", count) and element not in elements:
                properties = []
                elements[element] = (int(count), properties)
            case ["property", "list", length, kind, column] if {length, kind} <= _TYPES.keys() and elements:
                properties.append(_Property(column, _TYPES[kind], _TYPES[length]))
            case ["property", kind, column] if kind in _TYPES and elements:
                properties.append(_Property(column, _TYPES[kind]))
            case [] | ["ply" | "comment" | "obj_info" | "end_header", *_]:
                pass
            case _:
                raise NodeError(f"{name} has a PLY header line that is not understood: {line[:80]!r}")
    if layout not in ("ascii", "binary_little_endian", "binary_big_endian"):
        raise NodeError(f"{name} has PLY format {layout[:40]!r}; expected ascii or binary 1.0")
    for element, (_, columns) in elements.items():
        if len({column.name for column in columns}) != len(columns):
            raise NodeError(f"{name} names a property of element {element[:40]} twice")
    return layout, elements


def _short(where: str, count: int) -> NodeError:
    return NodeError(
        f"{where} declares {count:,} rows, more than the file holds",
        hint="the file is cut off or damaged; copy or export it again",
    )


# ------------------------------------------------------------------------------------------------ binary


def _binary_rows(
    data: bytes, at: int, count: int, properties: list[_Property], order: str, where: str
) -> tuple[Element, int]:
    if not properties or not count:
        return _empty(count if properties else 0, properties), at
    left = len(data) - at
    least = sum(np.dtype(item.length or item.dtype).itemsize for item in properties)
    if count * least > left:
        raise _short(where, count)
    if not any(item.length for item in properties):
        rows = np.frombuffer(data, [(item.name, order + item.dtype) for item in properties], count, at)
        return Element(count, {item.name: rows[item.name] for item in properties}), at + rows.nbytes
    even = _even_rows(data, at, count, properties, order)
    return even or _uneven_rows(data, at, count, properties, order, where)


def _even_rows(
    data: bytes, at: int, count: int, properties: list[_Property], order: str
) -> tuple[Element, int] | None:
    """Rows whose lists are all as long as in the first row, read in one go; ``None`` if they are not."""
    layout: list[tuple[Any, ...]] = []
    place = at
    for item in properties:
        size = np.dtype(item.dtype).itemsize
        if item.length is None:
            layout.append((item.name, order + item.dtype))
            place += size
            continue
        width = np.dtype(item.length).itemsize
        if place + width > len(data):
            return None
        length = int(np.frombuffer(data, order + item.length, 1, place)[0])
        place += width + length * size
        if length < 0 or place > len(data):
            return None
        layout += [(item.name + " count", order + item.length), (item.name, order + item.dtype, (length,))]
    if count * (place - at) > len(data) - at:
        return None
    rows = np.frombuffer(data, layout, count, at)
    columns: dict[str, Array | Lists] = {}
    for item in properties:
        if item.length is None:
            columns[item.name] = rows[item.name]
            continue
        counts = rows[item.name + " count"]
        if (counts != counts[0]).any():
            return None
        columns[item.name] = Lists(counts.astype(np.int64), rows[item.name].reshape(-1))
    return Element(count, columns), at + rows.nbytes


def _uneven_rows(
    data: bytes, at: int, count: int, properties: list[_Property], order: str, where: str
) -> tuple[Element, int]:
    """Lists of any length: one walk for the places, then one gather a property."""
    endian = "little" if order == "<" else "big"
    sizes = [(np.dtype(item.dtype).itemsize, item.length) for item in properties]
    widths = [np.dtype(length).itemsize if length else 0 for _, length in sizes]
    signed = [bool(length) and length[0] == "i" for _, length in sizes]  # type: ignore[index]
    places = np.empty((len(properties), count), np.int64)
    counts = np.ones((len(properties), count), np.int64)
    for row in range(count):
        for index, (size, length) in enumerate(sizes):
            amount = 1
            if length is not None:
                amount = int.from_bytes(data[at : at + widths[index]], endian, signed=signed[index])  # type: ignore[arg-type]
                at += widths[index]
                counts[index, row] = amount
            places[index, row] = at
            at += amount * size
            if amount < 0 or at > len(data):
                raise _short(where, count)
    raw = np.frombuffer(data, np.uint8)
    columns: dict[str, Array | Lists] = {}
    for index, item in enumerate(properties):
        size, amounts = sizes[index][0], counts[index]
        starts = np.repeat(places[index] - (np.cumsum(amounts) - amounts) * size, amounts)
        gathered = raw[(starts + np.arange(len(starts)) * size)[:, None] + np.arange(size)]
        values = gathered.reshape(-1).view(order + item.dtype)
        columns[item.name] = values if item.length is None else Lists(amounts, values)
    return Element(count, columns), at


def _empty(count: int, properties: list[_Property]) -> Element:
    nothing = np.empty(0, np.int64)
    return Element(
        count,
        {
            item.name: Lists(nothing, np.empty(0, item.dtype)) if item.length else np.empty(0, item.dtype)
            for item in properties
        },
    )


# -------------------------------------------------------------------------------------------------- text


def _numbers(body: bytes, name: str) -> NDArray[np.float64]:
    try:
        return np.fromstring(body.decode("ascii"), np.float64, sep=" ")
    except ValueError as error:
        raise NodeError(f"{name} holds something other than numbers after its header") from error


def _text_rows(
    numbers: NDArray[np.float64], at: int, count: int, properties: list[_Property], where: str
) -> tuple[Element, int]:
    if not properties or not count:
        return _empty(count if properties else 0, properties), at
    if count * len(properties) > len(numbers) - at:
        raise _short(where, count)
    if not any(item.length for item in properties):
        stop = at + count * len(properties)
        table = numbers[at:stop].reshape(count, -1)
        return Element(count, {p.name: _cast(table[:, i], p.dtype) for i, p in enumerate(properties)}), stop
    if (even := _even_text_rows(numbers, at, count, properties)) is not None:
        return even
    places = np.empty((len(properties), count), np.int64)
    counts = np.ones((len(properties), count), np.int64)
    lists = [item.length is not None for item in properties]
    for row in range(count):
        for index, is_list in enumerate(lists):
            amount = 1
            if is_list:
                if at >= len(numbers) or not 0 <= numbers[at] <= len(numbers):
                    raise _short(where, count)
                amount = int(numbers[at])
                at += 1
                counts[index, row] = amount
            places[index, row] = at
            at += amount
            if at > len(numbers):
                raise _short(where, count)
    columns: dict[str, Array | Lists] = {}
    for index, item in enumerate(properties):
        amounts = counts[index]
        starts = np.repeat(places[index] - (np.cumsum(amounts) - amounts), amounts)
        values = _cast(numbers[starts + np.arange(len(starts))], item.dtype)
        columns[item.name] = Lists(amounts, values) if item.length else values
    return Element(count, columns), at


def _even_text_rows(
    numbers: NDArray[np.float64], at: int, count: int, properties: list[_Property]
) -> tuple[Element, int] | None:
    """As :func:`_even_rows`."""
    places, stride = [], 0
    for item in properties:
        amount = 1
        if item.length is not None:
            if at + stride >= len(numbers) or not 0 <= numbers[at + stride] <= len(numbers):
                return None
            amount = int(numbers[at + stride])
            stride += 1
        places.append((stride, amount))
        stride += amount
    stop = at + count * stride
    if stop > len(numbers):
        return None
    table = numbers[at:stop].reshape(count, stride)
    columns: dict[str, Array | Lists] = {}
    for item, (place, amount) in zip(properties, places, strict=True):
        values = _cast(table[:, place : place + amount].reshape(-1), item.dtype)
        if item.length is not None:
            if (table[:, place - 1] != amount).any():
                return None
            columns[item.name] = Lists(np.full(count, amount, np.int64), values)
        else:
            columns[item.name] = values
    return Element(count, columns), stop


def _cast(values: NDArray[np.float64], dtype: str) -> Array:
    if dtype[0] != "f":
        limits = np.iinfo(dtype)
        values = np.clip(np.nan_to_num(values, nan=0.0), limits.min, limits.max)
    with np.errstate(over="ignore"):
        return values.astype(dtype)
