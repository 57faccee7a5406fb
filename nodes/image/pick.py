from __future__ import annotations

from collections.abc import Sequence

from meshloom.graph_runtime.spec import NodeError, node
from meshloom.graph_runtime.types import Image


@node("Pick", aliases=("index", "select", "get item", "nth"))
def pick(images: Sequence[Image], index: int = 0) -> Image:
    """Take one picture of a list.

    index: counted from 0; negative counts from the end, -1 is the last
    """
    if not -len(images) <= index < len(images):
        raise NodeError(
            f"there is no picture {index} in a list of {len(images)}",
            hint=f"choose {-len(images)} to {len(images) - 1}" if images else "the list is empty",
        )
    return images[index]
