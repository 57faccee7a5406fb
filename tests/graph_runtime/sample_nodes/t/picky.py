from meshloom.graph_runtime.spec import NodeError, node
from meshloom.graph_runtime.types import Image


@node("Picky")
def picky(image: Image, refuse: float = -1.0) -> Image:
    """Refuse pictures of one level."""
    if float(image.pixels.flat[0]) == refuse:
        raise NodeError("this picture is refused", "use another")
    return image
