from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from meshloom.graph_runtime.spec import NodeError, Range, node
from meshloom.graph_runtime.types import Image


@node("Take", aliases=("slice", "subset", "every nth", "range", "reverse"))
def take(
    images: Sequence[Image], start: int = 0, stop: int | None = None, step: Annotated[int, Range(1)] = 1
) -> list[Image]:
    """Take some pictures of a list, as Python slices do.

    start: the first, counted from 0; negative counts from the end
    stop: the one before which to end; empty = the end of the list; negative counts from the end
    step: 2 takes every second
    """
    taken = list(images[start:stop:step])
    if not taken:
        end = "the end" if stop is None else stop
        raise NodeError(
            f"{start} to {end} is nothing of a list of {len(images)} pictures",
            hint="choose a range that holds at least one",
        )
    return taken
