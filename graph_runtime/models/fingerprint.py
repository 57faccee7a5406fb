"""What the weights in a folder are, as a digest, without reading all of them."""

from __future__ import annotations

from pathlib import Path

from blake3 import blake3

from meshloom.graph_runtime.errors import ModelError
from meshloom.graph_runtime.models.checkpoint import PICKLES
from meshloom.graph_runtime.spec import Run

#: Files up to this size are read whole; larger ones are known by header, size, time of change and samples.
_WHOLE = 64 << 20
_SAMPLES, _SAMPLE = 32, 64 << 10
_KINDS = (".json", ".txt", ".jinja", ".model", ".safetensors", *PICKLES)


def fingerprint(folder: Path, run: Run) -> str:
    """The digest of a checkpoint's files. A changed weight changes it; so does the time of a large file.

    Raises :class:`ModelError` for files that cannot be read.
    """
    hasher = blake3()
    files = sorted(path for path in folder.rglob("*") if path.suffix in _KINDS and path.is_file())
    for path in files:
        run.check()
        try:
            size = path.stat().st_size
            hasher.update(f"{path.relative_to(folder).as_posix()}\0{size}\0".encode())
            _update(hasher, path, size)
        except OSError as error:
            raise ModelError(f"{path} cannot be read: {error.strerror or error}") from None
    return hasher.digest(length=20).hex()


def _update(hasher: blake3, path: Path, size: int) -> None:
    with path.open("rb") as file:
        if size <= _WHOLE:
            hasher.update(file.read())
            return
        hasher.update(str(path.stat().st_mtime_ns).encode())
        for index in range(_SAMPLES):
            file.seek((size - _SAMPLE) * index // (_SAMPLES - 1))
            hasher.update(file.read(_SAMPLE))
