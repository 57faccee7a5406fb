from collections.abc import Sequence

from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import Image


@node("Mean")
def mean(images: Sequence[Image]) -> float:
    """The mean level of several pictures."""
    return float(sum(image.pixels.mean() for image in images) / len(images))
