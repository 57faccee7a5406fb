from __future__ import annotations

from collections.abc import Sequence

from meshloom.graph_runtime.spec import NodeError, node
from meshloom.graph_runtime.types import Image


@node("Join", aliases=("append", "concatenate", "list", "collect"))
def join(
    first: Sequence[Image],
    second: Sequence[Image],
    third: Sequence[Image] | None = None,
    fourth: Sequence[Image] | None = None,
) -> list[Image]:
    """Make one list of several; a single picture counts as a list of one."""
    joined = [*first, *second, *(third or ()), *(fourth or ())]
    if not joined:
        raise NodeError("all of the lists are empty", hint="link at least one picture")
    return joined
