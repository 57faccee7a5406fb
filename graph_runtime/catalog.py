"""Finds nodes: the package's own, packs installed from PyPI (entry points), and the user's folder.

A file that fails to load is reported and skipped; it never takes the others with it.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from types import ModuleType

from meshloom.graph_runtime.errors import Problem
from meshloom.graph_runtime.spec import NodeSpec, SpecError, declared, read_spec

_PACKAGE = __name__.partition(".")[0]

#: The entry-point group under which a pack names the package that holds its nodes.
ENTRY_POINTS = "meshloom.nodes"


@dataclass
class Catalog(Mapping[str, NodeSpec]):
    """Every node by id. ``problems``: files that could not be loaded. ``renamed``: former ids to present."""

    specs: dict[str, NodeSpec] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, node_id: str) -> NodeSpec:
        return self.specs[node_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self.specs)

    def __len__(self) -> int:
        return len(self.specs)

    def add(self, spec: NodeSpec) -> None:
        """Add a node; a second one of the same id is a problem, not a replacement."""
        if spec.id in self.specs:
            where = self.specs[spec.id].file
            self.problems.append(Problem(str(spec.file), f"node {spec.id} exists already, in {where}"))
            return
        self.specs[spec.id] = spec
        for old in spec.was:
            self.renamed[old] = spec.id


def user_nodes_folder() -> Path:
    """Where a user's own nodes lie: ``$MESHLOOM_NODES``, else the platform's data folder."""
    told = os.environ.get("MESHLOOM_NODES")
    if told:
        return Path(told)
    import platformdirs

    return Path(platformdirs.user_data_dir("meshloom", appauthor=False)) / "nodes"


def load_catalog(user_folder: Path | None = None, packs: bool = True) -> Catalog:
    """All nodes there are. ``user_folder``: instead of :func:`user_nodes_folder`."""
    catalog = Catalog()
    own = Path(__file__).resolve().parent.parent / "nodes"
    for file in _node_files(own):
        parts = file.relative_to(own).with_suffix("").parts
        _load(catalog, f"{_PACKAGE}.nodes.{'.'.join(parts)}", ".".join(parts), file, own_package=True)
    if packs:
        _load_packs(catalog)
    folder = user_folder or user_nodes_folder()
    for file in _node_files(folder):
        parts = file.relative_to(folder).with_suffix("").parts
        node_id = ".".join(parts) if len(parts) > 1 else f"user.{parts[0]}"
        _load(catalog, f"meshloom_user_nodes.{'.'.join(parts)}", node_id, file, own_package=False)
    return catalog


def _node_files(folder: Path) -> list[Path]:
    """Every file that should hold a node, sorted: helpers and hidden folders start with ``_`` or ``.``."""
    try:
        found = sorted(folder.rglob("*.py"))
    except OSError:
        return []
    return [file for file in found if not any(part[0] in "_." for part in file.relative_to(folder).parts)]


def _load_packs(catalog: Catalog) -> None:
    for entry in metadata.entry_points(group=ENTRY_POINTS):
        try:
            package = entry.load()
            folder = Path(next(iter(package.__path__)))
        except Exception as error:
            catalog.problems.append(Problem(f"pack {entry.name}", f"could not be loaded: {_said(error)}"))
            continue
        for file in _node_files(folder):
            parts = file.relative_to(folder).with_suffix("").parts
            name = f"{package.__name__}.{'.'.join(parts)}"
            _load(catalog, name, ".".join((entry.name, *parts)), file, own_package=True)


def _load(catalog: Catalog, module_name: str, node_id: str, file: Path, own_package: bool) -> None:
    try:
        if own_package:
            module = importlib.import_module(module_name)
        else:
            module = _load_file(module_name, file)
        functions = [
            held
            for held in vars(module).values()
            if declared(held) and getattr(held, "__module__", "") == module.__name__
        ]
        if len(functions) != 1:
            raise SpecError(f"declares {len(functions)} nodes with @node; expected one")
        catalog.add(read_spec(functions[0], node_id, file))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a node file may do anything at import, even exit
        catalog.problems.append(
            Problem(str(file), f"could not be loaded: {_said(error)}", "fix or remove the file")
        )


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
