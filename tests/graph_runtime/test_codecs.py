"""Encoding values: what goes in comes out, equal values have equal bytes, hostile bytes do nothing."""

from __future__ import annotations

import dataclasses
import json
import pickle
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from safetensors.numpy import load as load_safetensors

from meshloom.graph_runtime import codecs
from meshloom.graph_runtime.types import (
    Array,
    Cameras,
    DepthMap,
    Figure,
    File,
    Image,
    Material,
    Mesh,
    PointCloud,
    Series,
    Table,
    Text,
    value,
)

PIXELS = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
CORNERS = np.eye(3, dtype=np.float32)
VALUES = [
    Image(PIXELS, "a.jpg", 12.5),
    Image(PIXELS.astype(np.float32) / 7, "日本/\udcff.jpg"),
    DepthMap(np.ones((2, 2), np.float32)),
    PointCloud(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.uint8)),
    Mesh(CORNERS, np.array([[0, 1, 2]], np.int32), material=Material(PIXELS, (1.0, 0.5, 0.0, 1.0))),
    Cameras(np.zeros((1, 3, 3)), np.zeros((1, 3, 4)), np.ones((1, 2), np.int32), ("a",)),
    Table(("a", "b"), (("x", 1), (None, float("inf")), (True, -0.0))),
    Table((), ()),
    Figure("t", "x", "y", (Series("s", np.arange(3.0), np.ones(3)), Series("e", np.zeros(0), np.zeros(0)))),
    File("a.bin", np.frombuffer(b"", np.uint8)),
    File("b", np.frombuffer(b"{", np.uint8)),
    Text("half \ud800, \0, \u2028 and \N{PILE OF POO}"),
    *(0, -(2**63), 10**300, True, False, 0.1, -0.0, float("inf"), "", "\udcfc", '{"$": 0}'),
]


def packed(value: Any) -> bytes:
    return b"".join(bytes(part) for part in codecs.encode(value))


def same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b)
    if dataclasses.is_dataclass(a):
        return type(a) is type(b) and all(
            same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a)
        )
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and repr(a) == repr(b)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_come_back_as_they_were(value: Any) -> None:
    data = packed(value)
    again = codecs.decode(data)
    assert same(again, value)
    assert packed(again) == data
    assert codecs.size(codecs.encode(value)) == len(data)


def test_equal_content_has_one_digest_however_it_lies_in_memory() -> None:
    base = np.arange(48, dtype=np.float32).reshape(4, 4, 3) / 48
    digests = {
        codecs.digest(codecs.encode(Image(pixels)))
        for pixels in (
            base,
            base.copy(),
            np.asfortranarray(base),
            base.astype(">f4"),
            np.repeat(base, 2, axis=0)[::2],
            np.concatenate([base, base])[:4],
        )
    }
    assert len(digests) == 1
    assert codecs.digest(codecs.encode(Image(base * 2))) not in digests


@pytest.mark.parametrize(
    "pair", [(1, 1.0), (1, True), ("1", 1), (0.0, -0.0), ("", Text("")), ("a", Text("a"))]
)
def test_what_differs_has_another_digest(pair: tuple[Any, Any]) -> None:
    assert codecs.digest(codecs.encode(pair[0])) != codecs.digest(codecs.encode(pair[1]))


def test_arrays_of_another_shape_or_kind_differ() -> None:
    data = np.zeros((2, 6, 1), np.float32)
    made = [
        Image(data),
        Image(data.reshape(6, 2, 1)),
        Image(np.zeros((2, 6, 4), np.uint8)),
        DepthMap(data[:, :, 0]),
    ]
    assert len({codecs.digest(codecs.encode(value)) for value in made}) == 4


def test_stored_arrays_are_ordinary_safetensors() -> None:
    held = load_safetensors(packed(Image(PIXELS, "\udcff")))
    assert np.array_equal(held["a0"], PIXELS)


def test_what_is_loaded_cannot_be_changed() -> None:
    image = codecs.decode(packed(Image(PIXELS)))
    with pytest.raises(ValueError, match="read-only"):
        image.pixels[0] = 1


@pytest.mark.parametrize(
    "value",
    [object(), {"a": 1}, b"bytes", np.zeros(3), Text, {1, 2}, Table(("a",), ((object(),),)), 1j],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_value_is_refused(value: Any) -> None:
    if isinstance(value, np.ndarray):
        value = Series("s", value.astype(object), value)
    with pytest.raises(TypeError):
        codecs.encode(value)


class Boom:
    def __reduce__(self) -> Any:
        return (pytest.fail, ("a stored value ran code",))


def test_a_pickle_is_no_value() -> None:
    for data in (pickle.dumps(Boom()), b"{" + pickle.dumps(Boom())):
        with pytest.raises(codecs.Undecodable):
            codecs.decode(data)


def stored(tree: Any, arrays: dict[str, Any] | None = None, body: bytes = b"") -> bytes:
    """A safetensors file as somebody else might write it."""
    text = json.dumps({"__metadata__": {"meshloom": json.dumps(tree)}, **(arrays or {})}).encode()
    return len(text).to_bytes(8, "little") + text + body


def array(shape: Any, begin: int = 0, end: int = 0, dtype: str = "U8") -> dict[str, Any]:
    return {"a0": {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"{}",
        b"[]",
        b"\0" * 8,
        b"\xff" * 64,
        b'{"@": "os"}',
        b'{"@": "Image"}',
        b'{"@": ["Image"]}',
        b'{"@": "Text", "text": "a", "more": 1}',
        b'{"@": "Image", "pixels": 3}',
        b'{"$": 0}',
        b'{"$": "x"}',
        b'{"complex": 1}',
        b'{"int": "1"}',
        b'{"bool": 2.5}',
        b'{"int": 1, "float": 2}',
        b'{"a": ' * 100_000,
        b"[" * 100_000,
        (1 << 62).to_bytes(8, "little") + b"{}",
        stored({"@": "File", "name": "x", "data": {"$": 0}}, array([1 << 62], 0, 1 << 62)),
        stored({"@": "File", "name": "x", "data": {"$": 0}}, array([-1], 0, -1)),
        stored({"@": "File", "name": "x", "data": {"$": 0}}, array([4], -4, 0), b"abcd"),
        stored({"@": "File", "name": "x", "data": {"$": 0}}, array([8], 0, 8), b"abcd"),
        stored({"@": "File", "name": "x", "data": {"$": 0}}, array([0, 1 << 70], 0, 0)),
        stored({"@": "File", "name": "x", "data": {"$": 0}}, array([1e400], 0, 0)),
        stored({"@": "File", "name": "x", "data": {"$": 0}}, array([4], 0, 4, "O"), b"abcd"),
        stored({"@": "File", "name": "x", "data": {"$": 1}}, array([4], 0, 4), b"abcd"),
        stored({"@": "Mesh", "vertices": {"$": 0}, "faces": {"$": 0}}, array([4], 0, 4), b"abcd"),
    ],
)
def test_hostile_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(codecs.Undecodable):
        codecs.decode(data)


def test_damaged_bytes_give_a_value_or_are_refused() -> None:
    luck = random.Random(1)
    for whole_value in VALUES:
        whole = packed(whole_value)
        for _ in range(40):
            data = bytearray(whole)
            for _ in range(luck.randint(1, 4)):
                if data:
                    data[luck.randrange(len(data))] = luck.randrange(256)
            try:
                codecs.decode(bytes(data[: luck.randint(0, len(data))] if luck.random() < 0.3 else data))
            except codecs.Undecodable:
                continue


@value
class AnyArray:
    """A value that a pack might bring: one array, whatever its shape and dtype."""

    data: Array


@given(
    arrays.arrays(
        st.sampled_from([np.uint8, np.float32, ">f8", np.int16, bool, np.float16]),
        arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    ),
    st.lists(st.text(max_size=5) | st.floats() | st.integers() | st.booleans() | st.none(), max_size=4),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_array_and_any_cell_comes_back(data: np.ndarray[Any, Any], cells: list[Any]) -> None:
    table = Table(("cell",), tuple((cell,) for cell in cells))
    assert same(codecs.decode(packed(table)), table)
    again = codecs.decode(packed(AnyArray(data))).data
    assert again.shape == data.shape
    assert again.dtype == data.dtype.newbyteorder("<")
    assert again.tobytes() == np.asarray(data, data.dtype.newbyteorder("<"), order="C").tobytes()


def test_a_view_counts_for_what_it_keeps_in_memory() -> None:
    whole = np.zeros((1000, 100, 3), np.uint8)
    assert codecs.held_bytes(Image(whole[:1])) >= whole.nbytes
    assert codecs.held_bytes(Image(whole[:1].copy())) < 1000
