"""What a run came to."""

from __future__ import annotations

from dataclasses import dataclass, field

from meshloom.graph_runtime.disk import Ref
from meshloom.graph_runtime.events import NodeDone, NodeFailed, Warned


@dataclass
class Outcome:
    """What a run came to. ``outputs``: of every node that has them. ``done``: the event of each such node."""

    status: str = "done"
    outputs: dict[str, tuple[Ref, ...]] = field(default_factory=dict)
    done: dict[str, NodeDone] = field(default_factory=dict)
    failed: dict[str, NodeFailed] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    warnings: list[Warned] = field(default_factory=list)
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    seconds: float = 0.0
    peak_bytes: int = 0
    #: The content of the inputs of each finished node.
    inputs: dict[str, dict[str, Ref]] = field(default_factory=dict)
    #: Outputs of targets, which stay in memory until ``Cache.let_go`` is called on each.
    kept: list[Ref] = field(default_factory=list)
    #: Nodes still running when a cancel was answered.
    abandoned: list[str] = field(default_factory=list)

    @property
    def computed(self) -> int:
        """How many nodes computed anything."""
        return sum(1 for event in self.done.values() if event.computed)
