"""What code a node's results depend on: its file, the first-party files it imports, library versions.

Read from the source text, so nothing is imported (and torch is not) to know it.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
import json
import sys
from importlib import metadata
from pathlib import Path

from meshloom.graph_runtime.codecs import digest_of

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
_NO_RESULT = {f"{_PACKAGE}.graph_runtime.spec", f"{_PACKAGE}.graph_runtime.errors"}


def code_digest(file: Path) -> str:
    """The digest of a node's file, all first-party files it imports, and versions of the libraries they use."""
    return _digest_of_closure(file, _mark(file))


@functools.lru_cache(maxsize=4096)
def _digest_of_closure(file: Path, mark: tuple[int, int]) -> str:
    seen: dict[Path, str] = {}
    libraries: set[str] = set()
    waiting = [file]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        source, first_party, others = _read(path, _mark(path))
        seen[path] = source
        libraries |= others
        waiting += first_party
    versions = [f"{name}={version}" for name in sorted(libraries) if (version := library_version(name))]
    # Names relative to the package, so that the same code elsewhere has the same digest.
    return digest_of([*sorted(f"{path.name}:{source}" for path, source in seen.items()), *versions])


def _mark(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


@functools.lru_cache(maxsize=4096)
def _read(path: Path, mark: tuple[int, int]) -> tuple[str, tuple[Path, ...], frozenset[str]]:
    text = path.read_text(encoding="utf-8")
    first_party: list[Path] = []
    libraries: set[str] = set()
    for item in ast.walk(ast.parse(text)):
        names: list[str] = []
        if isinstance(item, ast.Import):
            names = [alias.name for alias in item.names]
        elif isinstance(item, ast.ImportFrom):
            base = _absolute(item, path)
            names = [base, *(f"{base}.{alias.name}" for alias in item.names)]
        for name in names:
            top = name.partition(".")[0]
            if top == _PACKAGE or _beside(path, name):
                found = _file_of(name, path)
                if found is not None and name not in _NO_RESULT:
                    first_party.append(found)
            elif top not in sys.stdlib_module_names:
                libraries.add(top)
    return digest_of([text]), tuple(first_party), frozenset(libraries)


def _absolute(item: ast.ImportFrom, path: Path) -> str:
    """The module an import names, with the dots of a relative one resolved against the importing file."""
    if not item.level:
        return item.module or ""
    try:
        inside = path.resolve().parent.relative_to(_ROOT).parts
    except ValueError:
        return item.module or ""
    parts = (_PACKAGE, *inside)
    parts = parts[: len(parts) - item.level + 1]
    return ".".join([*parts, item.module] if item.module else parts)


def _beside(path: Path, name: str) -> bool:
    """Whether a node pack outside the package imports a module lying next to it."""
    top = name.partition(".")[0]
    return bool(top) and (path.with_name(f"{top}.py").exists() or (path.parent / top).is_dir())


def _file_of(name: str, importer: Path) -> Path | None:
    top, _, rest = name.partition(".")
    base = _ROOT if top == _PACKAGE else importer.parent / top
    parts = rest.split(".") if rest else []
    module = base.joinpath(*parts)
    for path in (module.with_suffix(".py"), module / "__init__.py"):
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


def versions_of(file: Path) -> dict[str, str]:
    """The libraries a node's files use, with versions: for the report."""
    names: set[str] = set()
    waiting, seen = [file], set[Path]()
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            _, first_party, others = _read(path, _mark(path))
            names |= others
            waiting += first_party
    return {name: version for name in sorted(names) if (version := library_version(name))}


def canonical(value: object) -> str:
    """A parameter as text in which ``1``, ``1.0``, ``"1"`` and ``true`` all differ."""
    if value is None or isinstance(value, (int, float, str)):
        return repr(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
