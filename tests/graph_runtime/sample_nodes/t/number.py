from meshloom.graph_runtime.spec import node


@node("Number")
def number(value: int = 0) -> int:
    """A number."""
    return value
