"""Why each node of a plan will run or be reused, told without running anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from meshloom.graph_runtime.cache import Cache
from meshloom.graph_runtime.disk import Latest, Ref
from meshloom.graph_runtime.keys import why
from meshloom.graph_runtime.lookup import joined_outputs, node_key, recipe
from meshloom.graph_runtime.plan import Plan, PlanNode


@dataclass(frozen=True)
class Explanation:
    """What would happen to a node. ``verdict``: reused, runs, or depends (on results not there yet)."""

    verdict: str
    reason: str
    seconds: float = 0.0
    made: float = 0.0


def explain(plan: Plan, cache: Cache, before: Mapping[str, Latest]) -> dict[str, Explanation]:
    """For each node of ``plan``, in its order."""
    known: dict[str, tuple[Ref, ...]] = {}
    told: dict[str, Explanation] = {}
    for name, node in plan.nodes.items():
        missing = [source.node for source in node.sources.values() if source.node not in known]
        if node.spec.needs is not None or not missing:
            told[name] = _one(node, cache, before.get(name), known, missing)
        else:
            told[name] = Explanation("depends", f"{missing[0]} will run first, and its result may change")
    return told


def _one(
    node: PlanNode,
    cache: Cache,
    last: Latest | None,
    known: dict[str, tuple[Ref, ...]],
    missing: list[str],
) -> Explanation:
    if not node.spec.cacheable:
        return Explanation("runs", "it is declared to run each time")
    if missing or node.spec.needs is not None:
        return Explanation("depends", "it chooses among its inputs while running")
    inputs = {socket: known[source.node][source.index] for socket, source in sorted(node.sources.items())}
    records = [cache.record(key) for key in _keys(node, inputs)]
    found = [record for record in records if record is not None]
    if len(found) == len(records):
        known[node.name] = joined_outputs(node, found)
        seconds = sum(record.seconds for record in found)
        made = max((record.made for record in found), default=0.0)
        return Explanation("reused", "the same work was done before", seconds, made)
    if found:
        return Explanation("runs", f"{len(records) - len(found)} of {len(records)} items are new")
    return Explanation("runs", why(last.recipe if last is not None else None, recipe(node, inputs)))


def _keys(node: PlanNode, inputs: Mapping[str, Ref]) -> list[str]:
    count = 1
    if node.many:
        count = min(len(inputs[socket]) for socket, source in node.sources.items() if source.each)
    return [node_key(node, inputs, item) for item in range(count)]
