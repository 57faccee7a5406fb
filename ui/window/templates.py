"""The workflows that come along, and whether each would run here and now."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.errors import MeshloomError
from meshloom.graph_runtime.graph import GraphData
from meshloom.graph_runtime.plan import suggest
from meshloom.graph_runtime.preset import read_workflow, resolve
from meshloom.graph_runtime.spec import OpenFile, OpenFolder
from meshloom.ui.words import _

PRESETS = Path(__file__).resolve().parents[2] / "presets"


@dataclass(frozen=True)
class Template:
    """``lacking``: what is missing and how to get it; empty when it runs here now."""

    file: Path
    title: str
    about: str
    picture: Path | None
    lacking: str = ""


def templates(catalog: Catalog, folder: Path = PRESETS) -> list[Template]:
    """Every readable workflow of the folder, the main one first."""
    found = []
    for file in sorted(folder.glob("*.json"), key=lambda file: (file.stem != "photos_to_model", file.stem)):
        try:
            graph = resolve(read_workflow(file), catalog)
        except MeshloomError:
            continue
        picture = file.parent / "thumbnails" / f"{file.stem}.png"
        found.append(
            Template(
                file,
                _(str(graph.extras.get("title") or file.stem.replace("_", " ").capitalize())),
                _(str(graph.extras.get("about", ""))),
                picture if picture.is_file() else None,
                lacking(graph, catalog, file.parent),
            )
        )
    return found


def lacking(graph: GraphData, catalog: Catalog, folder: Path) -> str:
    """The first thing that would keep a graph from running on this machine; empty if nothing would."""
    inner = [
        (f"{group}/{name}", node) for group, held in graph.groups.items() for name, node in held.nodes.items()
    ]
    for name, node in [*graph.nodes.items(), *inner]:
        spec = catalog.get(node.type)
        if spec is None:
            if node.type.startswith("group:"):
                continue
            return _("needs the node {node} ({hint})").format(
                node=node.type, hint=suggest(node.type, catalog) or _("is its pack installed?")
            )
        for param in spec.params:
            held = node.params.get(param.name, param.default)
            said = (
                isinstance(param.hint, (OpenFile, OpenFolder)) and isinstance(held, (str, Path)) and str(held)
            )
            if said and not (folder / said).exists():
                return _("{node} needs a file that is not here: {file}").format(node=name, file=said)
    wanted = [str(each) for each in graph.extras.get("needs", ())]
    absent = [module for module in wanted if importlib.util.find_spec(module) is None]
    if absent:
        return _("needs {packages}; install with: pip install {packages}").format(packages=" ".join(absent))
    return ""
