"""Content digests of files, remembered by size and times: touching a file costs nothing, editing it shows."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from blake3 import blake3

from meshloom.graph_runtime.codecs import DIGEST_BYTES, digest_of
from meshloom.graph_runtime.disk import DiskStore
from meshloom.graph_runtime.errors import MeshloomError

#: A file changed this recently may change again within one tick of its clock: not remembered yet.
_SETTLED_NS = 50_000_000


class Stamps:
    """Digests of files and folders, shared by all runs through the disk tier."""

    def __init__(self, disk: DiskStore | None = None) -> None:
        self._disk = disk
        self._known: dict[str, tuple[str, str]] = {}
        self._lock = threading.Lock()

    def file(self, path: Path) -> str:
        """The digest of a file's content. Raises :class:`MeshloomError` naming the file."""
        try:
            stat = path.stat()
            if not path.is_file():
                what = "a folder" if path.is_dir() else "no ordinary file"
                raise MeshloomError(f"{path} is {what}; expected a file")
            if not os.access(path, os.R_OK):
                raise PermissionError
            # The time of the last change of any kind too: editors and archives set that of the content back.
            mark = f"{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}:{stat.st_ino}"
            name = str(path.resolve())
            with self._lock:
                known = self._known.get(name)
            if known is not None and known[0] == mark:
                return known[1]
            found = self._disk.stamp(name, mark) if self._disk is not None else None
            if found is None:
                hasher = blake3()
                with path.open("rb") as file:
                    while block := file.read(1 << 20):
                        hasher.update(block)
                found = hasher.digest(length=DIGEST_BYTES).hex()
                if 0 <= _now_ns() - max(stat.st_mtime_ns, stat.st_ctime_ns) < _SETTLED_NS:
                    return found
                if self._disk is not None:
                    self._disk.remember_stamp(name, mark, found)
        except OSError as error:
            raise MeshloomError(f"{path}: {_reason(error)}", "check the path and its permissions") from None
        with self._lock:
            self._known[name] = (mark, found)
        return found

    def folder(self, path: Path, patterns: Sequence[str]) -> str:
        """The digest of the names and contents of the files in a folder that match any pattern."""
        try:
            if not path.is_dir():
                raise NotADirectoryError
            next(path.iterdir(), None)  # a folder that cannot be read must not look empty
            names = sorted({found.relative_to(path).as_posix() for found in _matching(path, patterns)})
        except OSError as error:
            raise MeshloomError(
                f"{path}: {_reason(error)}; expected a folder", "check the path and its permissions"
            ) from None
        parts = []
        for name in names:
            try:
                parts += [name, self.file(path / name)]
            except MeshloomError as error:  # an unreadable file is the node's to report, not the key's
                parts += [name, f"unreadable: {error.message}"]
        return digest_of(parts)


def _matching(path: Path, patterns: Sequence[str]) -> Iterator[Path]:
    """Files that match any pattern, whatever the case: a camera's .JPG is a .jpg."""
    for pattern in patterns:
        if "/" in pattern:
            yield from (found for found in path.glob(pattern) if not found.is_dir())
    plain = [pattern.lower() for pattern in patterns if "/" not in pattern]
    for found in path.iterdir():
        if any(fnmatchcase(found.name.lower(), pattern) for pattern in plain) and not found.is_dir():
            yield found


def _reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "does not exist"
    if isinstance(error, PermissionError):
        return "cannot be read (no permission)"
    if isinstance(error, NotADirectoryError):
        return "is no folder"
    return error.strerror or str(error)


def _now_ns() -> int:
    import time

    return time.time_ns()
