"""What every reader shares: opening a file, and turning a decoder's complaint into words for the user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from meshloom.graph_runtime.errors import MeshloomError, NodeError

#: Larger files are refused before they are read into memory.
MAX_FILE_BYTES = 16 << 30


def check_file(path: Path, expected: str) -> int:
    """The size of the file at ``path`` in bytes. Raises ``NodeError`` unless it is a file with content.

    ``expected`` names what the file should be, with its article: "an image".
    """
    if str(path) in ("", "."):
        raise NodeError(f"no file is chosen; expected {expected}", hint="choose a file")
    if path.is_dir():
        raise NodeError(f"{path} is a folder; expected {expected}", hint="choose a file inside it")
    try:
        size = path.stat().st_size
    except OSError as error:
        raise NodeError(
            f"{path} cannot be opened ({error.strerror or error}); expected {expected}",
            hint="check the path and its permissions",
        ) from error
    if size == 0:
        raise NodeError(f"{path.name} is empty (0 bytes); expected {expected}", hint="copy the file again")
    if size > MAX_FILE_BYTES:
        raise NodeError(
            f"{path.name} has {size / 2**30:.0f} GiB; the limit is {MAX_FILE_BYTES >> 30} GiB",
            hint="make the file smaller",
        )
    return size


def read_bytes(path: Path, expected: str) -> bytes:
    """The content of a file that :func:`check_file` accepts."""
    check_file(path, expected)
    try:
        return path.read_bytes()
    except OSError as error:
        raise NodeError(
            f"{path.name} cannot be read ({error.strerror or error})", hint="check the disk and permissions"
        ) from error


@contextmanager
def reading(name: str, expected: str) -> Iterator[None]:
    """Turn whatever a decoder raises inside the block into a ``NodeError`` that names the file.

    Decoders meet hostile bytes with anything from ``struct.error`` to ``RecursionError``; none of them says
    more to a user than this does. Report no progress inside the block: ``Cancelled`` does pass through.
    """
    try:
        yield
    except MeshloomError:
        raise
    except Exception as error:
        detail = (str(error) or type(error).__name__).strip().splitlines()[0][:200]
        raise NodeError(
            f"{name} cannot be read as {expected}: {detail}",
            hint="the file may be damaged or of another format; open it in another program and save it again",
        ) from error
