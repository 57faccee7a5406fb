"""The glTF 2.0 container: JSON, buffers, and the arrays in them.

Nothing is believed: each array is held against the bytes that are there before anything is allocated, and no
file outside the folder of the model is opened. Source: Khronos glTF 2.0 specification.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats.mesh_parts import MAX_VERTICES

Array = NDArray[Any]

_DTYPES = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}


class GltfDocument:
    """An opened model. Raises ``NodeError`` naming the file for whatever in it does not hold."""

    def __init__(self, data: bytes, path: Path) -> None:
        self.path, self.name = path, path.name
        self.json, self.body = _open(data, path.name)
        self.buffers: dict[int, bytes] = {}

    def entry(self, kind: str, index: Any) -> dict[str, Any]:
        found = self.json.get(kind, [])
        if not isinstance(index, int) or not 0 <= index < len(found) or not isinstance(found[index], dict):
            raise NodeError(
                f"{self.name} refers to {kind} {index!r}, which it does not hold", hint="export it again"
            )
        entry: dict[str, Any] = found[index]
        return entry

    def accessor(self, index: Any, width: int) -> Array:
        """(count, at least ``width``) of the accessor: floats where it is normalised, else as stored."""
        entry = self.entry("accessors", index)
        kind, count = entry.get("componentType"), entry.get("count")
        columns = _WIDTHS.get(entry.get("type", ""), 0)
        if kind not in _DTYPES or not isinstance(count, int) or count < 0 or columns < width:
            raise NodeError(f"{self.name} has an accessor of type {entry.get('type')!r} that does not fit")
        dtype = np.dtype(_DTYPES[kind])
        if "bufferView" in entry:
            array = self.rows(entry["bufferView"], entry.get("byteOffset", 0), count, columns, dtype)
        else:
            if count > MAX_VERTICES:
                raise NodeError(f"{self.name} declares {count:,} empty rows; the limit is {MAX_VERTICES:,}")
            array = np.zeros((count, columns), dtype)
        if "sparse" in entry:
            array = self.sparse(array, entry["sparse"])
        if entry.get("normalized") and dtype.kind in "iu":
            array = np.maximum(array.astype(np.float32) / np.float32(np.iinfo(dtype).max), -1)
        return array

    def rows(self, view: Any, offset: Any, count: int, columns: int, dtype: np.dtype[Any]) -> Array:
        entry = self.entry("bufferViews", view)
        content = self.view(entry)
        row = columns * dtype.itemsize
        stride = entry.get("byteStride", row)
        if not isinstance(offset, int) or not isinstance(stride, int) or offset < 0 or stride < row:
            raise NodeError(f"{self.name} has an accessor that does not fit its buffer")
        if count and offset + stride * (count - 1) + row > len(content):
            raise NodeError(
                f"{self.name} declares {count:,} rows, more than the file holds",
                hint="it is cut off; copy it again",
            )
        return np.ndarray((count, columns), dtype, content, offset, (stride, dtype.itemsize))

    def sparse(self, array: Array, entry: dict[str, Any]) -> Array:
        count, places, values = entry.get("count", 0), entry["indices"], entry["values"]
        at = self.rows(
            places["bufferView"],
            places.get("byteOffset", 0),
            count,
            1,
            np.dtype(_DTYPES[places["componentType"]]),
        )
        new = self.rows(values["bufferView"], values.get("byteOffset", 0), count, array.shape[1], array.dtype)
        if count and at.max() >= len(array):
            raise NodeError(f"{self.name} has a sparse accessor that names row {at.max()} of {len(array)}")
        array = array.copy()
        array[at[:, 0]] = new
        return array

    def view(self, entry: dict[str, Any]) -> bytes:
        start, length = entry.get("byteOffset", 0), entry.get("byteLength", 0)
        content = self.buffer(entry.get("buffer"))
        if not isinstance(start, int) or not isinstance(length, int) or min(start, length) < 0:
            raise NodeError(f"{self.name} has a buffer view that does not fit")
        if start + length > len(content):
            raise NodeError(
                f"{self.name} declares {length:,} bytes, more than its buffer holds", hint="copy it again"
            )
        return memoryview(content)[start : start + length]  # type: ignore[return-value]

    def buffer(self, index: Any) -> bytes:
        if index not in self.buffers:
            entry = self.entry("buffers", index)
            self.buffers[index] = self.uri(entry["uri"]) if "uri" in entry else self.body
        return self.buffers[index]

    def uri(self, uri: str) -> bytes:
        """A data URI, or a file in the folder of this one or below; nothing else is ever opened."""
        if uri.startswith("data:"):
            try:
                return base64.b64decode(uri.partition(",")[2], validate=False)
            except binascii.Error as error:
                raise NodeError(f"{self.name} holds broken data: {error}", hint="export it again") from error
        folder = self.path.parent.resolve()
        wanted = (folder / unquote(uri)).resolve()
        if "://" in uri or not wanted.is_relative_to(folder):
            raise NodeError(
                f"{self.name} refers to {uri[:100]!r}, outside of its folder",
                hint="put the file beside it, or export as GLB",
            )
        try:
            return wanted.read_bytes()
        except OSError as error:
            raise NodeError(
                f"{self.name} needs {unquote(uri)[:100]!r} beside it, which cannot be read",
                hint="put the file there, or export as GLB",
            ) from error


def _open(data: bytes, name: str) -> tuple[dict[str, Any], bytes]:
    body = b""
    if data[:4] == b"glTF":
        if len(data) < 20:
            raise NodeError(f"{name} is cut off in its header", hint="copy it again")
        version, total, length, kind = struct.unpack_from("<III4s", data, 4)
        if version != 2 or kind != b"JSON":
            raise NodeError(f"{name} is GLB version {version}; expected 2", hint="export it as glTF 2.0")
        if total > len(data) or 20 + length > len(data):
            raise NodeError(
                f"{name} declares {total:,} bytes and holds {len(data):,}",
                hint="it is cut off; copy it again",
            )
        text = data[20 : 20 + length]
        at = 20 + length
        if at + 8 <= len(data):
            length, kind = struct.unpack_from("<I4s", data, at)
            if kind == b"BIN\0":
                body = data[at + 8 : at + 8 + length]
    else:
        text = data
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NodeError(f"{name} holds no readable glTF: {error}", hint="export it again") from error
    if not isinstance(document, dict) or "asset" not in document:
        raise NodeError(f"{name} is JSON, but no glTF", hint="expected a GLB or glTF 2.0 file")
    return document, body
