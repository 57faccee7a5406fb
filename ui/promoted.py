"""Parameters of a node as the editor shows them: its own, or for a group those promoted from inside."""

from __future__ import annotations

from dataclasses import replace

from meshloom.graph_runtime.document import Document
from meshloom.graph_runtime.edits import Group
from meshloom.graph_runtime.graph import GROUP_PREFIX, NodeData
from meshloom.graph_runtime.spec import Param

#: Groups nest no deeper than this.
_DEEPEST = 32


def params_of(document: Document, data: NodeData) -> list[Param]:
    """The parameters of a node; of a group's instance those that it promotes, with what is set inside as default."""
    spec = document.specs.get(data.type)
    if spec is not None:
        return list(spec.params)
    group = data.type.removeprefix(GROUP_PREFIX)
    if group == data.type or group not in document.scopes:
        return []
    found = (_inner(document, group, name) for name in document.group(group).params)
    return [param for param in found if param is not None]


def _inner(document: Document, group: str, name: str) -> Param | None:
    outer = name
    for _depth in range(_DEEPEST):
        held = document.group(group)
        if name not in held.params:
            return None
        node, param = held.params[name]
        if node not in held.nodes:
            return None
        data = held.nodes[node]
        spec = document.specs.get(data.type)
        if spec is not None:
            found = spec.param(param)
            if found is None:
                return None
            return replace(found, name=outer, default=data.params.get(param, found.default))
        group, name = data.type.removeprefix(GROUP_PREFIX), param
        if group not in document.scopes:
            return None
    return None


def is_promoted(document: Document, scope: str, node: str, param: str) -> bool:
    """Whether a parameter of a node inside a group is one of the group's own."""
    return (node, param) in document.group(scope).params.values()


def toggled(document: Document, scope: str, node: str, param: str) -> Group:
    """The edit that makes a parameter of a node inside a group one of the group's, or no longer."""
    held = document.group(scope)
    params = {name: end for name, end in held.params.items() if end != (node, param)}
    if len(params) == len(held.params):
        name = param
        if name in params or name in held.inputs:
            name = f"{node}_{param}"
        params[name] = (node, param)
    return Group(scope, replace(held, nodes={}, view={}, params=params))
