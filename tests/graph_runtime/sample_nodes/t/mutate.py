from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import Image


@node("Mutate")
def mutate(image: Image) -> Image:
    """Change the input in place, which no node may."""
    image.pixels[0] = 0
    return image
