"""A graph as plain data: what the document snapshots, a workflow file holds, and the plan reads.

Nothing here knows how a graph is edited or run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: A node whose type starts with this is an instance of the group named after it.
GROUP_PREFIX = "group:"

#: What a workflow file has a meaning for; any other name at its top is an extra.
TOP_FIELDS = frozenset({"meshloom", "nodes", "groups", "view"})

#: No node stands farther out than this.
FARTHEST = 1e9

#: Longer names of nodes and groups are refused: they become parts of file names and of paths.
MOST_NAME = 120

#: The parameters, links and flags of a node are kept apart from where it stands on the canvas.
Position = tuple[float, float]


@dataclass(frozen=True)
class Link:
    """Where an input gets its value: an output of another node of the same graph."""

    node: str
    output: str


@dataclass(frozen=True)
class NodeData:
    """One node. ``type`` is a catalogue id, or ``group:NAME``. ``version`` is that of its parameters.

    ``mute``: as if absent. ``bypass``: its inputs pass through to outputs of the same type.
    """

    type: str
    params: Mapping[str, Any] = field(default_factory=dict)
    links: Mapping[str, Link] = field(default_factory=dict)
    mute: bool = False
    bypass: bool = False
    version: int = 1
    title: str = ""


@dataclass(frozen=True)
class GroupData:
    """A subgraph used as a node. Its sockets and parameters name those of nodes inside.

    ``inputs``: outer name -> (node, input) it feeds, one or several. ``outputs``: outer name -> (node,
    output). ``params``: promoted parameters, outer name -> (node, parameter).
    """

    nodes: Mapping[str, NodeData] = field(default_factory=dict)
    inputs: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    outputs: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    params: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    view: Mapping[str, Position] = field(default_factory=dict)


@dataclass(frozen=True)
class GraphData:
    """A whole workflow. ``extras`` are frames, notes and pins: kept and saved, never computed with."""

    nodes: Mapping[str, NodeData] = field(default_factory=dict)
    groups: Mapping[str, GroupData] = field(default_factory=dict)
    view: Mapping[str, Position] = field(default_factory=dict)
    extras: Mapping[str, Any] = field(default_factory=dict)


def name_fault(name: str) -> str:
    """What is wrong with the name of a node or group; empty if nothing is."""
    if not name or "/" in name or "." in name or name != name.strip() or not name.isprintable():
        return "is empty or holds '/', '.', outer spaces or characters that cannot be printed"
    return f"is longer than {MOST_NAME} characters" if len(name) > MOST_NAME else ""


def check_storable(held: Any) -> None:
    """Raise ``ValueError`` unless ``held`` can stand in a workflow file: finite numbers, text, lists, objects."""
    try:
        json.dumps(held, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"cannot be stored in a workflow: {error}") from None
