from meshloom.graph_runtime.spec import node


@node("Wrong type")
def wrong_type(a: int) -> int:
    """Return what was not declared."""
    return str(a)  # type: ignore[return-value]
