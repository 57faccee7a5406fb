"""How every value is stored, loaded and digested: one codec for all of them.

A value with arrays becomes a safetensors file whose ``__metadata__`` holds the rest as JSON; a value without
arrays is JSON alone. The encoding is canonical, so the digest of the bytes is the digest of the value, and
checking a stored file against its name checks the value. Nothing stored can run code: a class is looked up
by name among the registered values and built through its own checks.

The header is written here rather than by the safetensors library so that a 12 MB picture is digested and
stored from where it lies; the files are ordinary safetensors (a test reads them with the library).
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from typing import Any

import numpy as np
from blake3 import blake3

from meshloom.graph_runtime.types import VALUES

#: Bytes of a digest: 160 bits, as many as git used for as long.
DIGEST_BYTES = 20

_DTYPES = {
    "bool": "BOOL", "uint8": "U8", "int8": "I8", "uint16": "U16", "int16": "I16", "uint32": "U32",
    "int32": "I32", "uint64": "U64", "int64": "I64", "float16": "F16", "float32": "F32", "float64": "F64",
}  # fmt: skip
_NUMPY = {name: np.dtype(kind).newbyteorder("<") for kind, name in _DTYPES.items()}

#: An encoded value: byte strings and array memory, to be written one after the other.
Encoded = list[Any]


class Undecodable(Exception):
    """The bytes are no value that this version knows."""


def encode(value: Any) -> Encoded:
    """The canonical bytes of ``value``, as parts. Raises ``TypeError`` for what is no value."""
    kind = type(value)
    if kind is int or kind is float or kind is bool or kind is str:
        return [json.dumps({kind.__name__: value}).encode()]
    # ASCII throughout: names of files that are not UTF-8 hold halves of characters, which no encoding takes.
    arrays: list[np.ndarray[Any, Any]] = []
    tree = json.dumps(_to_tree(value, arrays), separators=(",", ":"))
    if not arrays:
        return [tree.encode()]
    header: dict[str, Any] = {"__metadata__": {"meshloom": tree}}
    offset = 0
    for index, array in enumerate(arrays):
        header[f"a{index}"] = {
            "dtype": _DTYPES[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + array.nbytes],
        }
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the format asks for aligned data
    return [len(text).to_bytes(8, "little") + text, *(_memory(array) for array in arrays)]


def _memory(array: np.ndarray[Any, Any]) -> Any:
    return array.reshape(-1).view(np.uint8).data if array.size else b""


def _to_tree(value: Any, arrays: list[np.ndarray[Any, Any]]) -> Any:
    kind: Any = type(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.ndarray):
        if value.dtype.name not in _DTYPES:
            raise TypeError(f"an array of dtype {value.dtype} cannot be stored")
        arrays.append(value)
        return {"$": len(arrays) - 1}
    if isinstance(value, (tuple, list)):
        return [_to_tree(item, arrays) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    name = kind.__name__
    if VALUES.get(name) is not kind:
        raise TypeError(f"{name} is no value: declare it with @value")
    fields = {field.name: _to_tree(getattr(value, field.name), arrays) for field in dataclasses.fields(value)}
    return {"@": name, **fields}


def digest(parts: Encoded) -> str:
    """The digest of an encoded value, hexadecimal."""
    hasher = blake3()
    for part in parts:
        hasher.update(part)
    return hasher.digest(length=DIGEST_BYTES).hex()


def size(parts: Encoded) -> int:
    """Bytes of an encoded value."""
    return sum(part.nbytes if isinstance(part, memoryview) else len(part) for part in parts)


def decode(data: bytes | memoryview) -> Any:
    """The value in ``data``. Raises :class:`Undecodable`, whatever the bytes are; never reads past them."""
    try:
        if bytes(data[:1]) == b"{":
            return _from_tree(json.loads(bytes(data)), [])
        length = int.from_bytes(data[:8], "little")
        if length > len(data) - 8:
            raise ValueError("header longer than the file")
        header = json.loads(bytes(data[8 : 8 + length]))
        tree = json.loads(header.pop("__metadata__")["meshloom"])
        arrays = [_array(data, 8 + length, header[f"a{index}"]) for index in range(len(header))]
        return _from_tree(tree, arrays)
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise Undecodable(str(error)) from error


def _array(data: bytes | memoryview, start: int, entry: dict[str, Any]) -> np.ndarray[Any, Any]:
    dtype = _NUMPY[entry["dtype"]]
    shape = tuple(int(length) for length in entry["shape"])
    if any(length < 0 for length in shape):
        raise ValueError("negative length")
    begin, end = entry["data_offsets"]
    count = int(np.prod(shape, dtype=object)) if shape else 1
    if end - begin != count * dtype.itemsize or begin < 0 or start + end > len(data):
        raise ValueError("array lies outside the file")
    if count == 0:
        return np.zeros(shape, dtype)
    return np.frombuffer(data, dtype, count, start + begin).reshape(shape)


def _from_tree(tree: Any, arrays: list[np.ndarray[Any, Any]]) -> Any:
    if isinstance(tree, list):
        return tuple(_from_tree(item, arrays) for item in tree)
    if not isinstance(tree, dict):
        return tree
    if "$" in tree:
        return arrays[tree["$"]]
    if "@" in tree:
        cls = VALUES.get(tree["@"])
        if cls is None:
            raise ValueError(f"no value is called {tree['@']!r}")
        return cls(**{name: _from_tree(item, arrays) for name, item in tree.items() if name != "@"})
    ((name, scalar),) = tree.items()
    if name not in ("int", "float", "bool", "str") or type(scalar).__name__ not in (name, "int"):
        raise ValueError(f"no scalar is called {name!r}")
    return scalar


def held_bytes(value: Any) -> int:
    """About how much memory a value holds."""
    if isinstance(value, np.ndarray):
        return _base_bytes(value)
    if isinstance(value, str):
        return 64 + len(value)
    if isinstance(value, (tuple, list)):
        return 64 + sum(held_bytes(item) for item in value)
    if dataclasses.is_dataclass(value):
        return 64 + sum(held_bytes(getattr(value, field.name)) for field in dataclasses.fields(value))
    return 32


def _base_bytes(array: np.ndarray[Any, Any]) -> int:
    """What an array keeps in memory: a crop that is a view keeps the whole picture."""
    most = array.nbytes
    while isinstance(array.base, np.ndarray):
        array = array.base
        most = max(most, array.nbytes)
    return int(most)


def digest_of(text: Iterable[str]) -> str:
    """The digest of a few strings, each kept apart from the next."""
    hasher = blake3()
    for part in text:
        data = part.encode("utf-8", "surrogatepass")
        hasher.update(len(data).to_bytes(8, "little"))
        hasher.update(data)
    return hasher.digest(length=DIGEST_BYTES).hex()
