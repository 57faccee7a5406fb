from meshloom.graph_runtime.spec import node


@node("Parity")
def parity(a: int) -> int:
    """0 for even, 1 for odd: many inputs give the same result."""
    return a % 2
