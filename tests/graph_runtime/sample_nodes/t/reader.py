from pathlib import Path
from typing import Annotated

from meshloom.graph_runtime.spec import OpenFile, node


@node("Reader")
def reader(file: Annotated[Path, OpenFile()] = Path()) -> str:
    """The text of a file."""
    return file.read_text()
