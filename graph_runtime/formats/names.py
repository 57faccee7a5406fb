"""File names that every system accepts."""

from __future__ import annotations

import re
import unicodedata

import numpy as np

from meshloom.graph_runtime.types import File

_FORBIDDEN = re.compile(
    r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]'
)
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
#: Bytes of a name: 255 on common file systems, less room for numbering and sidecars.
_MAX_BYTES = 200


def safe_name(name: str, default: str = "result") -> str:
    """``name`` as the name of one file: no folders, no reserved words or characters, at most 200 bytes.

    The extension survives shortening. What leaves nothing becomes ``default``. Safe names stay as they are.
    """
    name = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode())
    name = _FORBIDDEN.sub("_", name)
    # Windows drops dots and spaces at the end; a dot at the start hides the file.
    name = name.strip().rstrip(". ").lstrip(". ")
    if not name.strip("_. "):
        name = default
    if _RESERVED.fullmatch(name):
        name = "_" + name
    if len(name.encode()) <= _MAX_BYTES:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix.encode()) > 20:
        stem, dot, suffix = name, "", ""
    room = _MAX_BYTES - len((dot + suffix).encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(". ") + dot + suffix


def make_file(name: str, data: bytes) -> File:
    """A ``File`` of ``data`` under a safe name."""
    return File(safe_name(name), np.frombuffer(data, np.uint8))


def stem_of(chosen: str, source: str, default: str) -> str:
    """The name of a file without extension: as chosen, else that of the file it came from, else ``default``."""
    if chosen.strip():
        return safe_name(chosen, default)
    stem, dot, suffix = source.rpartition(".")
    return safe_name(stem if dot and len(suffix) <= 5 and stem else source, default)
