import numpy as np

from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import Image


@node("Pictures")
def pictures(count: int = 3, first: int = 0) -> list[Image]:
    """Several flat pictures."""
    return [Image(np.full((4, 4, 1), index, np.float32)) for index in range(first, first + count)]
