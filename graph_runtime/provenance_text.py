"""The workflow as a result carries it: self-contained, so that it runs from anywhere on the same machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from meshloom.graph_runtime.graph import GraphData, NodeData
from meshloom.graph_runtime.keys import expanded
from meshloom.graph_runtime.preset import dump
from meshloom.graph_runtime.spec import NodeSpec


def provenance_text(graph: GraphData, specs: Mapping[str, NodeSpec], folder: Path) -> str:
    """The text of the workflow with every path made absolute against ``folder``."""
    groups = {
        name: replace(group, nodes=_absolute(group.nodes, specs, folder))
        for name, group in graph.groups.items()
    }
    return dump(replace(graph, nodes=_absolute(graph.nodes, specs, folder), groups=groups))


def _absolute(
    nodes: Mapping[str, NodeData], specs: Mapping[str, NodeSpec], folder: Path
) -> dict[str, NodeData]:
    made = {}
    for name, node in nodes.items():
        spec = specs.get(node.type)
        params = dict(node.params)
        for param in spec.params if spec is not None else ():
            if param.kind in ("path", "paths") and param.name in params:
                params[param.name] = _joined(folder, params[param.name])
        made[name] = replace(node, params=params)
    return made


def _joined(folder: Path, held: Any) -> Any:
    if isinstance(held, (list, tuple)):
        return [_joined(folder, item) for item in held]
    return str(folder / expanded(Path(held))) if isinstance(held, str) and held else held
