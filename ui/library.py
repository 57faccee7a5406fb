"""What the user keeps for use in other graphs: groups as nodes of their own, and sets of a node's parameters."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from meshloom.graph_runtime.graph import GraphData
from meshloom.graph_runtime.listing import Listing
from meshloom.graph_runtime.preset import dump, parse
from meshloom.ui.settings import data_folder
from meshloom.ui.words import _

#: How the palette names a kept group.
PREFIX = "kept:"


class Library:
    """Files in the user's data folder: one a group, one for all sets of parameters."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or data_folder() / "library"

    # ---------------------------------------------------------------------------------------------- groups

    def keep_group(self, graph: GraphData, name: str) -> Path:
        """Keep a graph that is one instance of a group, under a name. Raises ``OSError``."""
        folder = self.folder / "groups"
        folder.mkdir(parents=True, exist_ok=True)
        stem = re.sub(r"[^\w -]", "_", name).strip() or "group"
        file = folder / f"{stem}.json"
        aside = file.with_suffix(".part")
        aside.write_text(dump(graph), encoding="utf-8")
        aside.replace(file)
        return file

    def groups(self) -> list[Listing]:
        """The kept groups, for the palette."""
        folder = self.folder / "groups"
        files = sorted(folder.glob("*.json")) if folder.is_dir() else []
        return [
            Listing(PREFIX + file.stem, file.stem, _("A group that you kept."), ("group",)) for file in files
        ]

    def group(self, name: str) -> GraphData:
        """The graph of a kept group. Raises :class:`MeshloomError` or ``OSError``."""
        file = self.folder / "groups" / f"{name.removeprefix(PREFIX)}.json"
        return parse(file.read_bytes(), file.name)

    def forget_group(self, name: str) -> None:
        with contextlib.suppress(OSError):
            (self.folder / "groups" / f"{name.removeprefix(PREFIX)}.json").unlink()

    # ------------------------------------------------------------------------------------ sets of parameters

    def _sets_file(self) -> Path:
        return self.folder / "parameters.json"

    def _sets(self) -> dict[str, dict[str, dict[str, Any]]]:
        try:
            held = json.loads(self._sets_file().read_bytes())
        except (OSError, ValueError):
            return {}
        if not isinstance(held, dict):
            return {}
        return {
            str(type_): {str(name): params for name, params in sets.items() if isinstance(params, dict)}
            for type_, sets in held.items()
            if isinstance(sets, dict)
        }

    def sets(self, type_: str) -> dict[str, dict[str, Any]]:
        """The named sets of parameters kept for a type of node."""
        return self._sets().get(type_, {})

    def keep_set(self, type_: str, name: str, params: Mapping[str, Any] | None) -> None:
        """Keep the parameters of a node under a name; ``None`` forgets them. Raises ``OSError``."""
        held = self._sets()
        mine = held.setdefault(type_, {})
        mine.pop(name, None)
        if params is not None:
            mine[name] = {
                key: str(value) if isinstance(value, Path) else value for key, value in params.items()
            }
        self.folder.mkdir(parents=True, exist_ok=True)
        aside = self._sets_file().with_name(f".parameters.{os.getpid()}.part")
        aside.write_text(json.dumps(held, indent=1, ensure_ascii=False), encoding="utf-8")
        aside.replace(self._sets_file())
