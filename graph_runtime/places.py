"""Parameters by their place, ``node.param``: found, set, and read from the words of a command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from meshloom.graph_runtime.errors import Problem, RequestError
from meshloom.graph_runtime.graph import GROUP_PREFIX, GraphData, NodeData
from meshloom.graph_runtime.keys import expanded
from meshloom.graph_runtime.params import check_param
from meshloom.graph_runtime.plan import suggest
from meshloom.graph_runtime.spec import NodeSpec, Param


def with_params(graph: GraphData, catalog: Mapping[str, NodeSpec], settings: Mapping[str, Any]) -> GraphData:
    """The graph with parameters set: ``{"node.param": value}``. Raises :class:`RequestError` naming each
    node or parameter that does not exist, and each value that its parameter does not take."""
    nodes = dict(graph.nodes)
    problems = []
    for place, held in settings.items():
        found = find_param(graph, catalog, place)
        if isinstance(found, Problem):
            problems.append(found)
            continue
        name, param = found
        if param in nodes[name].links:
            source = nodes[name].links[param].node
            problems.append(
                Problem(place, f"gets its value from {source} by a link; a value set is not used")
            )
            continue
        declared = param_of(graph, catalog, place)
        try:
            if declared is not None:
                check_param(declared, held)
        except ValueError as error:
            problems.append(Problem(place, str(error)))
            continue
        nodes[name] = replace(nodes[name], params={**nodes[name].params, param: held})
    if problems:
        raise RequestError(*problems)
    return replace(graph, nodes=nodes)


def find_param(graph: GraphData, catalog: Mapping[str, NodeSpec], place: str) -> tuple[str, str] | Problem:
    """The node and parameter that ``node.param`` names, or what is wrong with it."""
    name, dot, param = place.partition(".")
    if not dot or not param:
        return Problem(place, "is no parameter; expected node.param")
    node = graph.nodes.get(name)
    if node is None:
        return Problem(place, "no node of that name in the workflow", suggest(name, graph.nodes))
    names = param_names(graph, catalog, node)
    if names is not None and param not in names:
        return Problem(place, f"{node.type} has no such parameter", suggest(param, names))
    return name, param


def param_names(graph: GraphData, catalog: Mapping[str, NodeSpec], node: NodeData) -> list[str] | None:
    """The parameters of a node or group instance; ``None`` where its type is unknown."""
    if node.type.startswith(GROUP_PREFIX):
        group = graph.groups.get(node.type[len(GROUP_PREFIX) :])
        return list(group.params) if group is not None else None
    spec = catalog.get(node.type)
    return [param.name for param in spec.params] if spec is not None else None


def param_of(graph: GraphData, catalog: Mapping[str, NodeSpec], place: str) -> Param | None:
    """The declaration of ``node.param``, followed into groups where it is promoted."""
    found = find_param(graph, catalog, place)
    if isinstance(found, Problem):
        return None
    name, param = found
    node = graph.nodes[name]
    while node.type.startswith(GROUP_PREFIX):
        group = graph.groups.get(node.type[len(GROUP_PREFIX) :])
        if group is None or param not in group.params:
            return None
        inner, param = group.params[param]
        if inner not in group.nodes:
            return None
        node = group.nodes[inner]
    spec = catalog.get(node.type)
    return spec.param(param) if spec is not None else None


def from_text(param: Param | None, text: str, folder: Path | None = None) -> Any:
    """A value typed on a command line: JSON where the parameter is a number, flag or list, else as it is.

    ``folder``: relative paths are made absolute against it.
    """
    kind = param.kind if param is not None else ""
    if kind == "path":
        return str(((folder or Path.cwd()) / expanded(Path(text))).resolve()) if text else text
    if kind == "str":
        return text
    if kind == "choice" and param is not None and text in param.options:
        return text
    if kind == "paths":
        return [from_text(replace(param, kind="path"), part, folder) for part in text.split(",")]  # type: ignore[type-var]
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if kind in ("ints", "floats", "strs"):
        parts = text.split(",")
        if kind == "strs":
            return parts
        try:
            return [int(part) if kind == "ints" else float(part) for part in parts]
        except ValueError:
            return text
    return text
