"""The workflow that made a file travels with it.

PNG: a compressed ``iTXt`` chunk named ``meshloom``. GLB: ``asset.extras.meshloom``. PLY: comment lines.
JPEG: comment segments. Anything else: ``NAME.meshloom.json`` beside it. Reading is safe on hostile files:
bounded in memory and time, and what is broken is the same as what is absent.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from meshloom.graph_runtime.formats.gltf_writing import glb

#: The end of the name of the file beside another that holds its workflow.
SIDECAR = ".meshloom.json"
#: Longer workflows are neither written into files nor read from them.
LIMIT = 64 << 20

_KEY = b"meshloom"
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
#: The scene description of a GLB is parsed to find the workflow: a hostile one grows twentyfold in memory.
_MAX_GLB_JSON = 16 << 20
#: Small pieces of a file looked at before giving up: each costs a seek.
_MAX_PIECES = 20_000
#: Characters of a PLY comment: some readers hold 1,024 in a line.
_PLY_LINE = 200
#: Characters of a JPEG comment segment, which holds 65,533 bytes.
_JPEG_SEGMENT = 60_000
_PIECE = re.compile(rb"meshloom (\d{1,6})/(\d{1,6}) ([A-Za-z0-9+/=]*)")


def embed(name: str, data: bytes, workflow_json: str) -> tuple[bytes, bytes | None]:
    """``data`` with the workflow inside, and the content of a file to put beside it where it has no place.

    ``name`` is not looked at: the bytes say what they are. A workflow that is there already is replaced. The
    second is to be saved as ``name + SIDECAR``; it is ``None`` where the first holds the workflow.
    """
    text = workflow_json.encode()
    try:
        if len(text) > LIMIT:
            return data, text
        if data.startswith(_PNG):
            return _into_png(data, text), None
        if data.startswith(b"glTF"):
            return _into_glb(data, workflow_json), None
        if re.match(rb"ply[ \t]*\r?\n", data):
            return _into_ply(data, text), None
        if data.startswith(_JPEG):
            return _into_jpeg(data, text), None
    except (ValueError, KeyError, TypeError, AttributeError, struct.error, RecursionError):
        pass  # not the file it seemed to be: the workflow goes beside it
    return data, text


def extract(path: Path) -> str | None:
    """The workflow in the file at ``path``, or in the one beside it; ``None`` if there is none to be read."""
    path = Path(path)
    found = None
    try:
        with path.open("rb") as file:
            found = _from_file(file)
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        struct.error,
        zlib.error,
        RecursionError,
    ):
        found = None
    if found is None:
        beside = path if path.name.endswith(SIDECAR) else path.with_name(path.name + SIDECAR)
        try:
            if beside.stat().st_size <= LIMIT:
                found = beside.read_bytes()
        except (OSError, ValueError):
            return None
    if found is None:
        return None
    try:
        return found.decode()
    except UnicodeDecodeError:
        return None


def _from_file(file: BinaryIO) -> bytes | None:
    start = file.read(12)
    if start.startswith(_PNG):
        return _from_png(file)
    if start.startswith(b"glTF"):
        return _from_glb(file)
    if start.startswith(b"ply"):
        return _from_ply(file)
    if start.startswith(_JPEG):
        return _from_jpeg(file)
    return None


def _inflate(packed: bytes) -> bytes | None:
    """Decompressed, unless broken or longer than :data:`LIMIT`."""
    unpacker = zlib.decompressobj()
    content = unpacker.decompress(packed, LIMIT + 1)
    return content if unpacker.eof and len(content) <= LIMIT else None


# --------------------------------------------------------------------------------------------------- PNG


def _into_png(data: bytes, text: bytes) -> bytes:
    pieces = [_PNG]
    for kind, start, end in _png_chunks(data):
        if not (kind in (b"iTXt", b"tEXt", b"zTXt") and data[start + 8 : start + 17] == _KEY + b"\0"):
            pieces.append(data[start:end])
        if kind == b"IHDR":
            # Early, so that reading it needs no walk over the pixels.
            content = b"iTXt" + _KEY + b"\0\1\0\0\0" + zlib.compress(text, 9)
            pieces.append(
                struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
            )
    return b"".join(pieces)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of each chunk. Raises ``ValueError`` unless the file holds them all, to ``IEND``."""
    at, kind = len(_PNG), b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise ValueError("cut off")
        yield kind, at, end
        at = end


def _from_png(file: BinaryIO) -> bytes | None:
    at = len(_PNG)
    for _ in range(_MAX_PIECES):
        file.seek(at)
        head = file.read(8 + len(_KEY) + 1)
        if len(head) < 12:
            return None
        length, kind = struct.unpack_from(">I4s", head)
        if kind == b"IEND":
            return None
        if kind in (b"iTXt", b"tEXt", b"zTXt") and head[8:] == _KEY + b"\0" and length <= LIMIT:
            file.seek(at + 4)
            content = file.read(length + 4)
            if len(content) != length + 4 or file.read(4) != struct.pack(">I", zlib.crc32(content)):
                return None
            return _png_text(kind, content[4 + len(_KEY) + 1 :])
        at += 12 + length
    return None


def _png_text(kind: bytes, rest: bytes) -> bytes | None:
    if kind == b"tEXt":
        return rest.decode("latin-1").encode()
    if kind == b"zTXt":
        return _inflate(rest[1:])
    packed = rest[0] == 1
    _language, _, rest = rest[2:].partition(b"\0")
    _keyword, _, rest = rest.partition(b"\0")
    return _inflate(rest) if packed else rest


# --------------------------------------------------------------------------------------------------- GLB


def _into_glb(data: bytes, workflow_json: str) -> bytes:
    version, _, length, kind = struct.unpack_from("<III4s", data, 4)
    if version != 2 or kind != b"JSON" or 20 + length > len(data):
        raise ValueError("no GLB 2")
    document = json.loads(data[20 : 20 + length])
    extras = document["asset"].setdefault("extras", {})
    extras["meshloom"] = workflow_json
    start = glb(json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode(), b"")
    rest = data[20 + length :]
    return start[:8] + struct.pack("<I", len(start) + len(rest)) + start[12:] + rest


def _from_glb(file: BinaryIO) -> bytes | None:
    length, kind = struct.unpack("<I4s", file.read(8))
    if kind != b"JSON" or length > _MAX_GLB_JSON:
        return None
    found = json.loads(file.read(length))["asset"]["extras"]["meshloom"]
    return (found if isinstance(found, str) else json.dumps(found)).encode()


# ------------------------------------------------------------------------------------------ PLY and JPEG


def _in_pieces(text: bytes, size: int) -> list[bytes]:
    packed = base64.b64encode(zlib.compress(text, 9))
    parts = [packed[at : at + size] for at in range(0, len(packed), size)]
    return [b"meshloom %d/%d %s" % (index, len(parts), part) for index, part in enumerate(parts)]


def _of_pieces(pieces: list[bytes]) -> bytes | None:
    """What :func:`_in_pieces` took apart, if it is all there."""
    found = {}
    total = 0
    for piece in pieces:
        match = _PIECE.fullmatch(piece)
        if match is not None:
            found[int(match[1])] = match[3]
            total = int(match[2])
    if not total or total != len(found) or max(found) != total - 1:
        return None
    try:
        return _inflate(base64.b64decode(b"".join(found[index] for index in range(total)), validate=True))
    except binascii.Error:
        return None


def _into_ply(data: bytes, text: bytes) -> bytes:
    end = re.compile(rb"\nend_header[ \t]*\r?\n").search(data, 0, LIMIT)
    if end is None:
        raise ValueError("no PLY header")
    header = re.sub(rb"\ncomment meshloom \d+/\d+ [^\n]*(?=\n)", b"", data[: end.start() + 1])
    line_end = b"\r\n" if header.startswith(b"ply\r") else b"\n"
    lines = b"".join(b"comment " + piece + line_end for piece in _in_pieces(text, _PLY_LINE))
    # After "ply" and the format, which some readers expect in the first two lines.
    head = re.match(rb"[^\n]*\n(?:format[^\n]*\n)?", header)
    at = head.end() if head else 0
    return header[:at] + lines + header[at:] + data[end.start() + 1 :]


def _from_ply(file: BinaryIO) -> bytes | None:
    file.seek(0)
    pieces = []
    # Lines are as long as they like in a hostile file; ours are short.
    for _ in range(LIMIT // _PLY_LINE):
        line = file.readline(4096)
        if not line or line.startswith(b"end_header"):
            break
        if line.startswith(b"comment meshloom "):
            pieces.append(line[len(b"comment ") :].strip())
    return _of_pieces(pieces)


def _into_jpeg(data: bytes, text: bytes) -> bytes:
    pieces = [data[:2]]
    at = 2
    while True:
        mark, kind = data[at], data[at + 1]
        (length,) = struct.unpack_from(">H", data, at + 2)
        if mark != 0xFF or length < 2 or at + 2 + length > len(data):
            raise ValueError("no JPEG")
        # The comments go after the application's segments, which come first.
        if not 0xE0 <= kind <= 0xEF:
            break
        pieces.append(data[at : at + 2 + length])
        at += 2 + length
    for piece in _in_pieces(text, _JPEG_SEGMENT):
        pieces.append(b"\xff\xfe" + struct.pack(">H", len(piece) + 2) + piece)
    while data[at : at + 2] == b"\xff\xfe" and data[at + 4 : at + 13] == b"meshloom ":
        at += 2 + int(struct.unpack_from(">H", data, at + 2)[0])
    pieces.append(data[at:])
    return b"".join(pieces)


def _from_jpeg(file: BinaryIO) -> bytes | None:
    at, pieces = 2, []
    for _ in range(_MAX_PIECES):
        file.seek(at)
        head = file.read(4)
        if len(head) < 4 or head[0] != 0xFF or head[1] in (0xDA, 0xD9):
            break
        (length,) = struct.unpack_from(">H", head, 2)
        if head[1] == 0xFE:
            content = file.read(max(length - 2, 0))
            if content.startswith(b"meshloom "):
                pieces.append(content)
        at += 2 + length
    return _of_pieces(pieces)
