"""The scopes that paths lead to: each step is a node that stands for a group, in the scope of the one before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from meshloom.graph_runtime.document import ROOT, Document
from meshloom.graph_runtime.graph import GROUP_PREFIX
from meshloom.ui.words import _


def led_to(document: Document, instances: Iterable[str]) -> tuple[str, list[str]]:
    """The scope that these lead to, and those of them that were gone through: as far as they exist."""
    scope = ROOT
    reached: list[str] = []
    for name in instances:
        type_ = document.node(name, scope).type if name in document.names(scope) else ""
        inner = type_.removeprefix(GROUP_PREFIX)
        if inner == type_ or inner not in document.scopes:
            break
        scope = inner
        reached.append(name)
    return scope, reached


def titles(document: Document, instances: Sequence[str]) -> list[str]:
    """What each of these, which exist, is called."""
    found, scope = [], ROOT
    for name in instances:
        data = document.node(name, scope)
        scope = data.type.removeprefix(GROUP_PREFIX)
        found.append(data.title or scope)
    return found


def place_of(document: Document, path: str) -> tuple[str, str] | None:
    """(scope, name) of the node at a path through instances of groups."""
    scope, (*outer, name) = ROOT, path.split("/")
    for step in outer:
        if step not in document.names(scope):
            return None
        scope = document.node(step, scope).type.removeprefix(GROUP_PREFIX)
        if scope not in document.scopes:
            return None
    return (scope, name) if scope in document.scopes and name in document.names(scope) else None


def title_at(document: Document, path: str) -> str:
    """What a node at a path is called on the canvas; the path where there is none."""
    place = place_of(document, path)
    if place is None:
        return path
    data = document.node(place[1], place[0])
    spec = document.specs.get(data.type)
    return data.title or (_(spec.title) if spec is not None else place[1])
