"""Where models lie on this machine."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from meshloom.graph_runtime.errors import ModelError
from meshloom.graph_runtime.models import tiny

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Found:
    """A model on this machine. ``commit``: of one from the Hub, else empty."""

    source: str
    folder: Path
    commit: str = ""


def hub_folder() -> Path:
    """The Hub's cache, shared with all programs that use it: ``$HF_HUB_CACHE``, ``$HF_HOME/hub``, or the default."""
    told = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    if told:
        return Path(told).expanduser()
    home = os.environ.get("HF_HOME")
    if not home:
        caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
        home = f"{caches}/huggingface"
    return Path(home).expanduser() / "hub"


def own_folders() -> list[Path]:
    """Further folders that hold checkpoints, each in a folder of its own: ``$MESHLOOM_MODELS``."""
    told = os.environ.get("MESHLOOM_MODELS", "")
    return [Path(part).expanduser() for part in told.split(os.pathsep) if part]


def is_hub_id(source: str) -> bool:
    """Whether it reads ``owner/name``."""
    return _HUB_ID.fullmatch(source) is not None and not Path(source).is_dir()


def repository_folder(source: str) -> Path:
    """Where the Hub's cache keeps a repository."""
    return hub_folder() / f"models--{source.replace('/', '--')}"


def find(source: str, revision: str = "") -> Found:
    """Where a model lies. A tiny one lies nowhere: see :mod:`tiny`.

    Raises :class:`ModelError` naming the command that would fetch it.
    """
    if tiny.parse(source) is not None:
        return Found(source, Path())
    if not is_hub_id(source):
        return _find_folder(source)
    held = repository_folder(source)
    snapshots = held / "snapshots"
    if not snapshots.is_dir():
        raise ModelError(
            f"the model {source} is not on this machine", f"fetch it with: {_pull(source, revision)}"
        )
    commit = revision if _COMMIT.fullmatch(revision) else _reference(held, revision or "main")
    known = sorted(path.name for path in snapshots.iterdir() if path.is_dir())
    if not commit and not revision and len(known) == 1:
        commit = known[0]
    if commit not in known:
        said = f"revision {revision} of the model {source}" if revision else f"the model {source}"
        raise ModelError(f"{said} is not on this machine", f"fetch it with: {_pull(source, revision)}")
    return Found(source, snapshots / commit, commit)


def _find_folder(source: str) -> Found:
    path = Path(source).expanduser()
    places = (
        [path] if path.is_absolute() or os.sep in source else [*(own / source for own in own_folders()), path]
    )
    for place in places:
        if place.is_dir():
            return Found(str(place.resolve()), place.resolve())
    raise ModelError(
        f"there is no model {source!r}",
        "give a Hub id (owner/name), the folder of a checkpoint, or a name from: meshloom models list",
    )


def _reference(held: Path, revision: str) -> str:
    path = held / "refs" / revision
    if ".." in Path(revision).parts:
        return ""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _pull(source: str, revision: str) -> str:
    return f"meshloom models pull {source}" + (f" --revision {revision}" if revision else "")
