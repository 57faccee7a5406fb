import numpy as np

from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import File


@node("Files")
def files(names: tuple[str, ...] = ("a.bin",), content: str = "x") -> list[File]:
    """Files of any names and content."""
    return [File(name, np.frombuffer(content.encode(), np.uint8)) for name in names]
