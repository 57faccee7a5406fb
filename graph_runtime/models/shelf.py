"""The models on this machine: listed and removed."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from meshloom.graph_runtime.errors import ModelError
from meshloom.graph_runtime.models.checkpoint import read_checkpoint
from meshloom.graph_runtime.models.licences import Licence, licence_of, read_card
from meshloom.graph_runtime.models.places import find, hub_folder, is_hub_id, own_folders, repository_folder


@dataclass(frozen=True)
class Held:
    """A model on this machine. ``state``: empty when whole, else what is wrong with it."""

    source: str
    commit: str
    folder: Path
    pipeline: str
    bytes: int
    licence: Licence
    state: str = ""


def held_models() -> list[Held]:
    """Every model in the Hub's cache and in ``$MESHLOOM_MODELS``, by name. Reads no weights."""
    found: list[Held] = []
    for repository in sorted(hub_folder().glob("models--*--*")):
        source = repository.name.removeprefix("models--").replace("--", "/", 1)
        snapshots = sorted(path for path in repository.glob("snapshots/*") if path.is_dir())
        found += [_held(source, path.name, path) for path in snapshots]
        if not snapshots and any(repository.glob("blobs/*")):
            size = _size(repository)
            found.append(Held(source, "", repository, "", size, licence_of({}), "download not finished"))
    for own in own_folders():
        if own.is_dir():
            folders = sorted(path for path in own.iterdir() if path.is_dir())
            found += [_held(path.name, "", path) for path in folders]
    return found


def _held(source: str, commit: str, folder: Path) -> Held:
    pipeline, state = "", ""
    try:
        checkpoint = read_checkpoint(folder)
        pipeline = checkpoint.pipeline or checkpoint.components[0].class_name
        if checkpoint.absent:
            state = f"incomplete: {len(checkpoint.absent)} files are absent"
        elif any(part.pickles for part in checkpoint.models):
            state = "pickled: convert it"
        else:
            for part in checkpoint.models:
                part.tensors()  # heads of files alone: tells of those cut short
    except ModelError as error:
        state = "not for pipelines" if "is no checkpoint" in error.message else error.message
    return Held(source, commit, folder, pipeline, _size(folder), licence_of(read_card(folder)), state)


def _size(folder: Path) -> int:
    """Bytes of all files, a file that several names lead to counted once."""
    seen: dict[tuple[int, int], int] = {}
    for path in folder.rglob("*"):
        try:
            stat = path.stat()
        except OSError:  # a link that leads nowhere
            continue
        if not path.is_dir():
            seen[stat.st_dev, stat.st_ino] = stat.st_size
    return sum(seen.values())


def remove(source: str, revision: str = "") -> int:
    """Remove a model fetched from the Hub, or one revision of it, or one in ``$MESHLOOM_MODELS``; bytes freed.

    Raises :class:`ModelError` for what is not there, and for folders elsewhere: those are not Meshloom's.
    """
    if is_hub_id(source) or repository_folder(source).is_dir():
        repository = repository_folder(source)
        if not repository.is_dir():
            raise ModelError(f"{source} is not on this machine", "meshloom models list shows what is")
        if revision:
            return _remove_revision(source, revision)
        freed = _size(repository)
        _delete(repository)
        locks = hub_folder() / ".locks" / repository.name
        shutil.rmtree(locks, ignore_errors=True)
        return freed
    folder = find(source).folder
    if not any(own.resolve() == folder.parent for own in own_folders()):
        raise ModelError(
            f"{folder} was not put there by Meshloom, so it does not remove it",
            "remove it by hand if it is no longer wanted",
        )
    freed = _size(folder)
    _delete(folder)
    return freed


def _remove_revision(source: str, revision: str) -> int:
    from huggingface_hub import scan_cache_dir

    commit = find(source, revision).commit
    strategy = scan_cache_dir(hub_folder()).delete_revisions(commit)
    freed = int(strategy.expected_freed_size)
    strategy.execute()
    return freed


def _delete(folder: Path) -> None:
    try:
        # Aside first: a removal cut short leaves no half model under its name.
        aside = folder.with_name(f".removed-{os.getpid()}-{folder.name}")
        folder.rename(aside)
        shutil.rmtree(aside)
    except OSError as error:
        raise ModelError(f"{folder} cannot be removed: {error.strerror or error}") from None
