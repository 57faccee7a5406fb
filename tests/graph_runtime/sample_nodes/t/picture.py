import numpy as np

from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import Image


@node("Picture")
def picture(side: int = 8, level: float = 0.5) -> Image:
    """A flat float picture."""
    return Image(np.full((side, side, 3), level, np.float32))
