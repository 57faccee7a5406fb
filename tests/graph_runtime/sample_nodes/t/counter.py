import itertools

from meshloom.graph_runtime.spec import node

_counter = itertools.count()


@node("Counter", cacheable=False)
def counter(modulo: int = 1000000) -> int:
    """Another number each time."""
    return next(_counter) % modulo
