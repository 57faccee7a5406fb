"""What a list of nodes shows, without importing two hundred files: remembered per file by size and time."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from meshloom.graph_runtime.catalog import Catalog


@dataclass(frozen=True)
class Listing:
    """One line of a node list or palette."""

    id: str
    title: str
    summary: str
    aliases: tuple[str, ...] = ()

    def matches(self, words: str) -> bool:
        """Whether every word occurs somewhere in what is said of the node."""
        said = f"{self.id} {self.title} {self.summary} {' '.join(self.aliases)}".lower()
        return all(word in said for word in words.lower().split())


def listings(catalog: Catalog, folder: Path) -> list[Listing]:
    """Every node in the order of ids. ``folder``: where the index is kept (a lost one is made again)."""
    index = folder / "nodes.json"
    known = _read(index)
    fresh: dict[str, Any] = {}
    found: list[Listing] = []
    for node_id, file in catalog.files():
        try:
            stat = file.stat()
        except OSError:  # deleted a moment ago
            continue
        mark = f"{file}:{stat.st_mtime_ns}:{stat.st_size}"
        held = known.get(node_id)
        if isinstance(held, dict) and held.get("mark") == mark:
            listing = Listing(node_id, str(held["title"]), str(held["summary"]), tuple(held["aliases"]))
        else:
            spec = catalog.get(node_id)
            if spec is None:  # it is among the catalogue's problems now
                continue
            listing = Listing(node_id, spec.title, spec.summary, spec.aliases)
        found.append(listing)
        fresh[node_id] = {**asdict(listing), "mark": mark}
    if fresh != known:
        _write(index, fresh)
    return found


def _read(index: Path) -> dict[str, Any]:
    try:
        held = json.loads(index.read_bytes())
        complete = all(
            {"mark", "title", "summary", "aliases"} <= set(entry) and isinstance(entry["aliases"], list)
            for entry in held.values()
        )
        return held if complete else {}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _write(index: Path, entries: dict[str, Any]) -> None:
    aside = index.with_name(f".nodes.{os.getpid()}.part")
    try:
        index.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(json.dumps(entries))
        aside.replace(index)
    except OSError:  # a read-only cache only costs the time
        with contextlib.suppress(OSError):
            aside.unlink()
