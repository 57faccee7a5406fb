"""Nodes that are edited in the viewport: what it shows for them, and the tool that edits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from meshloom.graph_runtime import types
from meshloom.graph_runtime.document import Document
from meshloom.graph_runtime.graph import GROUP_PREFIX
from meshloom.ui.canvas.scopes import place_of, title_at
from meshloom.ui.window.document_tab import DocumentTab

if TYPE_CHECKING:
    from meshloom.ui.viewport.tool import Tool
    from meshloom.ui.viewport.viewport import Viewport

#: What keyframes are set before.
_SCENES = (types.Splats, types.Mesh, types.PointCloud)
#: Of nodes that crop: the input that they cut. Of those with keyframes: the cameras that these may name.
_CROPS = {"splats.crop": "splats", "cloud.crop": "points", "mesh.crop": "mesh"}
_KEYED = {"cameras.keyframes": "cameras"}


@dataclass(frozen=True)
class Stage:
    """A node and its scene. ``digest`` of the value to show, made by the node at path ``source``; both may be
    empty. ``named``: the digest of cameras that keyframes may name."""

    crops: bool
    scope: str
    name: str
    source: str = ""
    title: str = ""
    digest: str = ""
    named: str = ""


def stage_of(tab: DocumentTab, path: str) -> Stage | None:
    """What the viewport shows for a node that is edited there; ``None`` for other nodes."""
    document = tab.document.document
    place = place_of(document, path)
    if place is None:
        return None
    scope, name = place
    data = document.node(name, scope)
    above = path[: len(path) - len(name)]
    if data.type in _CROPS:
        source = ends(tab, scope, above, name, _CROPS[data.type])
        return Stage(True, scope, name, *next(source, ()))
    if data.type in _KEYED:
        scene: tuple[str, ...] = next(_scenes(tab, scope, above, name), ())
        cameras = next(ends(tab, scope, above, name, _KEYED[data.type]), ("", "", ""))
        return Stage(False, scope, name, *(scene or ("", "", "")), cameras[2])
    return None


def tool_for(stage: Stage, tab: DocumentTab, viewport: Viewport) -> Tool:
    """What edits the node of a stage."""
    from meshloom.ui.viewport.crop_tool import CropTool
    from meshloom.ui.viewport.keys_tool import KeysTool

    return (CropTool if stage.crops else KeysTool)(viewport, tab.document, stage.scope, stage.name)


def ends(tab: DocumentTab, scope: str, above: str, name: str, socket: str) -> Iterator[tuple[str, str, str]]:
    """(path, title, digest) of the finished result that is linked to a socket, if there is one."""
    document = tab.document.document
    found = maker(document, scope, above, name, socket)
    if found is None:
        return
    scope, path, output = found
    spec = document.specs.get(document.node(path.rpartition("/")[2], scope).type)
    outputs = tab.status(path).outputs
    for port, ref in zip(spec.outputs if spec is not None else (), outputs, strict=False):
        if port.name == output:
            digest: Any = ref[0] if isinstance(ref, tuple) and ref else ref
            yield path, title_at(document, path), digest if isinstance(digest, str) else ""


def maker(document: Document, scope: str, above: str, name: str, socket: str) -> tuple[str, str, str] | None:
    """(scope, path, output) of the node whose result comes to a socket, out of groups and into them."""
    link = document.node(name, scope).links.get(socket)
    while link is None:  # what comes to a group from outside
        outer = next(
            (outer for outer, fed in document.group(scope).inputs.items() if (name, socket) in fed), ""
        )
        place = place_of(document, above[:-1]) if outer and above else None
        if place is None:
            return None
        (scope, name), socket = place, outer
        above = above[: len(above) - len(name) - 1]
        link = document.node(name, scope).links.get(socket)
    node, output = link.node, link.output
    while (group := document.node(node, scope).type).startswith(GROUP_PREFIX):
        inside = group.removeprefix(GROUP_PREFIX)
        end = document.group(inside).outputs.get(output) if inside in document.scopes else None
        if end is None:
            return None
        scope, above, (node, output) = inside, f"{above}{node}/", end
    return scope, above + node, output


def _scenes(tab: DocumentTab, scope: str, above: str, name: str) -> Iterator[tuple[str, str, str]]:
    """What whoever films with the keyframes films; else what the cameras linked to them were made with."""
    document = tab.document.document
    takers = [taker for _output, taker, _socket in document.links_from(name, scope)]
    seen, waiting = set(takers), [*takers, name]
    while waiting:
        at = waiting.pop(0)
        for socket, link in document.node(at, scope).links.items():
            made = maker(document, scope, above, at, socket)
            spec = (
                document.specs.get(document.node(made[1].rpartition("/")[2], made[0]).type) if made else None
            )
            port = spec.output(made[2]) if spec is not None and made is not None else None
            if port is not None and port.wire.base in _SCENES:
                yield from (each for each in ends(tab, scope, above, at, socket) if each[2])
            if link.node not in seen and link.node != name:
                seen.add(link.node)
                waiting.append(link.node)
