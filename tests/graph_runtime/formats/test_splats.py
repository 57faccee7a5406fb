"""Splats in files: what comes back, and what hostile files do not do."""

from __future__ import annotations

import gzip
import json
import struct
import time
import tracemalloc

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats.splat_parts import placed, y_flipped
from meshloom.graph_runtime.formats.splats import FORMATS, read_splats, write_splats
from meshloom.graph_runtime.types import Splats

from ._mutating import MUTATED, mutated


def scene(count: int = 40, degree: int = 3, antialiased: bool = False) -> Splats:
    random = np.random.default_rng(0)
    quaternions = random.normal(size=(count, 4)).astype(np.float32)
    return Splats(
        random.normal(size=(count, 3)).astype(np.float32) * 3,
        quaternions / np.linalg.norm(quaternions, axis=1, keepdims=True),
        np.exp(random.normal(size=(count, 3)) - 3).astype(np.float32),
        random.uniform(0.02, 0.98, count).astype(np.float32),
        (random.normal(size=(count, (degree + 1) ** 2, 3)) * 0.2).astype(np.float32),
        antialiased,
    )


def covariances(splats: Splats) -> np.ndarray:
    """(N, 3, 3), in which quaternions q and -q are one."""
    w, x, y, z = (splats.quaternions / np.linalg.norm(splats.quaternions, axis=1, keepdims=True)).T
    turn = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
    factor = np.moveaxis(turn, 2, 0) * splats.scales[:, None]
    return factor @ factor.transpose(0, 2, 1)


def back(tmp_path, splats: Splats, format: str, warn=None) -> Splats:
    path = tmp_path / f"scene.{'spz' if format == 'spz4' else format}"
    path.write_bytes(write_splats(splats, format))
    return read_splats(path, warn)


@pytest.mark.parametrize("antialiased", [False, True])
@pytest.mark.parametrize("degree", [0, 1, 2, 3])
@pytest.mark.parametrize("format", ["ply", "glb"])
def test_exact_formats_come_back(tmp_path, format, degree, antialiased):
    told = []
    splats = scene(degree=degree, antialiased=antialiased)
    found = back(tmp_path, splats, format, told.append)
    assert np.array_equal(found.means, splats.means)
    assert np.array_equal(found.sh, splats.sh)
    np.testing.assert_allclose(found.scales, splats.scales, rtol=2e-6)
    np.testing.assert_allclose(found.opacities, splats.opacities, atol=1e-6)
    np.testing.assert_allclose(covariances(found), covariances(splats), rtol=1e-4, atol=1e-7)
    assert found.antialiased == antialiased and not told


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
@pytest.mark.parametrize("format", ["spz", "spz4"])
def test_spz_comes_back_to_its_quantisation(tmp_path, format, degree):
    splats = scene(degree=degree, antialiased=True)
    found = back(tmp_path, splats, format)
    np.testing.assert_allclose(found.means, splats.means, atol=2e-6)
    np.testing.assert_allclose(np.log(found.scales), np.log(splats.scales), atol=1 / 32 + 1e-4)
    np.testing.assert_allclose(found.opacities, splats.opacities, atol=0.5 / 255 + 1e-6)
    np.testing.assert_allclose(found.sh[:, 0], splats.sh[:, 0], atol=0.5 / 255 / 0.15 + 1e-6)
    if degree:
        np.testing.assert_allclose(found.sh[:, 1:4], splats.sh[:, 1:4], atol=4.6 / 128)
        np.testing.assert_allclose(found.sh[:, 4:], splats.sh[:, 4:], atol=8.6 / 128)
    # Rotations: the angle between the axes.
    dot = np.abs((found.quaternions * splats.quaternions).sum(axis=1)) / np.linalg.norm(
        found.quaternions, axis=1
    )
    assert np.degrees(2 * np.arccos(np.clip(dot, 0, 1))).max() < 0.3
    assert found.antialiased


def test_records_come_back_to_bytes(tmp_path):
    splats = scene(degree=0)
    found = back(tmp_path, splats, "splat")
    order = np.argsort(found.means[:, 0])
    true = np.argsort(splats.means[:, 0])
    assert np.array_equal(found.means[order], splats.means[true])
    assert np.array_equal(found.scales[order], splats.scales[true])
    np.testing.assert_allclose(found.opacities[order], splats.opacities[true], atol=0.5 / 255 + 1e-6)
    dot = np.abs((found.quaternions[order] * splats.quaternions[true]).sum(axis=1))
    dot /= np.linalg.norm(found.quaternions[order], axis=1)
    assert np.degrees(2 * np.arccos(np.clip(dot, 0, 1))).max() < 1.5
    worth = found.scales.astype(float).prod(axis=1) * found.opacities
    assert (np.diff(worth) < worth[:-1] * 0.02).all()


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_compressed_ply_comes_back_to_its_quantisation(tmp_path, degree):
    """700 splats are three chunks, the last of them not full; one far away spoils no more than its own."""
    splats = scene(700, degree, antialiased=True)
    means = splats.means.copy()
    means[5] = [4000, -3000, 9000]
    splats = Splats(means, splats.quaternions, splats.scales, splats.opacities, splats.sh, True)
    found = back(tmp_path, splats, "compressed.ply")
    assert len(found) == 700 and found.antialiased
    # Other splats stand at other places: each is found again by its colour and opacity.
    marks = np.column_stack([splats.opacities, splats.sh[:, 0] * 0.05])
    seen = np.column_stack([found.opacities, found.sh[:, 0] * 0.05])
    order = np.abs(marks[:, None] - seen[None]).sum(axis=2).argmin(axis=1)
    assert len(set(order.tolist())) == 700
    error = np.abs(found.means[order] - splats.means)
    assert np.sort(error.max(axis=1))[: 700 - 256].max() < 12 / 1023
    np.testing.assert_allclose(np.log(found.scales[order]), np.log(splats.scales), atol=8 / 1023)
    np.testing.assert_allclose(found.opacities[order], splats.opacities, atol=0.5 / 255 + 1e-6)
    np.testing.assert_allclose(found.sh[order, 0], splats.sh[:, 0], atol=0.01)
    np.testing.assert_allclose(found.sh[order, 1:], splats.sh[:, 1:], atol=4 / 256 + 1e-6)
    dot = np.abs((found.quaternions[order] * splats.quaternions).sum(axis=1))
    dot /= np.linalg.norm(found.quaternions[order], axis=1)
    assert np.degrees(2 * np.arccos(np.clip(dot, 0, 1))).max() < 0.25


def packed_file(coloured: bool, chunks: int = 1, count: int = 2, sh: int = 0, rows: int = 2) -> bytes:
    """Laid out by hand: the first at the least of its chunk, unturned; the second at the largest, half round z."""
    axes = [f"{end}_{part}{axis}" for part in ("", "scale_") for end in ("min", "max") for axis in "xyz"]
    axes += [f"{end}_{axis}" for end in ("min", "max") for axis in "rgb"] if coloured else []
    lines = ["ply", "format binary_little_endian 1.0", f"element chunk {chunks}"]
    lines += [f"property float {axis}" for axis in axes] + [f"element vertex {count}"]
    lines += [f"property uint packed_{part}" for part in ("position", "rotation", "scale", "color")]
    if sh:
        lines += [f"element sh {rows}", *(f"property uchar f_rest_{index}" for index in range(sh))]
    body = struct.pack("<12f", -1, -2, -3, 1, 2, 3, -4, -4, -4, 0, 1, 2)
    body += struct.pack("<6f", 0.5, 0.5, 0.5, 1.5, 1.5, 1.5) if coloured else b""
    middle = 512 << 20 | 512 << 10 | 512
    body += struct.pack("<4I", 0, middle, 0, 0x000000FF)
    body += struct.pack("<4I", 2**32 - 1, 3 << 30 | middle, 2**32 - 1, 0xFF000033)
    return "\n".join([*lines, "end_header\n"]).encode() + body + bytes([0, 255] * sh)


def test_compressed_ply_is_read_as_others_write_it(tmp_path):
    path = tmp_path / "scene.compressed.ply"
    for coloured, red in ((True, [0.5, 1.5]), (False, [0, 1])):
        path.write_bytes(packed_file(coloured, sh=9))
        found = read_splats(path)
        np.testing.assert_allclose(found.means, [[-1, -2, -3], [1, 2, 3]])
        np.testing.assert_allclose(np.log(found.scales), [[-4, -4, -4], [0, 1, 2]], atol=1e-6)
        np.testing.assert_allclose(found.opacities, [1, 0.2], atol=1e-6)
        np.testing.assert_allclose(found.sh[:, 0, 0] * 0.28209479177387814 + 0.5, red, atol=1e-6)
        np.testing.assert_allclose(np.abs(found.quaternions), [[1, 0, 0, 0], [0, 0, 0, 1]], atol=2e-3)
        # Bytes 0 and 255 in turns, red's three first: -4 and 4.
        np.testing.assert_allclose(found.sh[0, 1:].T, [[-4, 4, -4], [4, -4, 4], [-4, 4, -4]])


def test_old_spz_is_read(tmp_path):
    """Versions 1 (half floats) and 2 (three bytes of rotation), laid out by hand."""
    for version, place in ((1, struct.pack("<3e", 1, 2, -3)), (2, b"\x00\x10\x00\x00\x20\x00\x00\xd0\xff")):
        head = b"NGSP" + struct.pack("<IIBBBB", version, 1, 0, 12, 0, 0)
        body = place + bytes([200]) + bytes([128, 255, 0]) + bytes([160, 96, 176]) + bytes([128, 128, 255])
        path = tmp_path / "old.spz"
        path.write_bytes(gzip.compress(head + body))
        found = read_splats(path)
        np.testing.assert_allclose(found.means, [[1, -2, 3]], atol=1e-6)
        np.testing.assert_allclose(found.scales, np.exp([[0, -4, 1]]), rtol=1e-6)
        np.testing.assert_allclose(found.opacities, [200 / 255], atol=1e-6)
        np.testing.assert_allclose(np.abs(found.quaternions), [[0, 0, 0, 1]], atol=0.1)


def test_the_glb_is_points_for_everybody_else(tmp_path):
    data = write_splats(scene(degree=1), "glb")
    length = struct.unpack_from("<I", data, 12)[0]
    document = json.loads(data[20 : 20 + length])
    (primitive,) = document["meshes"][0]["primitives"]
    assert primitive["mode"] == 0 and {"POSITION", "COLOR_0"} <= set(primitive["attributes"])
    assert primitive["extensions"]["KHR_gaussian_splatting"]["kernel"] == "ellipse"
    assert all(view["byteOffset"] % 4 == 0 for view in document["bufferViews"])


def test_turning_keeps_what_is_seen_from_a_turned_direction():
    from meshloom.graph_runtime.formats.splat_parts import _FLIP_YZ, _basis

    random = np.random.default_rng(3)
    turn = np.linalg.qr(random.normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = turn * 2, [1, 2, 3]
    splats = scene()
    there = placed(splats, matrix)
    np.testing.assert_allclose(
        covariances(there), 4 * turn @ covariances(splats) @ turn.T, rtol=1e-3, atol=1e-5
    )
    flipped = y_flipped(splats)
    half = np.diag([1.0, -1.0, -1.0])
    np.testing.assert_allclose(covariances(flipped), half @ covariances(splats) @ half, atol=1e-6)
    direction = random.normal(size=(1, 3))
    direction /= np.linalg.norm(direction)
    for changed, by in ((there, turn), (flipped, half)):
        before = np.einsum("k,nkc->nc", _basis(direction)[0], splats.sh)
        after = np.einsum("k,nkc->nc", _basis(direction @ by.T)[0], changed.sh)
        np.testing.assert_allclose(after, before, atol=2e-5)
    assert len(_FLIP_YZ) == 16


def test_what_cannot_be_drawn_is_mended_and_told(tmp_path):
    splats = scene(degree=1)
    means, scales, turn = splats.means.copy(), splats.scales.copy(), splats.quaternions.copy()
    means[0], scales[1], turn[2] = np.nan, np.inf, 0
    sh = splats.sh.copy()
    sh[3] = np.nan
    bad = Splats(means, turn, scales, splats.opacities, sh)
    assert len(back(tmp_path, bad, "compressed.ply")) == 39
    for format in ("ply", "glb"):
        told = []
        found = back(tmp_path, bad, format, told.append)
        assert len(found) == 39 and len(told) == 1
        assert "1 splats with values that are no numbers" in told[0] and "without a rotation" in told[0]
        assert np.isfinite(found.sh).all() and np.isfinite(found.scales).all()


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        (
            "a.ply",
            b"ply\nformat binary_little_endian 1.0\nelement vertex 9\nproperty float x\nend_header\n",
            "rows",
        ),
        ("a.ply", b"ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nend_header\n1\n", "no splats"),
        ("a.ply", packed_file(True, chunks=0), "0 chunks for 2 splats"),
        ("a.ply", packed_file(True, count=4_000_000_000), "more than the file holds"),
        ("a.ply", packed_file(True, chunks=4_000_000_000), "more than the file holds"),
        ("a.ply", packed_file(True, count=0), "no splats"),
        ("a.ply", packed_file(True, sh=8), "8 columns"),
        ("a.ply", packed_file(True, sh=9, rows=1), "of 1 rows"),
        ("a.ply", packed_file(True).replace(b"min_scale_y", b"min_scale_w"), "min_scale_x or others"),
        ("a.ply", packed_file(True).replace(b"uint packed_scale", b"float packed_scale"), "another type"),
        ("a.splat", b"x" * 33, "multiple of 32"),
        ("a.spz", b"NGSP" + struct.pack("<IIBBBBI12x", 4, 4_000_000_000, 3, 12, 0, 6, 32), "limit"),
        (
            "a.spz",
            b"NGSP" + struct.pack("<IIBBBBI12x", 4, 20_000_000, 3, 12, 0, 6, 32),
            "more than it can hold",
        ),
        ("a.spz", gzip.compress(b"NGSP" + struct.pack("<IIBBBB", 3, 29_000_000, 3, 12, 0, 0)), "can hold"),
        ("a.spz", gzip.compress(b"NGSP" + struct.pack("<IIBBBB", 9, 1, 0, 12, 0, 0)), "version 9"),
        ("a.spz", gzip.compress(b"nothing of the kind"), "no SPZ"),
        ("a.txt", b"hello", "no file of splats"),
    ],
)
def test_damaged_files_are_told_and_take_no_memory(tmp_path, name, data, says):
    path = tmp_path / name
    path.write_bytes(data)
    tracemalloc.start()
    try:
        with pytest.raises(NodeError, match=says):
            read_splats(path)
        assert tracemalloc.get_traced_memory()[1] < 5 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("format", [format for format in FORMATS if format != "usda"])
def test_mutated_files_end_in_splats_or_an_error(tmp_path, format):
    """Flipped, cut, doubled and overwritten bytes: nothing but a scene or a NodeError, and no flood of memory."""
    random = np.random.default_rng(7)
    original = write_splats(scene(12, 1), format)
    path = tmp_path / f"mutated.{'spz' if format == 'spz4' else format}"
    refused, slowest = 0, 0.0
    tracemalloc.start()
    try:
        for _ in range(MUTATED):
            path.write_bytes(mutated(original, random))
            begun = time.process_time()
            try:
                found = read_splats(path)
            except NodeError:
                refused += 1
                continue
            finally:
                slowest = max(slowest, time.process_time() - begun)
            assert np.isfinite(found.means).all() and np.isfinite(found.scales).all()
        most = tracemalloc.get_traced_memory()[1]
        assert most < 50 << 20 and slowest < 5
        print(f"\n{format}: {MUTATED} files, {refused} refused, slowest {slowest:.3f} s, {most >> 10} KiB")
    finally:
        tracemalloc.stop()
