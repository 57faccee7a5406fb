"""PLY of any layout is read, and one that lies about its size is refused before memory is spent."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats.ply import Lists, read_ply, write_ply

HEADER = """ply
format {format} 1.0
comment made by hand
element vertex 3
property double x
property uchar red
element face 3
property list uchar int vertex_indices
property float quality
end_header
"""
FACES = [([0, 1, 2], 0.5), ([0, 1, 2, 1], 0.25), ([2, 1, 0], 1.0)]


def by_hand(format: str) -> bytes:
    data = HEADER.format(format=format).encode()
    if format == "ascii":
        rows = ["1.5 10", "-2 20", "1e3 255"] + [f"{len(f)} {' '.join(map(str, f))} {q}" for f, q in FACES]
        return data + "\r\n".join(rows).encode()
    order = "<" if "little" in format else ">"
    data += np.array([(1.5, 10), (-2, 20), (1e3, 255)], [("x", order + "f8"), ("r", "u1")]).tobytes()
    for face, quality in FACES:
        data += bytes([len(face)]) + np.array(face, order + "i4").tobytes()
        data += np.array(quality, order + "f4").tobytes()
    return data


@pytest.mark.parametrize("format", ["ascii", "binary_little_endian", "binary_big_endian"])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_all_layouts_say_the_same(format: str, line_end: bytes) -> None:
    data = by_hand(format)
    end = data.index(b"end_header\n") + 11
    elements = read_ply(data[:end].replace(b"\n", line_end) + data[end:], "a.ply")
    np.testing.assert_array_equal(elements["vertex"].column("x"), [1.5, -2, 1000])
    np.testing.assert_array_equal(elements["vertex"].column("red"), [10, 20, 255])
    np.testing.assert_array_equal(elements["face"].column("quality"), [0.5, 0.25, 1])
    corners = elements["face"].columns["vertex_indices"]
    assert isinstance(corners, Lists)
    assert corners.counts.tolist() == [3, 4, 3]
    assert corners.values.tolist() == [0, 1, 2, 0, 1, 2, 1, 2, 1, 0]


@pytest.mark.parametrize("format", ["ascii", "binary_little_endian", "binary_big_endian"])
def test_lists_of_one_length_read_like_others(format: str) -> None:
    data = by_hand(format)
    one = read_ply(data.replace(b"element face 3", b"element face 1"), "a.ply")["face"]
    corners = one.columns["vertex_indices"]
    assert isinstance(corners, Lists)
    assert corners.values.tolist() == [0, 1, 2] and one.columns["quality"].tolist() == [0.5]


def test_written_files_read_back_exactly() -> None:
    random = np.random.default_rng(1)
    vertex = {
        "a": random.random(50, np.float32),
        "b": random.integers(0, 255, 50).astype(np.uint8),
        "c": random.random(50),
        "d": random.integers(-9, 9, 50).astype(np.int16),
    }
    faces = random.integers(0, 50, (7, 3)).astype(np.int32)
    elements = read_ply(write_ply({"vertex": vertex, "face": {"vertex_indices": faces}}, ["hello"]), "a.ply")
    for name, column in vertex.items():
        found = elements["vertex"].column(name)
        assert found is not None and found.dtype == column.dtype
        np.testing.assert_array_equal(found, column)
    corners = elements["face"].columns["vertex_indices"]
    assert isinstance(corners, Lists)
    np.testing.assert_array_equal(corners.values.reshape(-1, 3), faces)


@pytest.mark.parametrize("format", ["ascii", "binary_little_endian"])
@pytest.mark.parametrize("element", [b"vertex", b"face"])
def test_a_count_beyond_the_file_is_refused(format: str, element: bytes) -> None:
    for count in (b"4", b"90000000", b"999999999999999999"):
        data = by_hand(format).replace(b"element %s 3" % element, b"element %s %s" % (element, count))
        if (element, count) == (b"vertex", b"4"):
            continue  # the fourth vertex is read from the bytes of the faces: nothing tells them apart
        with pytest.raises(NodeError, match="more than the file holds"):
            read_ply(data, "a.ply")


def test_a_list_longer_than_the_file_is_refused() -> None:
    header = "ply\nformat binary_little_endian 1.0\nelement face 2\nproperty list uint int i\nend_header\n"
    for numbers in ((2**32 - 1, 0, 1), (0, 2**31, 1), (1, 7, 2**32 - 1)):
        body = np.uint32(numbers).tobytes()
        with pytest.raises(NodeError, match="more than the file holds"):
            read_ply(header.encode() + body, "a.ply")


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\n", "cut off"),
        ("ply\nformat zip 1.0\nend_header\n", "format"),
        ("ply\nformat ascii 1.0\nelement vertex -5\nend_header\n", "not understood"),
        ("ply\nformat ascii 1.0\nproperty float x\nend_header\n", "not understood"),
        (
            "ply\nformat ascii 1.0\nelement v 1" + "\nproperty float x" * 2 + "\nend_header\n1 1\n",
            "twice",
        ),
        ("ply\nformat ascii 1.0\nelement v 1\nproperty float x\nend_header\nhello\n", "numbers"),
    ],
)
def test_broken_headers_are_explained(header: str, says: str) -> None:
    with pytest.raises(NodeError, match=says):
        read_ply(header.encode(), "a.ply")


def test_rows_of_no_properties_cost_nothing() -> None:
    data = b"ply\nformat ascii 1.0\nelement empty 999999999999999999\nend_header\n"
    assert read_ply(data, "a.ply")["empty"].count == 0
