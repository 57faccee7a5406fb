from meshloom.graph_runtime.spec import node


@node("Add", was=("t.plus",))
def add(a: int, b: int, plus: int = 0) -> int:
    """The sum of two numbers and a constant."""
    return a + b + plus
