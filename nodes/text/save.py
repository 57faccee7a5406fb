from __future__ import annotations

from meshloom.graph_runtime.formats.names import make_file, safe_name
from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import File, Text


@node("Save text", aliases=("write", "export words", "txt", "report"))
def save(text: Text, name: str = "text.txt") -> File:
    """Make a text file (UTF-8), delivered into the output folder.

    name: of the file; without an extension it is a .txt
    """
    name = safe_name(name, "text")
    return make_file(name if "." in name else f"{name}.txt", text.text.encode("utf-8", "replace"))
