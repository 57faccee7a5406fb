"""Finds nodes: the package's own, packs installed from PyPI (entry points), and the user's folder.

A file that fails to load is reported and skipped; it never takes the others with it.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import ModuleType

from meshloom.graph_runtime.errors import Problem
from meshloom.graph_runtime.signature import SpecError, read_spec
from meshloom.graph_runtime.sources import note_load
from meshloom.graph_runtime.spec import NodeSpec, declared

_PACKAGE = __name__.partition(".")[0]

#: The entry-point group under which a pack names the package that holds its nodes.
ENTRY_POINTS = "meshloom.nodes"


@dataclass(frozen=True)
class _Found:
    """A file that should hold a node, not loaded yet."""

    module: str
    file: Path
    in_package: bool


class Catalog(Mapping[str, NodeSpec]):
    """Every node by id. A node's file is loaded when its spec is first asked for, so that running a graph
    of five nodes does not pay for two hundred; iterating loads them all.

    ``problems``: files that could not be loaded, so far.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        #: Why a node could not be loaded, by its id; so far.
        self.broken: dict[str, str] = {}
        self._found: dict[str, _Found] = {}
        self._specs: dict[str, NodeSpec] = {}
        self._renamed: dict[str, str] = {}
        self._loading = threading.RLock()

    def __getitem__(self, node_id: str) -> NodeSpec:
        if node_id not in self._specs:
            with self._loading:  # whoever asks meanwhile waits for it, rather than finding nothing
                if node_id in self._found:
                    self._load(node_id)
        return self._specs[node_id]

    def __iter__(self) -> Iterator[str]:
        self._load_all()
        return iter(sorted(self._specs))

    def __len__(self) -> int:
        self._load_all()
        return len(self._specs)

    def files(self) -> list[tuple[str, Path]]:
        """Every id with its file, sorted, loaded or not."""
        with self._loading:
            loaded = [(spec.id, spec.file) for spec in self._specs.values()]
        return sorted([*loaded, *((node_id, found.file) for node_id, found in self._found.items())])

    def current_id(self, node_id: str) -> str:
        """The present id of a node that may have been renamed."""
        if node_id in self:
            return node_id
        self._load_all()
        return self._renamed.get(node_id, node_id)

    def find(self, node_id: str, found: _Found) -> None:
        """Note a node's file; a second one of the same id is a problem, not a replacement."""
        if node_id in self._found:
            where = self._found[node_id].file
            self.problems.append(Problem(str(found.file), f"node {node_id} exists already, in {where}"))
        else:
            self._found[node_id] = found

    def _load_all(self) -> None:
        with self._loading:
            for node_id in list(self._found):
                if node_id in self._found:  # loading a node may load others
                    self._load(node_id)

    def _load(self, node_id: str) -> None:
        found = self._found.pop(node_id)
        try:
            if found.module not in sys.modules or not found.in_package:
                note_load(found.file)
            if found.in_package:
                module = importlib.import_module(found.module)
            else:
                module = _load_file(found.module, found.file)
            functions = [
                held
                for held in vars(module).values()
                if declared(held) and getattr(held, "__module__", "") == module.__name__
            ]
            if len(functions) != 1:
                raise SpecError(f"declares {len(functions)} nodes with @node; expected one")
            spec = read_spec(functions[0], node_id, found.file)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a node file may do anything at import, even exit
            message = f"could not be loaded: {_said(error)}"
            self.problems.append(Problem(str(found.file), message, "fix or remove the file"))
            self.broken[node_id] = f"{found.file} {message}"
            return
        self._specs[node_id] = spec
        for old in spec.was:
            self._renamed[old] = node_id


def user_nodes_folder() -> Path:
    """Where a user's own nodes lie: ``$MESHLOOM_NODES``, else the platform's data folder."""
    told = os.environ.get("MESHLOOM_NODES")
    if told:
        return Path(told)
    import platformdirs

    return Path(platformdirs.user_data_dir("meshloom", appauthor=False)) / "nodes"


def find_nodes(user_folder: Path | None = None, packs: bool = True) -> Catalog:
    """All nodes there are. ``user_folder``: instead of :func:`user_nodes_folder`."""
    catalog = Catalog()
    own = Path(__file__).resolve().parent.parent / "nodes"
    for file in _node_files(own):
        dotted = ".".join(file.relative_to(own).with_suffix("").parts)
        catalog.find(dotted, _Found(f"{_PACKAGE}.nodes.{dotted}", file, in_package=True))
    if packs:
        _find_packs(catalog)
    folder = user_folder or user_nodes_folder()
    for file in _node_files(folder):
        parts = file.relative_to(folder).with_suffix("").parts
        node_id = ".".join(parts) if len(parts) > 1 else f"user.{parts[0]}"
        catalog.find(node_id, _Found(f"meshloom_user_nodes.{'.'.join(parts)}", file, in_package=False))
    return catalog


def _node_files(folder: Path) -> list[Path]:
    """Every file that should hold a node, sorted: helpers and hidden folders start with ``_`` or ``.``."""
    try:
        found = sorted(folder.rglob("*.py"))
    except OSError:
        return []
    return [file for file in found if not any(part[0] in "_." for part in file.relative_to(folder).parts)]


def _find_packs(catalog: Catalog) -> None:
    for entry in metadata.entry_points(group=ENTRY_POINTS):
        try:
            package = entry.load()
            folder = Path(next(iter(package.__path__)))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            catalog.problems.append(Problem(f"pack {entry.name}", f"could not be loaded: {_said(error)}"))
            continue
        for file in _node_files(folder):
            dotted = ".".join(file.relative_to(folder).with_suffix("").parts)
            found = _Found(f"{package.__name__}.{dotted}", file, in_package=True)
            catalog.find(f"{entry.name}.{dotted}", found)


def _load_file(module_name: str, file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(module_name, file)
    if spec is None or spec.loader is None:
        raise ImportError("no loader")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(module_name, None)
        raise
    return module


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if not isinstance(error, SpecError) else str(error)
