"""What every command opens first: the catalogue, the workflow, the cache."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import typer

from meshloom.graph_runtime.catalog import Catalog, find_nodes
from meshloom.graph_runtime.engine import Engine, default_cache_folder, open_cache
from meshloom.graph_runtime.errors import Problem, RequestError
from meshloom.graph_runtime.graph import GraphData
from meshloom.graph_runtime.keys import expanded
from meshloom.graph_runtime.places import from_text, param_of, with_params
from meshloom.graph_runtime.preset import read_workflow, resolve

#: Workflows that come with Meshloom.
PRESETS = Path(__file__).resolve().parents[2] / "presets"


@dataclass
class Workflow:
    """A workflow read and brought to today's terms. ``id`` names it in the cache's memory of what changed."""

    path: Path
    graph: GraphData
    catalog: Catalog

    @property
    def folder(self) -> Path:
        return self.path.parent

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def id(self) -> str:
        return str(self.path)


def find_workflow(said: str) -> Path:
    """The file meant: a path, or the name of a preset."""
    path = expanded(Path(said))
    try:
        if path.exists() or path.suffix or os.sep in said:
            return path.resolve()
        preset = PRESETS / f"{said}.json"
        return preset if preset.exists() else path.resolve()
    except (OSError, RuntimeError) as error:  # a name that no file can have; a loop of links
        reason = error.strerror if isinstance(error, OSError) else "its links lead in a circle"
        raise RequestError(Problem(said[:80], f"cannot be opened: {reason}")) from None


def open_workflow(said: str, settings: list[str] | None = None) -> Workflow:
    """Read a workflow and apply ``node.param=value`` settings. Raises :class:`RequestError`."""
    path = find_workflow(said)
    if not path.exists() and not path.suffix:
        from meshloom.graph_runtime.plan import suggest

        names = [found.stem for found in PRESETS.glob("*.json")]
        hint = suggest(said, names) or "meshloom presets lists those that come with Meshloom"
        raise RequestError(Problem(said, "is neither a file nor a preset", hint))
    catalog = find_nodes()
    graph = resolve(read_workflow(path), catalog)
    given = {}
    for setting in settings or []:
        place, equals, text = setting.partition("=")
        if not equals:
            raise RequestError(Problem(setting, "is no setting; expected node.param=value"))
        given[place] = from_text(param_of(graph, catalog, place), text)
    return Workflow(path, with_params(graph, catalog, given) if given else graph, catalog)


def open_engine(
    catalog: Catalog,
    workers: int | None = None,
    no_cache: bool = False,
    on_trouble: Callable[[str], None] | None = None,
) -> Engine:
    """An engine over the user's cache. Sizes come from MESHLOOM_MEMORY_MB and MESHLOOM_DISK_GB."""
    memory = _number("MESHLOOM_MEMORY_MB", 2048) << 20
    disk = disk_budget()
    folder = None if no_cache else default_cache_folder()
    trouble = on_trouble or (lambda message: typer.echo(f"warning: {message}", err=True))
    return Engine(catalog, open_cache(folder, memory, disk, trouble), workers)


def disk_budget() -> int:
    """Bytes that the cache may take on disk."""
    return _number("MESHLOOM_DISK_GB", 20) << 30


def _number(name: str, default: int) -> int:
    text = os.environ.get(name, "")
    if text and not text.isdecimal():
        raise RequestError(Problem(name, f"is {text!r}; expected a whole number"))
    return int(text) if text else default
