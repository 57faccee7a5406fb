"""What is told of an exception that ended a node: in plain words, with what to do about it."""

from __future__ import annotations

import traceback

from meshloom.graph_runtime.errors import MeshloomError
from meshloom.graph_runtime.events import NodeFailed
from meshloom.graph_runtime.plan import PlanNode


def failure(node: PlanNode, error: BaseException) -> NodeFailed:
    """The event of ``node`` failing with ``error``."""
    details = "".join(traceback.format_exception(error))
    if isinstance(error, MeshloomError):
        return NodeFailed(node.name, error.message, error.hint, details)
    if isinstance(error, MemoryError):
        hint = "use smaller inputs (max_side, fewer items), or close other programs"
        return NodeFailed(node.name, "ran out of memory", hint, details)
    if isinstance(error, ValueError) and "read-only" in str(error):
        hint = f"a node must not modify its inputs: {node.spec.id} has a fault; report it to its author"
        return NodeFailed(node.name, "tried to modify one of its inputs", hint, details)
    hint = f"this is a fault in {node.spec.id}; run with --traceback to see where"
    return NodeFailed(node.name, f"{type(error).__name__}: {error}", hint, details)
