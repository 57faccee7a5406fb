"""Where one node stands in a run."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from meshloom.graph_runtime.disk import Record, Ref
from meshloom.graph_runtime.errors import MeshloomError
from meshloom.graph_runtime.lookup import digests, node_key
from meshloom.graph_runtime.plan import PlanNode, Source

IDLE, WAITING, READY, DONE, FAILED, SKIPPED = range(6)


@dataclass(slots=True)
class NodeState:
    """How far a node is, what it waits for, and what it has so far."""

    node: PlanNode
    status: int = IDLE
    waiting: int = 0
    waiters: list[str] = field(default_factory=list)
    asked: bool = False  # what a lazy node needs has been asked
    wanted: list[tuple[str, Source]] = field(default_factory=list)  # its inputs, in key order
    inputs: dict[str, Ref] = field(default_factory=dict)
    keys: list[str | None] = field(default_factory=list)  # one per item; a single one when not per item
    results: list[Record | None] = field(default_factory=list)
    left: int = 0
    fresh: list[Record] = field(default_factory=list)
    parked: list[int] = field(default_factory=list)
    heals: int = 0
    uses: int = 0
    refs: tuple[Ref, ...] = ()
    announced: bool = False
    computed: int = 0
    seconds: float = 0.0
    peak: int = 0
    counts: dict[str, list[int]] = field(default_factory=dict)
    forced: bool = False

    def count(self) -> int:
        """How many items it runs for, once its inputs are there."""
        if not self.node.many:
            return 1
        lengths = {socket: len(self.inputs[socket]) for socket, source in self.wanted if source.each}
        if len(set(lengths.values())) > 1:
            said = ", ".join(f"{socket} has {length}" for socket, length in sorted(lengths.items()))
            raise MeshloomError(
                f"cannot pair the items of its lists: {said}", "give lists of the same length, or one value"
            )
        return next(iter(lengths.values()), 1)

    def key(self, item: int) -> str | None:
        """The key of an item's result; ``None`` where results are not reused."""
        if not self.node.spec.cacheable:
            return None
        return node_key(self.node, self.inputs, item)

    def holding(self, gone: Collection[str]) -> list[int]:
        """The items whose results hold a value among these digests."""
        return [
            item
            for item, record in enumerate(self.results)
            if record is not None and any(name in gone for ref in record.outputs for name in digests(ref))
        ]
