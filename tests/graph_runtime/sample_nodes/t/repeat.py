from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import Image


@node("Repeat")
def repeat(image: Image, times: int = 2) -> list[Image]:
    """A picture several times."""
    return [image] * times
