from meshloom.graph_runtime.spec import NodeError, node
from meshloom.graph_runtime.types import Image


@node("GPU for each", gpu=True)
def gpu_each(image: Image, refuse: float = -1.0) -> Image:
    """Pass a picture through the accelerator, or refuse one level."""
    if float(image.pixels.flat[0]) == refuse:
        raise NodeError("the accelerator refuses this picture")
    return image.with_pixels(image.pixels * 2)
