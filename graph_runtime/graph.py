"""A graph as plain data: what the document snapshots, a workflow file holds, and the plan reads.

Nothing here knows how a graph is edited or run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: A node whose type starts with this is an instance of the group named after it.
GROUP_PREFIX = "group:"

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
