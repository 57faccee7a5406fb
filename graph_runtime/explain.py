"""Why each node of a plan will run or be reused, told without running anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from meshloom.graph_runtime.cache import Cache
from meshloom.graph_runtime.disk import Latest, Ref
from meshloom.graph_runtime.keys import why
from meshloom.graph_runtime.lookup import is_lazy, joined_outputs, node_key, recipe, value_of
from meshloom.graph_runtime.plan import Plan, PlanNode


@dataclass
class Explanation:
    """What would happen to a node.

    ``verdict``: reused, runs, depends (on results not there yet) or unneeded (nothing that runs asks for it).
    """

    verdict: str
    reason: str
    seconds: float = 0.0
    made: float = 0.0
    #: Of a node that would be reused: the digests of its outputs.
    outputs: tuple[Ref, ...] = ()


def explain(plan: Plan, cache: Cache, before: Mapping[str, Latest]) -> dict[str, Explanation]:
    """For each node of ``plan``, in its order."""
    known: dict[str, tuple[Ref, ...]] = {}
    told: dict[str, Explanation] = {}
    takes: dict[str, list[str] | None] = {}
    for name, node in plan.nodes.items():
        takes[name] = _taken(node, cache, known)
        told[name] = _one(node, cache, before.get(name), known, takes[name])
    for name in told.keys() - _needed(plan, takes):
        told[name] = Explanation("unneeded", "no node that runs asks for it")
    return told


def _needed(plan: Plan, takes: Mapping[str, list[str] | None]) -> set[str]:
    """The targets and all that they take, or may take."""
    needed: set[str] = set()
    waiting = list(plan.targets)
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            sources, taken = plan.nodes[name].sources, takes[name]
            waiting += [sources[socket].node for socket in (sources if taken is None else taken)]
    return needed


def _one(
    node: PlanNode,
    cache: Cache,
    last: Latest | None,
    known: dict[str, tuple[Ref, ...]],
    taken: list[str] | None,
) -> Explanation:
    if not node.spec.cacheable:
        return Explanation("runs", "it is declared to run each time")
    if taken is None:
        return Explanation("depends", "it chooses among its inputs while running")
    inputs: dict[str, Ref] = {}
    for socket in taken:
        source = node.sources[socket]
        if source.node not in known:
            return Explanation("depends", f"{source.node} will run first, and its result may change")
        inputs[socket] = known[source.node][source.index]
    records = [cache.record(key) for key in _keys(node, inputs)]
    found = [record for record in records if record is not None]
    if len(found) == len(records):
        known[node.name] = joined_outputs(node, found)
        seconds = sum(record.seconds for record in found)
        made = max((record.made for record in found), default=0.0)
        return Explanation("reused", "the same work was done before", seconds, made, known[node.name])
    if found:
        return Explanation("runs", f"{len(records) - len(found)} of {len(records)} items are new")
    return Explanation("runs", why(last.recipe if last is not None else None, recipe(node, inputs)))


def _keys(node: PlanNode, inputs: Mapping[str, Ref]) -> list[str]:
    count = 1
    if node.many:
        count = min((len(inputs[socket]) for socket in inputs if node.sources[socket].each), default=1)
    return [node_key(node, inputs, item) for item in range(count)]


def _taken(node: PlanNode, cache: Cache, known: Mapping[str, tuple[Ref, ...]]) -> list[str] | None:
    """The inputs that enter, sorted; ``None`` where a node that chooses cannot be asked yet."""
    needs = node.spec.needs
    if needs is None:
        return sorted(node.sources)
    lazy = {socket for socket in node.sources if is_lazy(node, socket)}
    eager = sorted(node.sources.keys() - lazy)
    if any(node.sources[socket].node not in known for socket in eager):
        return None
    try:
        sources = {socket: node.sources[socket] for socket in eager}
        values = {
            socket: value_of(cache, source, known[source.node][source.index], None)
            for socket, source in sources.items()
        }
        return sorted({*eager, *(lazy & set(needs(**node.params, **values)))})
    except Exception:  # a value gone, a fault in the node: running will tell
        return None
