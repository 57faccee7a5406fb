"""Bringing models here from the Hub: what would come, resumed to the byte, checked by its hash.

The files lie in the Hub's usual cache, so that other programs find them too. huggingface_hub resumes a download
file by file and throws away a shard cut short; a shard is gigabytes, so those are fetched here, and then handed
to it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshloom.graph_runtime.errors import ModelError
from meshloom.graph_runtime.models.checkpoint import PICKLES
from meshloom.graph_runtime.models.licences import Licence, licence_of
from meshloom.graph_runtime.models.places import hub_folder, repository_folder

#: Told of how far a pull is: bytes done, bytes in all, the file under way. May raise to stop it.
Progress = Callable[[int, int, str], None]

#: What a checkpoint in diffusers' layout does without.
_NOT_NEEDED = (
    *(".onnx", ".onnx_data", ".pb", ".msgpack", ".h5", ".ot", ".gguf", ".tflite", ".mlmodel", ".xml"),
    *(".png", ".jpg", ".jpeg", ".webp", ".gif", ".mp4", ".webm", ".svg", ".pdf", ".ipynb", ".py", ".zip"),
)
_BLOCK = 1 << 20
#: The name of a blob: a SHA-256, or the SHA-1 that git knows a small file by.
_HASH = re.compile(r"[0-9a-f]{64}|[0-9a-f]{40}")
_RETRIES = 5
#: How long another process that fetches the same model is waited for (seconds).
_OTHER = 3.0


@dataclass(frozen=True)
class Wanted:
    """A file to fetch. ``sha256``: of its content, for large files; ``blob``: its name in the cache."""

    name: str
    size: int
    sha256: str
    blob: str


@dataclass(frozen=True)
class Pull:
    """What fetching a model would bring: shown before it begins."""

    source: str
    revision: str
    commit: str
    files: tuple[Wanted, ...]
    licence: Licence
    gated: bool

    @property
    def bytes(self) -> int:
        return sum(file.size for file in self.files)

    @property
    def missing(self) -> int:
        """Bytes that are not here yet."""
        blobs = repository_folder(self.source) / "blobs"
        left = 0
        for file in self.files:
            if not (blobs / file.blob).exists():
                part = _part(blobs, file)
                left += file.size - (part.stat().st_size if part.exists() else 0)
        return left


def endpoint() -> str:
    """The Hub asked: ``$HF_ENDPOINT``, else the public one."""
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def look_up(source: str, revision: str = "") -> Pull:
    """Ask the Hub what a model is made of. Raises :class:`ModelError` saying what is wrong and what to do."""
    api = _hub().HfApi(endpoint=endpoint())
    with _told(source, revision):
        info = api.model_info(source, revision=revision or None, files_metadata=True, timeout=20)
    siblings = {file.rfilename: file for file in info.siblings or ()}
    files = []
    for name in chosen(list(siblings)):
        held = siblings[name]
        sha256 = held.lfs.sha256 if held.lfs is not None else ""
        size = held.lfs.size if held.lfs is not None else held.size
        files.append(Wanted(name, int(size or 0), sha256, sha256 or str(held.blob_id or "")))
    if not files:
        raise ModelError(f"{source} holds no weights that Meshloom can load", "see its page on the Hub")
    card = info.card_data.to_dict() if info.card_data is not None else {}
    gated = bool(info.gated)
    return Pull(source, revision, str(info.sha), tuple(files), licence_of(card, gated), gated)


def chosen(names: Sequence[str]) -> list[str]:
    """The files a pipeline needs: of weights that are there twice (pickled, half precision) only one copy."""
    folders = {name.rpartition("/")[0] for name in names}
    kept: list[str] = []
    for folder in sorted(folders):
        here = [name for name in names if name.rpartition("/")[0] == folder]
        weights = [name for name in here if Path(name).suffix in (".safetensors", *PICKLES)]
        plain = [name for name in weights if Path(name).name.count(".") == 1] or weights
        safe = [name for name in plain if name.endswith(".safetensors")]
        taken = safe or plain
        if not folder and "model_index.json" in names:  # the whole pipeline in one file, beside its parts
            taken = []
        dropped = {*weights} - {*taken}
        kept += [
            name
            for name in here
            if name not in dropped
            and Path(name).suffix not in _NOT_NEEDED
            and not (name.endswith(".index.json") and safe and ".safetensors" not in name)
            and not (name.endswith(".index.json") and Path(name).name.count(".") > 3)
        ]
    return kept


def disk_free() -> int:
    """Bytes free where models go."""
    folder = hub_folder()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(existing).free


def check_disk(pull: Pull) -> None:
    """Raise :class:`ModelError` if what is missing does not fit on the disk."""
    free = disk_free()
    if pull.missing > free:
        raise ModelError(
            f"{pull.source} needs {_gb(pull.missing)} more, and {hub_folder()} has {_gb(free)} free",
            "make room, or set HF_HOME to a folder on a larger disk",
        )


def fetch(pull: Pull, progress: Progress = lambda done, total, name: None) -> Path:
    """Bring everything here and return the folder. What is here already is kept, to the byte.

    Raises :class:`ModelError`; after being stopped at any moment, the same call goes on where it was.
    """
    check_disk(pull)
    repository = repository_folder(pull.source)
    blobs, locks = repository / "blobs", hub_folder() / ".locks" / repository.name
    try:
        blobs.mkdir(parents=True, exist_ok=True)
        locks.mkdir(parents=True, exist_ok=True)
        with _hub().utils.WeakFileLock(locks / "meshloom.lock", timeout=_OTHER):
            return _fetch(pull, blobs, progress)
    except TimeoutError:
        raise ModelError(
            f"{pull.source} is being fetched by another process", "wait for it, or end it"
        ) from None
    except OSError as error:
        if isinstance(error, ModelError) or error.errno is None:
            raise
        raise ModelError(
            f"{hub_folder()} cannot be written: {error.strerror}", "make room, or set HF_HOME"
        ) from None


def _fetch(pull: Pull, blobs: Path, progress: Progress) -> Path:
    done = 0
    for file in pull.files:
        if file.sha256 and not (blobs / file.blob).exists():
            with _told(pull.source, pull.revision):
                _fetch_blob(pull, file, blobs, progress, done)
        done += file.size
        progress(done, pull.bytes, file.name)
    with _told(pull.source, pull.revision), _quiet():
        folder = _hub().snapshot_download(
            pull.source,
            revision=pull.revision or "main",
            cache_dir=hub_folder(),
            allow_patterns=[file.name for file in pull.files],
            endpoint=endpoint(),
        )
    made = Path(folder)
    if made.name == pull.commit:
        verify(pull, made, small_only=True)
    return made


def _fetch_blob(pull: Pull, file: Wanted, blobs: Path, progress: Progress, before: int) -> None:
    """One large file, continued where it was cut off, under its hash; a wrong hash starts over once."""
    part = _part(blobs, file)
    for _ in range(2):
        _download(pull, file, part, lambda done: progress(before + done, pull.bytes, file.name))
        if (
            _sha256(part, lambda read: progress(before + file.size, pull.bytes, f"{file.name} (checking)"))
            == file.sha256
        ):
            part.replace(blobs / file.blob)
            return
        part.unlink()
    raise ModelError(
        f"{file.name} of {pull.source} came twice with the wrong content (its hash does not match)",
        "something between here and the Hub alters files, or the model was changed a moment ago: try later",
    )


def _download(pull: Pull, file: Wanted, part: Path, progress: Callable[[int], None]) -> None:
    from huggingface_hub import get_hf_file_metadata, get_session, hf_hub_url

    utilities = _hub().utils
    transient = _transient()
    failures = 0
    while (done := part.stat().st_size if part.exists() else 0) != file.size:
        if done > file.size:
            part.unlink()
            continue
        url = hf_hub_url(pull.source, file.name, revision=pull.commit, endpoint=endpoint())
        headers = dict(utilities.build_hf_headers())
        try:
            place = get_hf_file_metadata(url, endpoint=endpoint()).location
            if not _same_host(url, place):  # a token is for the Hub alone
                headers.pop("authorization", None)
            headers |= {"Range": f"bytes={done}-", "Accept-Encoding": "identity"}
            with get_session().stream(
                "GET", place, headers=headers, follow_redirects=True, timeout=30
            ) as response:
                utilities.hf_raise_for_status(response)
                resumed = response.status_code == 206
                with part.open("ab" if resumed else "wb") as out:
                    done = done if resumed else 0
                    progress(done)
                    for block in response.iter_bytes():
                        out.write(block)
                        done += len(block)
                        failures = 0
                        progress(done)
        except transient:
            failures += 1
            if failures > _RETRIES:
                raise
        else:
            failures += 1  # the answer ended early
            if failures > _RETRIES and part.stat().st_size != file.size:
                raise ModelError(f"{file.name} of {pull.source} ends early each time", "try again later")


def verify(pull: Pull, folder: Path, small_only: bool = False, progress: Progress | None = None) -> None:
    """Compare the files in ``folder`` with the hashes that the Hub told. Raises :class:`ModelError` naming them."""
    wrong = []
    for file in pull.files:
        path = folder / file.name
        if not path.exists():
            wrong.append(f"{file.name} is absent")
        elif file.sha256:
            if not small_only and _sha256(path, lambda read: None) != file.sha256:
                wrong.append(f"{file.name} has changed")
        elif file.blob and _git_hash(path) != file.blob:
            wrong.append(f"{file.name} has changed")
        if progress is not None:
            progress(0, 0, file.name)
    if wrong:
        raise ModelError(
            f"{pull.source} is not as the Hub has it: {'; '.join(wrong[:5])}",
            f"meshloom models remove {pull.source}, then: meshloom models pull {pull.source}",
        )


def check(source: str, folder: Path, progress: Progress = lambda done, total, name: None) -> int:
    """Hash the files of a snapshot, without asking the Hub: in its cache they lie under their hashes; bytes hashed.

    Raises :class:`ModelError` naming the files that have changed, or where there is no hash to compare with.
    """
    files = [
        path for path in sorted(folder.rglob("*")) if path.is_file() and _HASH.fullmatch(path.resolve().name)
    ]
    if not files:
        raise ModelError(
            f"{source} was not fetched from the Hub: there is nothing to compare its files with",
            "meshloom models inspect tells whether they are whole",
        )
    total, done, wrong = sum(path.stat().st_size for path in files), 0, []
    for path in files:
        progress(done, total, path.name)
        known = path.resolve().name

        def tick(read: int, before: int = done, name: str = path.name) -> None:
            progress(before + read, total, name)

        found = _sha256(path, tick) if len(known) == 64 else _git_hash(path)
        done += path.stat().st_size
        if found != known:
            wrong.append(path.relative_to(folder).as_posix())
    progress(total, total, "")
    if wrong:
        raise ModelError(
            f"{source} is not as it was fetched: {', '.join(wrong[:5])} changed",
            f"meshloom models remove {source}, then: meshloom models pull {source}",
        )
    return total


def _sha256(path: Path, tick: Callable[[int], None]) -> str:
    """``tick``: told of the bytes read so far."""
    hasher = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(64 * _BLOCK):
            hasher.update(block)
            tick(file.tell())
    return hasher.hexdigest()


def _git_hash(path: Path) -> str:
    data = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _part(blobs: Path, file: Wanted) -> Path:
    return blobs / f"{file.blob}.meshloom.part"


def _same_host(one: str, other: str) -> bool:
    from urllib.parse import urlsplit

    return urlsplit(one).netloc == urlsplit(other).netloc


def _gb(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"


def _hub() -> Any:
    try:
        import huggingface_hub
    except ImportError:
        raise ModelError(
            "the packages that fetch and run models are not installed",
            'add them with: pip install "meshloom[diffusion]"',
        ) from None
    return huggingface_hub


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the bars and warnings that the library writes over ours."""
    utilities = _hub().utils
    shown = not utilities.are_progress_bars_disabled()
    utilities.disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            utilities.enable_progress_bars()


def _transient() -> tuple[type[Exception], ...]:
    """Errors after which the same request may well succeed, of whichever HTTP library huggingface_hub carries."""
    library = _http()
    return (library.TimeoutException, library.NetworkError, library.RemoteProtocolError)


def _http() -> Any:
    import importlib

    import huggingface_hub.errors as errors

    base = errors.HfHubHTTPError.__mro__[1]
    return importlib.import_module(base.__module__.partition(".")[0])


@contextlib.contextmanager
def _told(source: str, revision: str) -> Iterator[None]:
    """Turn what the library raises into what happened and what to do."""
    import huggingface_hub.errors as errors

    page = f"{endpoint()}/{source}"
    try:
        yield
    except errors.GatedRepoError:
        raise ModelError(
            f"the owner of {source} asks you to agree to terms first",
            f"agree on {page}, then log in with: hf auth login (or set HF_TOKEN), and pull again",
        ) from None
    except errors.RevisionNotFoundError:
        raise ModelError(
            f"{source} has no revision {revision or 'main'}", f"see {page}/commits/main"
        ) from None
    except errors.RepositoryNotFoundError:
        raise ModelError(
            f"the Hub has no model {source}, or it is private",
            "check the name; for a private one log in with: hf auth login (or set HF_TOKEN)",
        ) from None
    except errors.HFValidationError as error:
        raise ModelError(f"{source} is no name of a model: {error}", "expected owner/name") from None
    except (errors.OfflineModeIsEnabled, errors.LocalEntryNotFoundError):
        raise _unreachable(source, revision) from None
    except errors.HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else ""
        if status in (401, 403):
            raise ModelError(
                f"the Hub refuses {source} ({status})", "log in with: hf auth login (or set HF_TOKEN)"
            ) from None
        raise ModelError(f"the Hub answers {status} for {source}", "try again later") from None
    except _http().TransportError:
        raise _unreachable(source, revision) from None
    except (ValueError, TypeError, KeyError) as error:
        # A machine that answers on the Hub's address (a proxy, a log-in page of a hotel) and is not the Hub.
        raise ModelError(f"{endpoint()} does not answer like the Hub: {error}", "check the network") from None


def _unreachable(source: str, revision: str) -> ModelError:
    command = f"meshloom models pull {source}" + (f" --revision {revision}" if revision else "")
    why = (
        "HF_HUB_OFFLINE is set" if os.environ.get("HF_HUB_OFFLINE", "0") not in ("", "0") else "no connection"
    )
    return ModelError(
        f"{endpoint()} cannot be reached ({why})",
        f"with a connection, fetch it with: {command}; what has come so far is kept",
    )
