"""A node whose parameters are edited in the viewport."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshloom.graph_runtime.edits import Batch, Set
from meshloom.graph_runtime.graph import NodeData
from meshloom.ui.document import OpenDocument
from meshloom.ui.locks import is_locked
from meshloom.ui.promoted import is_promoted


class EditedNode:
    """The node ``name`` in a scope of a document; it may be removed and come back."""

    def __init__(self, document: OpenDocument, scope: str, name: str) -> None:
        self.document, self.scope, self.name = document, scope, name

    @property
    def is_there(self) -> bool:
        """Whether the document has the node."""
        held = self.document.document
        return self.scope in held.scopes and self.name in held.names(self.scope)

    @property
    def data(self) -> NodeData:
        """What the document holds of it."""
        return self.document.document.node(self.name, self.scope)

    def value(self, param: str) -> Any:
        """Of a parameter; ``None`` if the node has none of that name."""
        data = self.data
        spec = self.document.specs.get(data.type)
        known = spec.param(param) if spec is not None else None
        return data.params.get(param, known.default) if known is not None else None

    def is_decided(self, param: str) -> bool:
        """Whether something outside decides a parameter, a link or the group around: only a run knows its value."""
        if param in self.data.links:
            return True
        if not self.scope:
            return False
        held, end = self.document.document, (self.name, param)
        fed = any(end in ends for ends in held.group(self.scope).inputs.values())
        return fed or is_promoted(held, self.scope, self.name, param)

    def is_fast(self, param: str) -> bool:
        """Whether a parameter must not be changed here: a link, a lock or the group around decides it."""
        return self.is_decided(param) or is_locked(self.document.document, self.scope, self.name, param)

    def write(self, values: Mapping[str, Any], words: str, merge: str = "") -> bool:
        """Set those parameters that are others now, as one step; whether there were any, and they were taken."""
        edits = tuple(
            Set(self.name, param, value, self.scope)
            for param, value in values.items()
            if self.value(param) != value
        )
        return bool(edits) and self.document.do(Batch(edits, words), merge=merge)
