from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import Table


@node("Odd table")
def odd_table() -> Table:
    """Numbers that JSON has no word for."""
    return Table(("name", "number"), (("inf", float("inf")), ("nan", float("nan")), ("none", None)))
