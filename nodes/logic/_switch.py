"""What all switches share: a wire has one type, so there is one switch for each type."""

from __future__ import annotations

from typing import TypeVar

from meshloom.graph_runtime.spec import NodeError

T = TypeVar("T")


def taken(condition: bool = True) -> tuple[str]:
    """The name of the branch that a switch computes; the other one is never run."""
    return ("if_true",) if condition else ("if_false",)


def chosen(condition: bool, if_true: T | None, if_false: T | None) -> T:
    """What arrived on the branch that was taken. Raises where nothing is linked to it."""
    (name,) = taken(condition)
    value = if_true if condition else if_false
    if value is None:
        raise NodeError(
            f"the condition is {str(condition).lower()}, but nothing is linked to {name}",
            hint="link something to it, or change the condition",
        )
    return value
