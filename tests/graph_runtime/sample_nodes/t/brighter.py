import numpy as np

from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import Image


@node("Brighter")
def brighter(image: Image, by: float = 0.1) -> Image:
    """Add to every pixel."""
    return image.with_pixels((image.pixels + np.float32(by)).astype(np.float32))
