"""Which node reads a file that is dropped on the canvas."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.spec import NodeSpec, OpenFile, OpenFolder
from meshloom.graph_runtime.types import Image, Splats

#: More than any node has kinds of files.
_LAST = 1000
#: Larger JSON files are taken for workflows without a look.
_MOST_JSON = 8_000_000


def loader_for(path: Path, catalog: Catalog) -> tuple[str, str] | None:
    """The node type and its parameter for a file or folder; ``None`` when nothing reads it."""
    wanted = OpenFolder if path.is_dir() else OpenFile
    best: tuple[int, str, str] | None = None
    for type_, spec in catalog.items():
        if spec.inputs:
            continue
        for param in spec.params:
            if not isinstance(param.hint, wanted):
                continue
            rank = _rank(path, spec, param.hint)
            if rank is not None and (best is None or rank < best[0]):
                best = (rank, type_, param.name)
    return best[1:] if best is not None else None


def loader_of_all(paths: Sequence[Path], catalog: Catalog) -> tuple[str, str] | None:
    """The node type and its parameter that takes all these files at once, as a list."""
    for type_, spec in catalog.items():
        for param in spec.params if not spec.inputs else ():
            hint = param.hint if param.kind == "paths" else None
            if isinstance(hint, OpenFile) and all(_rank(path, spec, hint) is not None for path in paths):
                return type_, param.name
    return None


def holds_cameras(path: Path) -> bool:
    """Whether a JSON file holds cameras (``transforms.json``) and no workflow."""
    try:
        if path.stat().st_size > _MOST_JSON:
            return False
        held = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(held, dict) and "frames" in held and "meshloom" not in held


def _rank(path: Path, spec: NodeSpec, hint: OpenFile | OpenFolder) -> int | None:
    """Smaller is better: how much else the node would take too."""
    if isinstance(hint, OpenFolder):
        return 0 if "photo" in spec.id else 1
    if not any(pattern != "*" and fnmatch(path.name.lower(), pattern.lower()) for pattern in hint.patterns):
        return None
    from meshloom.graph_runtime.formats.splats import holds_splats

    # Clouds and meshes come in such files too.
    if _gives(spec, Splats) and path.suffix.lower() in (".ply", ".glb", ".gltf"):
        return 0 if holds_splats(path) else 2 * _LAST
    # A picture is read as one: that it could hold depths or a mask is for the user to say.
    return len(hint.patterns) + (0 if _gives(spec, Image) else _LAST)


def _gives(spec: NodeSpec, base: type) -> bool:
    """Whether the first output of a node is of a type."""
    return bool(spec.outputs) and spec.outputs[0].wire.base is base
