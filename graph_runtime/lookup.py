"""A node of a plan against the content of its inputs: its key, its recipe, its outputs from records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from meshloom.graph_runtime.cache import Cache, Items
from meshloom.graph_runtime.codecs import digest_of
from meshloom.graph_runtime.disk import Record, Ref
from meshloom.graph_runtime.keys import key
from meshloom.graph_runtime.plan import PlanNode, Source


def node_key(node: PlanNode, inputs: Mapping[str, Ref], item: int) -> str:
    """The key of a node, or of one item of it where it runs per item. ``inputs``: in the order of names."""
    parts: list[tuple[str, Ref]] = []
    for socket, ref in inputs.items():
        source = node.sources[socket]
        if source.each:
            ref = ref[item]
        elif source.wrap and isinstance(ref, str):
            ref = (ref,)
        if source.convert is not None:
            socket = f"{socket}<{source.convert.__name__}"
        parts.append((socket, ref))
    return key(node.static, parts)


def recipe(node: PlanNode, inputs: Mapping[str, Ref]) -> dict[str, Any]:
    """What a node is made of, for telling later what changed."""
    said = {socket: ref if isinstance(ref, str) else digest_of(ref) for socket, ref in inputs.items()}
    return {**node.static.recipe, "inputs": said}


def joined_outputs(node: PlanNode, records: Sequence[Record]) -> tuple[Ref, ...]:
    """The outputs of a node from its records: one, or one per item, joined into lists."""
    if not node.many:
        return records[0].outputs
    return tuple(
        tuple(name for record in records for name in digests(record.outputs[index]))
        for index in range(len(node.spec.outputs))
    )


def digests(ref: Ref) -> tuple[str, ...]:
    """The digests in an output, be it one value or a list."""
    return (ref,) if isinstance(ref, str) else ref


def value_of(cache: Cache, source: Source, ref: Ref, item: int | None) -> Any:
    """What an input is handed: the value, the list, the item of it, or the value as a list of one.

    Raises :class:`~meshloom.graph_runtime.cache.Missing`, and whatever a conversion raises.
    """
    if source.each and item is not None:
        ref = ref[item]
    convert = source.convert
    if isinstance(ref, str):
        value = cache.load(ref)
        if convert is not None:
            value = convert(value)
        return (value,) if source.wrap else value
    items = Items(cache, ref)
    return items if convert is None else tuple(convert(value) for value in items)


def is_lazy(node: PlanNode, socket: str) -> bool:
    """Whether an input is computed only when the node asks for it."""
    port = node.spec.input(socket)
    return port is not None and port.lazy
