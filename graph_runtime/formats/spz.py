"""Splats as SPZ (Niantic, MIT): about a tenth of a PLY. Versions 1 to 4 are read, 3 and 4 written.

Positions are 24-bit fixed point (half floats in version 1), scales (16 steps a factor e), opacity and colour
bytes, rotations three bytes (first versions) or the smallest three parts in 10 bits each, higher bands bytes of 5
and 4 bits. Axes are x right, y up, z back. Versions 1 to 3 are one gzip stream; version 4 has a plain header, a
table of contents and one zstandard stream an attribute. Source: the format's description,
github.com/nianticlabs/spz.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats.splat_parts import (
    Array,
    Warn,
    check_count,
    normalised,
    repaired,
    y_flipped,
)
from meshloom.graph_runtime.types import Splats

MAGIC = b"NGSP"
_COEFFICIENTS = (0, 3, 8, 15, 24)
_ANTIALIASED, _EXTENSIONS = 1, 2
#: Colours are stored over a range a little wider than 0..1.
_COLOUR = 0.15
_HALF = np.sqrt(0.5)
#: zlib and zstandard expand by no more than this; a file that declares more is lying.
_MOST_EXPANSION = 1100


def read_spz(data: bytes, name: str, warn: Warn | None = None) -> Splats:
    """The splats. Raises ``NodeError``; takes no more memory than the splats declared, if they may be there."""
    if data[:4] == MAGIC:
        return _read_4(data, name, warn)
    inflate = zlib.decompressobj(wbits=31)
    try:
        head = inflate.decompress(data, 16)
        if len(head) < 16 or head[:4] != MAGIC:
            raise NodeError(f"{name} is no SPZ file", hint="export it again")
        version, count, degree, bits, flags, _ = struct.unpack("<IIBBBB", head[4:])
        if version not in (1, 2, 3):
            raise NodeError(f"{name} is SPZ version {version}; expected 1 to 4", hint="export it again")
        sizes = _sizes(version, count, degree, name, len(data))
        body = inflate.decompress(inflate.unconsumed_tail, sum(sizes))
    except zlib.error as error:
        raise NodeError(f"{name} is damaged: {error}", hint="copy or export it again") from error
    if len(body) < sum(sizes):
        raise NodeError(
            f"{name} declares {count:,} splats, more than it holds", hint="it is cut off; copy it again"
        )
    streams, at = [], 0
    for size in sizes:
        streams.append(np.frombuffer(body, np.uint8, size, at))
        at += size
    return _unpacked(streams, version, count, degree, bits, flags, name, warn)


def _read_4(data: bytes, name: str, warn: Warn | None) -> Splats:
    import zstandard

    if len(data) < 32:
        raise NodeError(f"{name} is cut off in its header", hint="copy it again")
    version, count, degree, bits, flags, many, start = struct.unpack_from("<IIBBBBI", data, 4)
    if version != 4:
        raise NodeError(f"{name} is SPZ version {version}; expected 1 to 4", hint="export it again")
    if flags & _EXTENSIONS and warn is not None:
        warn(f"{name} has extensions, which are not read; its axes are taken to be the usual ones")
    sizes = _sizes(version, count, degree, name, len(data))
    wanted = 6 if degree else 5
    if many < wanted or start < 32 or start + 16 * many > len(data):
        raise NodeError(f"{name} has a table of contents that does not fit", hint="export it again")
    at = start + 16 * many
    streams = []
    for index in range(wanted):
        packed, plain = struct.unpack_from("<QQ", data, start + 16 * index)
        if plain != sizes[index] or at + packed > len(data):
            raise NodeError(
                f"{name} has a stream that does not fit its {count:,} splats", hint="export it again"
            )
        try:
            reader = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(data[at : at + packed])
            content = reader.read(plain)
        except zstandard.ZstdError as error:
            raise NodeError(f"{name} is damaged: {error}", hint="copy or export it again") from error
        if len(content) != plain:
            raise NodeError(f"{name} declares {count:,} splats, more than it holds", hint="copy it again")
        streams.append(np.frombuffer(content, np.uint8))
        at += packed
    if not degree:
        streams.append(np.empty(0, np.uint8))
    return _unpacked(streams, version, count, degree, bits, flags, name, warn)


def _sizes(version: int, count: int, degree: int, name: str, held: int) -> list[int]:
    """Bytes of positions, opacities, colours, scales, rotations and higher bands."""
    check_count(count, name)
    if degree > 4:
        raise NodeError(f"{name} has spherical harmonics of degree {degree}; expected 0 to 4")
    row = [6 if version == 1 else 9, 1, 3, 3, 3 if version < 3 else 4, 3 * _COEFFICIENTS[degree]]
    if count * sum(row) > held * _MOST_EXPANSION:
        raise NodeError(f"{name} declares {count:,} splats, more than it can hold", hint="export it again")
    return [count * width for width in row]


def _unpacked(
    streams: list[Array],
    version: int,
    count: int,
    degree: int,
    bits: int,
    flags: int,
    name: str,
    warn: Warn | None,
) -> Splats:
    place, opacity, colour, scale, turn, higher = streams
    if version == 1:
        means = place.view("<f2").reshape(count, 3).astype(np.float32)
    else:
        if bits > 31:
            raise NodeError(f"{name} has {bits} fractional bits; expected 0 to 31", hint="export it again")
        parts = place.reshape(count, 3, 3).astype(np.int32)
        fixed = parts[..., 0] | parts[..., 1] << 8 | parts[..., 2] << 16
        means = ((fixed << 8 >> 8) / 2.0**bits).astype(np.float32)
    base = (colour.reshape(count, 1, 3).astype(np.float32) / 255 - 0.5) / _COLOUR
    sh = base
    if degree:
        rest = (higher.reshape(count, -1, 3).astype(np.float32) - 128) / 128
        sh = np.concatenate([base, rest[:, :15]], axis=1)
        if degree == 4 and warn is not None:
            warn(f"{name} has spherical harmonics of degree 4; those above 3 are left out")
    scales = np.exp(scale.reshape(count, 3).astype(np.float64) / 16 - 10)
    flipped = repaired(
        name,
        means,
        _rotations(turn, count, version),
        scales,
        opacity.astype(np.float32) / 255,
        sh,
        bool(flags & _ANTIALIASED),
        warn,
    )
    return y_flipped(flipped)


def _rotations(turn: Array, count: int, version: int) -> Array:
    """(N, 4) w, x, y, z."""
    if version < 3:
        xyz = turn.reshape(count, 3).astype(np.float32) / np.float32(127.5) - 1
        w = np.sqrt(np.maximum(1 - (xyz**2).sum(axis=1), 0))
        return np.column_stack([w, xyz])
    packed = turn.reshape(count, 4).copy().view("<u4")[:, 0]
    largest = packed >> 30
    parts = np.zeros((count, 4))
    rest = packed.copy()
    for axis in (3, 2, 1, 0):  # x, y, z, w, the last one lowest
        here = largest != axis
        size = (rest & 511) / 511 * _HALF
        parts[here, axis] = np.where((rest >> 9) & 1, -size, size)[here]
        rest = np.where(here, rest >> 10, rest)
    missing = np.sqrt(np.maximum(1 - (parts**2).sum(axis=1), 0))
    parts[np.arange(count), largest] = missing
    return parts[:, [3, 0, 1, 2]].astype(np.float32)


# ------------------------------------------------------------------------------------------------ writing


def write_spz(splats: Splats, version: int = 3) -> bytes:
    """The file. Positions keep as many fractional bits as fit, at most 20."""
    flipped = y_flipped(splats)
    reach = float(np.abs(flipped.means).max()) if len(splats) else 0.0
    if not reach < 2**23:
        raise NodeError(
            f"the splats reach {reach:.3g} from the origin; SPZ holds up to 8,388,607",
            hint="put splats.transform before, to scale or move them",
        )
    bits = int(np.clip(np.floor(np.log2((2**23 - 1) / max(reach, 1e-9))), 0, 20))
    streams = _packed(flipped, bits)
    flags = _ANTIALIASED if splats.antialiased else 0
    if version == 3:
        head = struct.pack("<4sIIBBBB", MAGIC, 3, len(splats), splats.degree, bits, flags, 0)
        deflate = zlib.compressobj(6, wbits=31)
        return deflate.compress(head + b"".join(streams)) + deflate.flush()
    if version != 4:
        raise NodeError(f"SPZ version {version} is not written; expected 3 or 4")
    import zstandard

    compressed = [zstandard.ZstdCompressor(level=12).compress(stream) for stream in streams]
    head = struct.pack("<4sIIBBBBI12x", MAGIC, 4, len(splats), splats.degree, bits, flags, len(streams), 32)
    table = b"".join(
        struct.pack("<QQ", len(small), len(stream)) for small, stream in zip(compressed, streams, strict=True)
    )
    return head + table + b"".join(compressed)


def _packed(splats: Splats, bits: int) -> list[bytes]:
    fixed = np.clip(np.round(splats.means.astype(np.float64) * 2.0**bits), -(2**23), 2**23 - 1).astype("<i4")
    place = fixed.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()

    def as_bytes(values: Array) -> bytes:
        return np.clip(np.round(values), 0, 255).astype(np.uint8).tobytes()

    turn = normalised(splats.quaternions)[:, [1, 2, 3, 0]].astype(np.float64)
    rows = np.arange(len(turn))
    largest = np.abs(turn).argmax(axis=1)
    turn *= np.where(turn[rows, largest] < 0, -1.0, 1.0)[:, None]
    packed = largest.astype(np.uint32)
    for axis in range(4):
        size = np.round(np.minimum(np.abs(turn[:, axis]) / _HALF, 1) * 511).astype(np.uint32)
        part = (packed << np.uint32(10)) | ((turn[:, axis] < 0).astype(np.uint32) << np.uint32(9)) | size
        packed = np.where(largest == axis, packed, part)
    streams = [
        place,
        as_bytes(splats.opacities * 255),
        as_bytes((splats.sh[:, 0] * _COLOUR + 0.5) * 255),
        as_bytes((np.log(np.maximum(splats.scales.astype(np.float64), 1e-30)) + 10) * 16),
        packed.astype("<u4").tobytes(),
    ]
    higher = np.round(splats.sh[:, 1:] * 128) + 128
    # The first band to 5 bits, the others to 4, as the format's own writer does.
    for first, last, step in ((0, 3, 8), (3, 15, 16)):
        higher[:, first:last] = np.floor((higher[:, first:last] + step / 2) / step) * step
    return [*streams, as_bytes(higher)]
