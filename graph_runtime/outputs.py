"""What a node returned, held against what its spec says it returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from meshloom.graph_runtime.spec import NodeSpec, Port


def returned(spec: NodeSpec, result: Any) -> tuple[Any, ...]:
    """The outputs in ``result``, each checked against its declared type.

    Raises ``TypeError`` naming the output: the fault lies with the node, so it must not surface in the next.
    """
    if len(spec.outputs) == 1 and not (isinstance(result, tuple) and hasattr(result, "_fields")):
        result = (result,)
    if not isinstance(result, tuple) or len(result) != len(spec.outputs):
        got = type(result).__name__
        raise TypeError(f"returned {got}; expected {', '.join(port.name for port in spec.outputs)}")
    for port, item in zip(spec.outputs, result, strict=True):
        _check_returned(port, item)
    return result


def _check_returned(port: Port, item: Any) -> None:
    if not port.wire.many:
        if type(item) is not port.wire.base:
            raise TypeError(f"output {port.name} is {type(item).__name__}; expected {port.wire.name}")
        return
    if not isinstance(item, Sequence) or isinstance(item, str):
        raise TypeError(f"output {port.name} is {type(item).__name__}; expected {port.wire.name}")
    for index, part in enumerate(item):
        if type(part) is not port.wire.base:
            raise TypeError(
                f"output {port.name}[{index}] is {type(part).__name__}; expected {port.wire.base.__name__}"
            )
