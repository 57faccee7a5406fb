"""Parameters that are locked against change by accident. Kept in the document's extras by scope."""

from __future__ import annotations

from collections.abc import Mapping

from meshloom.graph_runtime.document import Document
from meshloom.graph_runtime.edits import Extra


def _held(document: Document) -> dict[str, list[str]]:
    found = document.extras.get("locks", {})
    if not isinstance(found, Mapping):
        return {}
    return {
        str(scope): [str(each) for each in listed]
        for scope, listed in found.items()
        if isinstance(listed, (list, tuple))
    }


def is_locked(document: Document, scope: str, node: str, param: str) -> bool:
    """Whether a parameter of a node is locked."""
    return f"{node}.{param}" in _held(document).get(scope, ())


def lock_toggled(document: Document, scope: str, node: str, param: str) -> Extra:
    """The edit that locks a parameter, or lets it go."""
    held = _held(document)
    listed = held.setdefault(scope, [])
    place = f"{node}.{param}"
    listed.remove(place) if place in listed else listed.append(place)
    return Extra("locks", {scope: each for scope, each in held.items() if each} or None)
