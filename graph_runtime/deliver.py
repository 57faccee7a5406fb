"""Results into a folder: each output of a target as a file that carries the workflow which made it.

Turning a value into a file (compressing a texture, say) is remembered in the cache like any computation, so a
run in which nothing changed writes nothing and spends nothing.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from meshloom.graph_runtime.cache import Cache, Missing
from meshloom.graph_runtime.codecs import digest_of
from meshloom.graph_runtime.disk import Ref
from meshloom.graph_runtime.errors import MeshloomError, Problem
from meshloom.graph_runtime.formats.deliver import to_files
from meshloom.graph_runtime.formats.names import safe_name
from meshloom.graph_runtime.formats.provenance import SIDECAR, embed
from meshloom.graph_runtime.lookup import digests
from meshloom.graph_runtime.sources import code_digest
from meshloom.graph_runtime.types import File

#: Names that the report and a sweep's summary take.
_TAKEN = ("report.html", "report.json", "sweep.csv")


@dataclass(frozen=True)
class Delivered:
    """A file written for an output of a node."""

    node: str
    output: str
    path: Path
    bytes: int


def deliver(
    cache: Cache,
    folder: Path,
    outputs: Iterable[tuple[str, Sequence[tuple[str, Ref]]]],
    workflow: str,
    problems: list[Problem],
) -> list[Delivered]:
    """Write the outputs of nodes: ``(node, [(output, ref), ...])``. ``workflow``: the text to carry.

    A value that no file format takes is added to ``problems`` and costs only itself. Raises
    :class:`MeshloomError` naming the file that cannot be written, and
    :class:`~meshloom.graph_runtime.cache.Missing` when a value is gone.
    """
    written: list[Delivered] = []
    taken = set(_TAKEN)
    outputs = list(outputs)
    for node, ports in outputs:  # the folders that lists go to are no names for files
        taken.update(_stem(node, output, ports).casefold() for output, ref in ports if len(digests(ref)) > 1)
    for node, ports in outputs:
        for output, ref in ports:
            stem = _stem(node, output, ports)
            many = not isinstance(ref, str)
            for index, digest in enumerate((ref,) if isinstance(ref, str) else ref):
                try:
                    files = files_of(cache, digest, f"{stem}-{index:03d}" if many else stem)
                except (Missing, MemoryError):
                    raise
                except Exception as error:
                    said = f"its result {output} cannot be written as a file: {error}"
                    problems.append(Problem(node, said, "what was computed is kept"))
                    continue
                for file in files:
                    name = _free(safe_name(file.name), taken)
                    path = (folder / stem / name) if many and len(ref) > 1 else folder / name
                    written.append(Delivered(node, output, path, _write(path, file.data.tobytes(), workflow)))
    return written


def _stem(node: str, output: str, ports: Sequence[tuple[str, Ref]]) -> str:
    return safe_name(node.replace("/", "-") if len(ports) == 1 else f"{node}-{output}")


def files_of(cache: Cache, digest: str, stem: str) -> list[File]:
    """The file or files that a value becomes, remembered under the value's digest."""
    value_key = digest_of(("deliver", code_digest(Path(__file__)), stem, digest))
    record = cache.record(value_key)
    if record is not None and all(cache.holds(ref) for ref in record.outputs):
        return list(cache.fetch(record.outputs[0]))
    files: list[File] = to_files(stem, cache.load(digest))
    cache.put(value_key, [files], 0.0)
    return files


def _free(name: str, taken: set[str]) -> str:
    """A name no other result of this run has (case-insensitively: some file systems are)."""
    candidate, number = name, 1
    while not taken.isdisjoint({candidate.casefold(), f"{candidate}{SIDECAR}".casefold()}):
        number += 1
        base, dot, suffix = name.rpartition(".")
        candidate = f"{base or suffix}-{number}{dot}{suffix if base else ''}"
    taken |= {candidate.casefold(), f"{candidate}{SIDECAR}".casefold()}
    return candidate


def _write(path: Path, data: bytes, workflow: str) -> int:
    data, sidecar = embed(path.name, data, workflow)
    write_file(path, data)
    if sidecar is not None:
        write_file(path.with_name(path.name + SIDECAR), sidecar)
    return len(data)


def write_file(path: Path, data: bytes) -> None:
    """Write a file so that a crash leaves the old or the new one, whole; an equal one is left alone."""
    try:
        if path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name[:100]}.{os.getpid()}.part")
        try:
            aside.write_bytes(data)
            aside.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                aside.unlink()
            raise
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
        raise MeshloomError(
            f"{path} cannot be written: {reason}",
            "choose another folder with -o; nothing computed is lost, running again only writes the files",
        ) from None
