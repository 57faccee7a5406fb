"""What code a node's results depend on: its file, the first-party files it imports, library versions.

Read from the source text, so nothing is imported (and torch is not) to know it.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
import json
import sys
import time
import uuid
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from meshloom.graph_runtime.codecs import digest, digest_of

_ROOT = Path(__file__).resolve().parent.parent
_PACKAGE = __name__.partition(".")[0]

#: Import names whose distribution is called otherwise (`metadata.packages_distributions` reads every
#: installed package to find this out, a quarter of a second).
_DISTRIBUTIONS = {
    "cv2": "opencv-python-headless",
    "PIL": "pillow",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "open3d": "open3d-cpu",
    "yaml": "PyYAML",
}

#: Engine modules that say how nodes are declared and typed but compute nothing.
_NO_RESULT = {_ROOT / "graph_runtime" / "spec.py", _ROOT / "graph_runtime" / "errors.py"}

#: When this process began and when each node's file was loaded (Unix time, ns): what is on disk is what runs
#: only where it has not changed since.
_BEGUN = time.time_ns()
_loaded: dict[Path, int] = {}
_digests: dict[Path, str] = {}

#: Stands for code that cannot be known: results of it are kept under keys that no other process will have.
_UNKNOWN = uuid.uuid4().hex


def note_load(file: Path) -> None:
    """The file of a node is about to be loaded (again)."""
    _loaded[file] = time.time_ns()
    _digests.pop(file, None)


def code_digest(file: Path) -> str:
    """The digest of a node's file, all first-party files it imports, and versions of the libraries they use.

    It stays the same until the file is loaded again, as the code that runs does.
    """
    known = _digests.get(file)
    if known is None:
        files, libraries = _closure(file)
        # Names without folders, so that the same code elsewhere has the same digest.
        said = sorted(f"{path.name}:{held}" for path, held in files.items())
        known = _digests[file] = digest_of([*said, *(f"{name}={held}" for name, held in libraries.items())])
    return known


def versions_of(file: Path) -> dict[str, str]:
    """The libraries a node's files use, with versions: for the report."""
    return _closure(file)[1]


def _closure(file: Path) -> tuple[dict[Path, str], dict[str, str]]:
    """(digest of each first-party file that running ``file`` runs, version of each library these import)."""
    digests: dict[Path, str] = {}
    libraries: set[str] = set()
    waiting = [file]
    while waiting:
        path = waiting.pop()
        if path in digests:
            continue
        try:
            stat = path.stat()
            digests[path], first_party, others = _read(path, (stat.st_size, stat.st_mtime_ns))
        except (OSError, ValueError, SyntaxError):  # deleted, or saved half-written, since it was loaded
            digests[path] = _UNKNOWN
            continue
        if _loaded.get(path, _BEGUN) < stat.st_mtime_ns <= time.time_ns():
            digests[path] = _UNKNOWN
        libraries |= others
        waiting += first_party
    return digests, {name: version for name in sorted(libraries) if (version := library_version(name))}


@functools.lru_cache(maxsize=4096)
def _read(path: Path, mark: tuple[int, int]) -> tuple[str, tuple[Path, ...], frozenset[str]]:
    """(digest, first-party files imported, other packages imported) of a source file."""
    data = path.read_bytes()
    first_party: list[Path] = []
    libraries: set[str] = set()
    packages = dict([_package_of(path), (_PACKAGE, _ROOT)])
    for item in ast.walk(ast.parse(data)):
        for folder, name in _imported(item, path):
            top, _, rest = name.partition(".")
            if folder is None and top in packages:
                folder, name = packages[top], rest
            elif folder is None and _beside(path, top):
                folder = path.parent
            if folder is not None:
                found = _file_of(folder, name)
                if found is not None and found not in _NO_RESULT:
                    first_party.append(found)
            elif top not in sys.stdlib_module_names:
                libraries.add(top)
    return digest([data]), tuple(first_party), frozenset(libraries)


def _imported(item: ast.AST, path: Path) -> Iterator[tuple[Path | None, str]]:
    """(folder it is relative to, dotted name) of every module that a statement may import."""
    if isinstance(item, ast.Import):
        yield from ((None, alias.name) for alias in item.names)
    elif isinstance(item, ast.ImportFrom):
        folder = path.parents[min(item.level, len(path.parents)) - 1] if item.level else None
        base = [item.module] if item.module else []
        yield folder, ".".join(base)
        yield from ((folder, ".".join([*base, alias.name])) for alias in item.names)


@functools.lru_cache(maxsize=4096)
def _package_of(path: Path) -> tuple[str, Path]:
    """The name and folder of the package that a file belongs to; an empty name if it belongs to none."""
    if path.is_relative_to(_ROOT):
        return _PACKAGE, _ROOT
    folder = path.parent
    while (folder.parent / "__init__.py").is_file():
        folder = folder.parent
    return (folder.name, folder) if (folder / "__init__.py").is_file() else ("", folder)


def _beside(path: Path, top: str) -> bool:
    """Whether a node file outside any package imports a module lying next to it."""
    return bool(top) and (path.with_name(f"{top}.py").exists() or (path.parent / top).is_dir())


def _file_of(folder: Path, name: str) -> Path | None:
    module = folder.joinpath(*name.split(".")) if name else folder
    for path in (module.with_name(f"{module.name}.py"), module / "__init__.py"):
        if path.is_file():
            return path
    return None


@functools.lru_cache(maxsize=256)
def library_version(name: str) -> str:
    """The installed version of an import name, or an empty string."""
    for distribution in (_DISTRIBUTIONS.get(name, name), name):
        try:
            return metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
    spec = importlib.util.find_spec(name)
    if spec is not None and spec.submodule_search_locations:
        for distribution in metadata.packages_distributions().get(name, []):
            return metadata.version(distribution)
    return ""


def canonical(value: object) -> str:
    """A parameter as text in which ``1``, ``1.0``, ``"1"`` and ``true`` all differ."""
    if value is None or isinstance(value, (int, float, str)):
        return repr(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
