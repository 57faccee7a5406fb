"""The cameras of the photos that splats were made from, found in the graph."""

from __future__ import annotations

from collections.abc import Iterator

from meshloom.graph_runtime import types
from meshloom.ui.canvas.scopes import place_of
from meshloom.ui.window.document_tab import DocumentTab
from meshloom.ui.window.staging import ends, maker

#: After these, a scene is not where its cameras saw it.
_MOVES = {"splats.transform"}


def cameras_of(tab: DocumentTab, path: str) -> str:
    """The digest of the cameras that belong to the splats that a node gives; empty when there are none.

    Those that a node gives or takes beside them; else those of the node that it has its splats from.
    """
    return next((digest for digest in _found(tab, path) if digest), "")


def _found(tab: DocumentTab, path: str) -> Iterator[str]:
    document = tab.document.document
    waiting, seen = [path], set()
    while waiting:
        path = waiting.pop(0)
        place = place_of(document, path)
        if place is None or path in seen:
            continue
        seen.add(path)
        scope, name = place
        kind = document.node(name, scope).type
        spec = document.specs.get(kind)
        if spec is None:
            continue
        for port, ref in zip(spec.outputs, tab.status(path).outputs, strict=False):
            if port.wire.base is types.Cameras and isinstance(ref, str):
                yield ref
        if kind in _MOVES:
            return
        above = path[: len(path) - len(name)]
        for port in spec.inputs:
            if port.wire.base is types.Cameras:
                yield from (digest for _path, _title, digest in ends(tab, scope, above, name, port.name))
            elif port.wire.base is types.Splats:
                made = maker(document, scope, above, name, port.name)
                waiting += [made[1]] if made is not None else []
