from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import Text


@node("Half a character")
def surrogate() -> Text:
    """Text that no encoding takes, as the name of a file may be."""
    return Text("half \udcff")
